"""A rollout followed event by event, over restarts of the daemon."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx

from rollway.client.transport import RETURN_AFTER, StillGoing, Transport
from rollway.errors import UnreachableError
from rollway.http.documents import EventDocument

LAST: Final = "RolloutEnded"
SILENCE: Final = 10.0
"""Seconds without a sign of life after which a stream counts as lost; the daemon gives one each second."""


@dataclass(slots=True)
class Follower:
    """Where a follower stands: the last event seen, since when the daemon has been silent, and until when to follow.

    `idle` is called with each sign of life of a stream in which nothing happens.
    """

    transport: Transport
    path: str
    after: int
    patience: float
    timeout: float | None
    idle: Callable[[], None] | None = None
    began: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    lost: float = 0.0

    def events(self) -> Iterator[EventDocument]:
        """The events as they come, until the last. Raises UnreachableError, StillGoing, NotFoundError."""
        while True:
            try:
                if (yield from self._connected()):
                    return
                error: Exception = ConnectionError("the stream ended early")
            except (httpx.TransportError, UnreachableError) as lost:
                error = lost
            self._check_time()
            if self._lost_for() > self.patience:
                raise self.transport.unreachable(error) from error
            time.sleep(min(RETURN_AFTER, self.patience))

    def _connected(self) -> Generator[EventDocument, None, bool]:
        """One connection; returns whether the rollout's log is over."""
        with self.transport.stream(self.path, str(self.after), self._silence()) as stream:
            if stream is None:
                return True
            for message in stream:
                self.heard = time.monotonic()
                if message.data:
                    event = EventDocument.model_validate_json(message.data)
                    self.after = event.seq
                    yield event
                    if event.type == LAST:
                        return True
                elif self.idle is not None:
                    self.idle()
                self._check_time()
        return False

    def _lost_for(self) -> float:
        """Seconds in which the daemon did not answer; those in which this process was stopped (Ctrl-Z) are not its fault."""
        now = time.monotonic()
        if self.lost < self.heard:
            self.lost = max(self.heard, now - SILENCE)
        return now - self.lost

    def _silence(self) -> float:
        left = SILENCE if self.timeout is None else self.began + self.timeout - time.monotonic()
        return max(0.05, min(SILENCE, left))

    def _check_time(self) -> None:
        if self.timeout is not None and time.monotonic() - self.began >= self.timeout:
            raise StillGoing(f"not over after {self.timeout:g} s; the rollout goes on")
