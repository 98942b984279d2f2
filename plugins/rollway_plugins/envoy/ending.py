"""When an Envoy is gone, and how one is made to go."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence

from rollway_plugins.envoy.identity import Identity

KILLED = 10.0
"""Seconds that a killed Envoy may take until the kernel has let go of all it held."""


def alive(one: Identity) -> bool:
    """Whether it runs. Takes note of a child's end: mostly it is nobody's, but a daemon may be a container's init."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(one.pid, os.WNOHANG)
    return one.alive


async def end(ones: Sequence[Identity]) -> None:
    """End these and whatever they hold. Raises TimeoutError."""
    for one in ones:
        with contextlib.suppress(ProcessLookupError):
            if alive(one):
                os.kill(one.pid, signal.SIGKILL)
    async with asyncio.timeout(KILLED):
        for one in ones:
            await until_gone(one)


async def until_gone(one: Identity) -> None:
    """Wait until it has ended with all its threads, and with them let go of its ports."""
    try:
        handle = os.pidfd_open(one.pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):
        while alive(one):  # noqa: ASYNC110 - no pidfd on this machine
            await asyncio.sleep(0.2)
        return
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, gone.set)
    try:
        if one.exists:
            await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
