"""Ending an instance with all its processes."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

from rollway.api import PluginError
from rollway_plugins.process import kernel
from rollway_plugins.process.kernel import Status
from rollway_plugins.process.known import Known
from rollway_plugins.process.marks import members

_LOOK = 0.05
_KILL_PATIENCE = 5.0


async def ask(known: Known) -> Sequence[Status]:
    """Send the release's stop signal to the instance and its children, once in this daemon's life; returns these."""
    processes = await asyncio.to_thread(_members, known)
    if known.asked_at is None:
        known.asked_at = asyncio.get_running_loop().time()
        number = signal.Signals[f"SIG{known.record.settings.stop.signal}"]
        await asyncio.to_thread(_send, processes, number)
    return processes


async def wait(known: Known, processes: Sequence[Status]) -> None:
    """Give them the release's grace, from when they were asked, to end by themselves.

    Children too, which may still answer requests: the one in front is often only a shell.
    """
    grace = known.record.settings.stop.grace
    try:
        async with asyncio.timeout_at((known.asked_at or 0.0) + grace):
            if known.process is not None:
                await known.gone.wait()
            while any(_lives(process) for process in processes):  # noqa: ASYNC110 - nobody is told of their end
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        return


async def kill(known: Known) -> None:
    """Kill what is left of it, until nothing is. Raises PluginError where a process cannot be killed."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _KILL_PATIENCE
    while left := await asyncio.to_thread(_members, known):
        await asyncio.to_thread(_send, left, signal.SIGKILL)
        if loop.time() > deadline:
            pids = ", ".join(str(process.pid) for process in left)
            raise PluginError(
                f"instance {known.record.id} does not end when killed (process {pids}); it hangs in the kernel"
            )
        await asyncio.sleep(_LOOK / 10)
    with suppress(
        TimeoutError
    ):  # nothing of it lives; that its end is noticed as well is a matter of moments
        async with asyncio.timeout_at(deadline):
            await known.gone.wait()


def _members(known: Known) -> Sequence[Status]:
    return members(known.record.mark, known.process)


def _send(processes: Sequence[Status], number: signal.Signals) -> None:
    for process in processes:
        kernel.send(process, number)


def _lives(process: Status) -> bool:
    now = kernel.status(process.pid)
    return now is not None and now.alive and now.started == process.started
