"""That nobody drives what is followed: no event tells it, so somebody has to look."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rollway.cli.output import say

if TYPE_CHECKING:
    from rollway.http.documents import RolloutDocument

LOOK_EVERY: Final = 3.0
"""Seconds between two looks; a daemon that is started again is there before two of them."""


def tell_problem(document: RolloutDocument) -> None:
    """Say that nobody drives a rollout, and what to do."""
    if document.problem:
        say("rollway: " + "; ".join(filter(None, (document.problem, document.advice))))


class Attention:
    """Says once that nobody drives a rollout, when two looks in a row have shown it, and once that somebody does again."""

    def __init__(self, look: Callable[[], RolloutDocument], first: RolloutDocument) -> None:
        self._look = look
        self._said = bool(first.problem)
        self._before = self._said
        self._next = time.monotonic() + LOOK_EVERY

    def __call__(self) -> None:
        """Nothing happens: look, if it is time."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_EVERY
            self.heard(self._look())

    def heard(self, document: RolloutDocument) -> None:
        """What a look has shown."""
        lost = bool(document.problem)
        if lost and self._before and not self._said:
            tell_problem(document)
            self._said = True
        elif self._said and not lost and document.daemon:
            say(f"rollway: it is driven again, by {document.daemon}")
            self._said = False
        self._before = lost
