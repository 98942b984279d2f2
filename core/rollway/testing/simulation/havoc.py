"""What each kind of trouble does to a world."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from rollway.testing.simulation.life import Life
from rollway.testing.simulation.scenario import Kind, Trouble

if TYPE_CHECKING:
    from rollway.testing.simulation.world import World

TAKING_OVER = 6.0
"""Seconds after which somebody is there again for what a daemon left behind."""


class Havoc:
    """Strikes when a trouble's time has come. `jumped` tells whether the wall clock ever did."""

    def __init__(self, world: "World") -> None:
        self.jumped = False
        self._world = world
        self._kinds: Mapping[Kind, Callable[[Trouble], Awaitable[None]]] = {
            Kind.CRASH: self._crash,
            Kind.CRASH_IN: self._crash_in,
            Kind.FREEZE: self._freeze,
            Kind.FREEZE_IN: self._freeze_in,
            Kind.DIE: self._dies,
            Kind.LIE: self._lies,
            Kind.FORGET: self._forgets,
            Kind.DOWN: self._down,
            Kind.METRICS: self._metrics,
            Kind.JUMP: self._jump,
        }

    async def strikes(self, trouble: Trouble) -> None:
        """Returns when it is over, or when the weather knows of it."""
        if trouble.kind not in (Kind.STORE, Kind.CUT):
            self._world.weather.disturb(trouble.seconds + TAKING_OVER)
        await self._kinds.get(trouble.kind, self._weather)(trouble)

    async def _weather(self, trouble: Trouble) -> None:
        self._world.weather.begin(trouble)

    async def _crash(self, trouble: Trouble) -> None:
        life = self._world.current(trouble.daemon)
        if life is not None:
            self._world.ready.after(life.name, int(trouble.amount), lambda: self._dead(life, trouble.seconds))

    async def _crash_in(self, trouble: Trouble) -> None:
        self._in_call(trouble, lambda life: self._dead(life, trouble.seconds))

    async def _freeze_in(self, trouble: Trouble) -> None:
        self._in_call(trouble, lambda life: self._frozen(life, trouble.seconds))

    def _in_call(self, trouble: Trouble, does: Callable[[Life], None]) -> None:
        self._world.around.crashes[trouble.daemon, trouble.where, bool(trouble.amount)] = does

    def _dead(self, life: Life, down: float) -> None:
        if life.dead:
            return
        life.kill()
        self._world.weather.disturb(down + TAKING_OVER)
        if self._world.current(life.daemon) is life:
            self._world.aside(self._again(life.daemon, down), f"daemon {life.daemon} again")

    async def _again(self, daemon: int, down: float) -> None:
        await asyncio.sleep(down)
        self._world.begin(daemon)

    async def _freeze(self, trouble: Trouble) -> None:
        """Stopped at any place; where there are other daemons it wakes up as one whose time is over."""
        life = self._world.current(trouble.daemon)
        if life is not None:
            alone = self._world.scenario.daemons == 1
            seconds = min(trouble.seconds, 8.0) if alone else trouble.seconds
            self._world.ready.after(life.name, int(trouble.amount), lambda: self._frozen(life, seconds))

    def _frozen(self, life: Life, seconds: float) -> None:
        life.freeze()
        self._world.weather.disturb(seconds + TAKING_OVER)
        self._world.aside(self._thawed(life, seconds), f"{life.name} wakes up")

    async def _thawed(self, life: Life, seconds: float) -> None:
        await asyncio.sleep(seconds)
        life.thaw()

    async def _dies(self, trouble: Trouble) -> None:
        """Once, or again and again: an instance that flaps."""
        world = self._world
        for _ in range(int(trouble.amount)):
            state = next(iter(world.witness.environments.values()), None)
            releases = [group.release for group in state.groups.values()] if state else []
            if releases and not world.weather.fair:
                release = releases[-1 if trouble.where == "new" else 0]
                for name in world.outside.die(release, 1):
                    world.chronicle.say("trouble", f"{name} of {release} died")
                world.weather.disturb(1.0)
            await asyncio.sleep(0.7)

    async def _lies(self, trouble: Trouble) -> None:
        liars = self._world.outside.lie(trouble.where)
        await asyncio.sleep(trouble.seconds)
        self._world.outside.honest(liars)

    async def _forgets(self, trouble: Trouble) -> None:
        self._world.outside.forget()
        self._world.effects.forgot()

    async def _down(self, trouble: Trouble) -> None:
        self._world.weather.begin(trouble)
        self._world.outside.node.running = False
        await asyncio.sleep(trouble.seconds)
        self._world.outside.node.running = True

    async def _metrics(self, trouble: Trouble) -> None:
        if trouble.where == "reset":
            self._world.outside.reset_counters()
        else:
            self._world.weather.begin(trouble)

    async def _jump(self, trouble: Trouble) -> None:
        self.jumped = True
        self._world.clock.jump(trouble.amount)
