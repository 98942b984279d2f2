"""An instance in the daemon's memory: its process watched, its health checked, from its start or adoption on."""

import asyncio
from collections.abc import Awaitable, Callable

from rollway.api import Health, Instance
from rollway_plugins.process import kernel, pulse
from rollway_plugins.process.probes import probe
from rollway_plugins.process.pulse import Pulse
from rollway_plugins.process.records import Life, Record
from rollway_plugins.process.watching import until_gone

Save = Callable[[str, Life], Awaitable[None]]
"""Keeps what became of an instance; never raises."""


class Known:
    """One instance and the tasks that look after it.

    `gone` is set once its process has ended; `asked_at` is when it was asked to stop (time of the event loop), which
    is done once, because many programs take a second signal as "at once". Observing it costs nothing: it only tells what is already known.
    """

    def __init__(self, record: Record, life: Life, save: Save) -> None:
        self.record = record
        self.process = life.process
        self.gone = asyncio.Event()
        self.asked_at: float | None = None
        self._pulse = Pulse(life.health)
        self._ended = life.ended
        self._save = save
        self._tasks: list[asyncio.Task[None]] = []
        if life.ended:
            self.gone.set()

    def watch(self) -> None:
        """Look after it in the background until it has ended, or `leave` is called."""
        if self.process is not None and not self._ended:
            self._tasks = [
                asyncio.create_task(self._check()),
                asyncio.create_task(self._await_end(self.process)),
            ]

    async def leave(self) -> None:
        """Look after it no more; it goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def seen(self) -> Instance:
        """How it is now."""
        record = self.record
        if self._ended:
            return Instance(record.id, record.group.id, Health.DEAD, record.address, self._ended)
        why = pulse.detail(self._pulse, record.settings.health)
        return Instance(record.id, record.group.id, self._pulse.health, record.address, why)

    async def _check(self) -> None:
        settings = self.record.settings.health
        while True:
            trouble = await probe(self.record.address, settings)
            if trouble is not None:
                await self._beat(trouble)
            await asyncio.sleep(pulse.pause(self._pulse, settings))

    async def _beat(self, trouble: str) -> None:
        before = self._pulse.health
        self._pulse = pulse.beat(self._pulse, trouble, self.record.settings.health)
        if self._pulse.health is not before:  # a daemon that comes back must not take it for a new one
            await self._save(self.record.id, self._life())

    async def _await_end(self, process: kernel.Identity) -> None:
        how = await until_gone(process)
        self._ended = _end(how, kernel.age(process))
        self.gone.set()
        self._tasks[0].cancel()
        await self._save(self.record.id, self._life())

    def _life(self) -> Life:
        return Life(self.process, self._pulse.health, self._ended)


def _end(how: str, seconds: float) -> str:
    lasted = f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"
    if how:
        return f"{how} after {lasted}"
    return f"ended after {lasted}; how is not known, because an earlier daemon had started it"
