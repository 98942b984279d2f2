"""File descriptors kept for the one act that may not fail for want of one: taking a bad release back."""

import contextlib
import errno
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from rollway.api import PluginError

DESCRIPTORS = 4
"""More than a lowering has open at any moment: a lock, a file, a folder."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Reserve:
    """A few descriptors of nothing, given up to an act that finds no other."""

    def __init__(self) -> None:
        self._kept: list[int] = []
        self._fill()

    def last_resort(
        self, act: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        """Do it; once more with the descriptors of the reserve where there was none. Raises what it raises."""
        try:
            return act(*arguments, **named)
        except PluginError as error:
            if not _exhausted(error):
                raise
        self.close()
        try:
            return act(*arguments, **named)
        finally:
            self._fill()

    def close(self) -> None:
        """Give them up."""
        while self._kept:
            os.close(self._kept.pop())

    def _fill(self) -> None:
        with contextlib.suppress(OSError):  # whoever is short of them now may have one again the next time
            while len(self._kept) < DESCRIPTORS:
                self._kept.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))


def _exhausted(error: PluginError) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE)
