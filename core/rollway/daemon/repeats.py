"""A trouble that lasts is told once and again from time to time, not with every attempt: a full disk must not be filled by its log."""

import logging
from collections import OrderedDict

from structlog.contextvars import get_contextvars

AGAIN_AFTER = 30.0
MOST_KNOWN = 500

_Key = tuple[object, ...]


class Repeats(logging.Filter):
    """Lets each warning or worse through once in AGAIN_AFTER seconds; what came in between is told as `repeated`."""

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[_Key, tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it. The clock is that of the records; one that was set back lets everything through."""
        if record.levelno < logging.WARNING:
            return True
        about = get_contextvars()
        key = (
            record.name,
            record.levelno,
            record.getMessage(),
            about.get("rollout"),
            about.get("environment"),
        )
        told, held_back = self._known.get(key, (float("-inf"), 0))
        if 0 <= record.created - told < AGAIN_AFTER:
            self._known[key] = (told, held_back + 1)
            return False
        self._known[key] = (record.created, 0)
        self._known.move_to_end(key)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        if held_back:
            record.__dict__["repeated"] = held_back
        return True
