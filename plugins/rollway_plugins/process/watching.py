"""Learning of a process's end at once."""

import asyncio
import os

from rollway_plugins.process import kernel
from rollway_plugins.process.kernel import Identity

_POLL = 0.25


async def until_gone(process: Identity) -> str:
    """Return when this process has ended, with how in words; these are empty if it was no child of this daemon."""
    while True:
        try:
            return await _gone(process)
        except OSError:  # no descriptor is left to look with: that says nothing of the process
            await asyncio.sleep(_POLL)


async def _gone(process: Identity) -> str:
    try:
        fd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return ""
    except OSError:  # an old kernel, a sandbox, no descriptors left
        return await _by_looking(process)
    try:
        if kernel.is_alive(process):
            await _readable(fd)
    finally:
        os.close(fd)
    return kernel.reap(process)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)


async def _by_looking(process: Identity) -> str:
    while kernel.is_alive(process):  # noqa: ASYNC110 - without a pidfd there is nothing to wait for
        await asyncio.sleep(_POLL)
    return kernel.reap(process)
