"""The last token seen for each environment, kept in one file that is also the lock.

The file is written in place, one short line, so that it works on a full disk and a rename never parts file and lock.
A serial need not survive the machine: after a boot nothing of the old epoch runs; a new epoch is synced.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollway.api import StaleToken, Token
from rollway_plugins import locking


class Tokens:
    """The tokens of one node, in `folder`, one file per environment. Its methods block: call them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, place: str, token: Token) -> None:
        """Compare and remember. Raises StaleToken where it is lower than the last; PluginError as `held`."""
        with self._locked(place) as fd:
            last = _read(fd)
            if last is not None and token < last:
                raise _stale(place, token, last)
            if token != last:
                _write(fd, token, sync=last is None or token.epoch != last.epoch)

    @contextmanager
    def held(self, place: str, token: Token) -> Iterator[None]:
        """While this is open, no other writer begins. For an act that was checked and has taken some time since.

        Later acts of the same epoch may have gone by. Raises StaleToken where a new epoch has begun; PluginError as
        `locking.held`. One whose holder is stopped is taken over; what he has recorded and not begun to start is then
        dead by `adoption`, and not started when he goes on.
        """
        with self._locked(place) as fd:
            last = _read(fd)
            if last is not None and token.epoch < last.epoch:
                raise _stale(place, token, last)
            yield

    @contextmanager
    def _locked(self, place: str) -> Iterator[int]:
        self._folder.mkdir(parents=True, exist_ok=True)
        # names of applications and environments have no dot: the file name is unambiguous
        with locking.held(self._folder / place.replace("/", ".")) as fd:
            yield fd


def _stale(place: str, token: Token, last: Token) -> StaleToken:
    return StaleToken(
        f"{place}: this act's token ({token.epoch}, {token.serial}) is lower than the last seen "
        f"({last.epoch}, {last.serial}); another daemon or a later act has taken over"
    )


def _read(fd: int) -> Token | None:
    try:
        epoch, serial = os.pread(fd, 100, 0).split()
        return Token(int(epoch), int(serial))
    except ValueError:
        return None


def _write(fd: int, token: Token, *, sync: bool) -> None:
    os.pwrite(fd, b"%020d %020d\n" % (token.epoch, token.serial), 0)
    if sync:
        os.fsync(fd)
