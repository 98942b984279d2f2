"""What happened in a world, line by line: to be read where it failed, and to be compared where it must be the same."""

import hashlib
import logging
from collections.abc import Callable

from rollway.store.protocol import StoreUnavailable


class Chronicle(logging.Handler):
    """Collects lines with virtual times; also, as a logging handler, what the engine says and what it did not foresee."""

    def __init__(self, now: Callable[[], float], life: Callable[[], str]) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.unforeseen: list[str] = []
        self._now = now
        self._life = life

    def say(self, who: str, what: str) -> None:
        """One more line."""
        self.lines.append(f"{self._now():9.3f}  {who:<12} {what}")

    def emit(self, record: logging.LogRecord) -> None:
        """What the engine logs stands among what happens to it."""
        message = record.getMessage()
        self.say(self._life() or "-", f"log: {message}")
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, StoreUnavailable):
            self.unforeseen.append(f"{message}: {type(error).__name__}: {error}")

    @property
    def digest(self) -> str:
        """The same for the same happenings in the same order."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
