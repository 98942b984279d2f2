"""Following a rollout to its end: live on a terminal, line by line elsewhere, silently for scripts."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollway.cli.exits import Exit, of_phase
from rollway.cli.output import emit, say
from rollway.cli.session import Session
from rollway.domain.words import Phase

if TYPE_CHECKING:
    from rollway.client import Client
    from rollway.http.documents import RolloutDocument


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to follow: `timeout` seconds in all (None: for ever), `patience` seconds without the daemon.

    With `no_wait` following ends where the rollout begins to wait for something outside.
    """

    timeout: float | None = None
    no_wait: bool = False
    patience: float = 15.0
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float | None:
        """The seconds that are left."""
        return None if self.timeout is None else max(0.0, self.began + self.timeout - time.monotonic())

    def check(self, document: RolloutDocument) -> None:
        """Raises StillGoing where following is over before the rollout is."""
        from rollway.client import StillGoing

        if self.no_wait and document.phase is Phase.PAUSED:
            raise StillGoing(f"it waits for {document.waiting_for}: {document.reason}")
        if self.left == 0:
            raise StillGoing(f"not over after {self.timeout:g} s; the rollout goes on")


def follow(session: Session, client: Client, document: RolloutDocument, pace: Pace) -> int:
    """Follow a rollout that a command started or met; the exit code by its end.

    A command that ended the rollout (`outcome`) has what it wanted when stable has all traffic again.
    """
    from rollway.client import StillGoing

    wanted_back = bool(document.outcome)
    code = Exit.STILL_GOING
    try:
        document = _to_the_end(session, client, document, pace)
        code = of_phase(document.phase)
    except StillGoing as error:
        say(f"rollway: {error}; {how_to_go_on(document)}")
        document = client.rollout(document.id)
    except KeyboardInterrupt:
        say(f"\nrollway: the rollout goes on; {how_to_go_on(document)}")
        return Exit.INTERRUPTED
    if not session.is_text:
        emit(session, document)
    if wanted_back and code in (Exit.ABORTED, Exit.ROLLED_BACK):
        return Exit.DONE
    return code


def how_to_go_on(document: RolloutDocument) -> str:
    """What to type to see it again, and to stop it."""
    return f"follow it: rollway watch {document.id}, stop it: rollway abort {document.id}"


def _to_the_end(session: Session, client: Client, document: RolloutDocument, pace: Pace) -> RolloutDocument:
    if session.is_text and sys.stdout.isatty():
        from rollway.cli.live import watch
        from rollway.cli.output import console

        return watch(client, document, pace, console())
    return _by_line(session, client, document, pace)


def _by_line(session: Session, client: Client, document: RolloutDocument, pace: Pace) -> RolloutDocument:
    from rollway.cli.lines import line
    from rollway.cli.plain import plain

    for event in client.follow(document.id, patience=pace.patience, timeout=pace.left):
        if session.is_text:
            sys.stdout.write(plain(line(event, document)) + "\n")
            sys.stdout.flush()
        if event.type in _WAITS:
            if not session.is_text:
                say(f"rollway: {plain(line(event, document))}; {how_to_go_on(document)}")
            pace.check(client.rollout(document.id))
    return client.rollout(document.id)


_WAITS = frozenset({"EvidenceAwaited", "PauseRequested"})
