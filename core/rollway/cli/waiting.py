"""What a follower says of a rollout that goes on without it, or that waits for somebody: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollway.http.documents import RolloutDocument


def waits(document: RolloutDocument) -> str:
    """For whom it waits, and for what."""
    if document.waiting_for == "person":
        return f"it waits for a person: {document.reason or 'somebody paused it'}"
    if document.waiting_for == "evidence":
        return f"it waits for evidence: {document.reason}"
    return f"it waits for {document.waiting_for or 'something outside'}: {document.reason}"


def how_to_go_on(document: RolloutDocument) -> str:
    """What to type: to let go what waits, or to see it again, and to stop it."""
    id_ = document.id
    choices = {
        "person": [("let it go on", "resume")],
        "evidence": [("go on without it", "promote"), ("observe anew", "resume")],
    }.get(document.waiting_for or "", [("follow it", "watch")])
    return ", ".join(f"{what}: rollway {verb} {id_}" for what, verb in [*choices, ("stop it", "abort")])
