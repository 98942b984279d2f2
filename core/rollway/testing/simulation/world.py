"""One world: daemons begin, people ask, things go wrong; then the weather clears up and everything comes to its end."""

import asyncio
import contextvars
import logging
import random
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rollway.testing.clock import Stalled, VirtualClock, VirtualIdentifiers
from rollway.testing.fake_target import Behaviour
from rollway.testing.simulation.chronicle import Chronicle
from rollway.testing.simulation.ending import Ending
from rollway.testing.simulation.life import Life, Surroundings
from rollway.testing.simulation.loop import LIFE, GoesInCircles, SeededLoop
from rollway.testing.simulation.outside import Outside
from rollway.testing.simulation.people import CONTENT, People
from rollway.testing.simulation.plugins import document
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.scenario import HORIZON, Deploy, Kind, Say, Scenario, Trouble
from rollway.testing.simulation.truth import OpenMemory
from rollway.testing.simulation.weather import Weather
from rollway.testing.simulation.witness import Witness

_EMPTY = contextvars.Context()

LOST = 0.1
"""Of the notices between daemons so many never come, as long as things go wrong."""

DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a world went: the rule that was broken first, if any, and what happened."""

    scenario: Scenario
    problem: Problem | None
    lines: tuple[str, ...]
    digest: str
    steps: int
    seconds: float

    def told(self) -> str:
        """For whoever has to find out why."""
        log = "\n".join(self.lines)
        replay = f"python -m rollway.testing.simulation {self.scenario.seed}"
        return f"{log}\n\n{self.scenario.told()}\n\n{self.problem}\n\nreplay: {replay}"


@cache
def _folder() -> Path:
    """One for all worlds of a process: nothing in it differs between them."""
    folder = Path(tempfile.mkdtemp(prefix="rollway-simulation-"))
    artifacts = folder / "artifacts"
    artifacts.mkdir()
    (artifacts / f"{DIGEST.replace(':', '-')}.tar").write_bytes(CONTENT)
    return folder


def simulate(scenario: Scenario) -> Outcome:
    """Play it. The same scenario gives the same outcome, to the letter."""
    chance = random.Random(f"schedule {scenario.schedule}")  # noqa: S311 - a world, not a secret
    loop = SeededLoop(chance)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        world = World(scenario, loop)
        with _listening(world.chronicle):
            runner.run(world.play())
    return Outcome(
        scenario,
        world.problem,
        tuple(world.chronicle.lines),
        world.chronicle.digest,
        loop.ready.steps,
        loop.time(),
    )


@contextmanager
def _listening(chronicle: Chronicle) -> Iterator[None]:
    """What the engine logs goes to the chronicle, and nowhere else."""
    log = logging.getLogger("rollway")
    before = log.handlers, log.propagate, log.level
    log.handlers, log.propagate = [chronicle], False
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.handlers, log.propagate = before[0], before[1]
        log.setLevel(before[2])


class World:
    """Everything of one scenario while it is played."""

    def __init__(self, scenario: Scenario, loop: SeededLoop) -> None:
        self.scenario = scenario
        self.problem: Problem | None = None
        self._loop = loop
        self._chance = random.Random(f"chance {scenario.schedule}")  # noqa: S311
        self._jumped = False
        self._failed = asyncio.Event()
        self._lives: list[Life] = []
        self._current: dict[int, Life] = {}
        self._now = loop.time
        self.clock = VirtualClock(scenario.wall)
        self.chronicle = Chronicle(loop.time, lambda: LIFE.get(""))
        self.weather = Weather(random.Random(f"weather {scenario.schedule}"), loop.time, scenario.slowness)  # noqa: S311
        self.store = OpenMemory(self._herald)
        self.outside = Outside(self.clock, rates={p.full: p.rate for p in scenario.places})
        self.witness = Witness(self.store, self.outside, self.fail, self.chronicle.say, lambda: self._jumped)
        self.people = People(self.clock, self.chronicle, self.living, self.fail, DIGEST)
        self.around = Surroundings(
            _folder(),
            self.clock,
            VirtualIdentifiers(scenario.seed),
            self.outside,
            self.weather,
            self.chronicle,
            loop.ready,
            self.witness,
            self.witness.look,
        )

    def _herald(self, bring: Callable[[], object]) -> None:
        """A notice from the database takes a moment; in bad times it may never come."""
        if not self.weather.fair and self._chance.random() < LOST:
            self.weather.disturb()
            return
        self._loop.call_later(self.weather.way(""), bring, context=_EMPTY.copy())

    def fail(self, problem: Problem) -> None:
        """A rule was broken; the first one counts."""
        self.chronicle.say("RULE", str(problem))
        if self.problem is None:
            self.problem = problem
            self._failed.set()

    def living(self) -> Life | None:
        """Some daemon that lives; people ask that one."""
        found = [life for life in self._current.values() if not life.dead and not life.frozen]
        return self._chance.choice(found) if found else None

    async def play(self) -> None:
        """From the first start to the end."""
        story = asyncio.ensure_future(self._story())
        failed = asyncio.ensure_future(self._failed.wait())
        await asyncio.wait({story, failed}, return_when=asyncio.FIRST_COMPLETED)
        if story.done() and (error := story.exception()) is not None:
            self._stopped(error)
        await self._bury()

    def _stopped(self, error: BaseException) -> None:
        if isinstance(error, Stalled | GoesInCircles | TimeoutError):
            self.fail(Problem(Rule.ENDS, str(error)))
        else:
            raise error

    async def _story(self) -> None:
        places = self.scenario.places
        asyncio.ensure_future(self.outside.visitors(places, self._at_rest))  # noqa: RUF006 - ends with the world
        for daemon in range(self.scenario.daemons):
            self._begin(daemon)
        await self.people.apply(document(places))
        happenings = [self._happens(h) for h in self.scenario.happenings]
        playing = [asyncio.ensure_future(h) for h in happenings]
        await asyncio.sleep(HORIZON)
        self._clear_up()
        await asyncio.wait_for(asyncio.gather(*playing), 120.0)
        await Ending(self).comes()

    def _at_rest(self) -> None:
        """With every burst of visitors."""
        for unforeseen in self.chronicle.unforeseen:
            self.fail(Problem(Rule.FORESEEN, unforeseen))

    async def _happens(self, what: Deploy | Say | Trouble) -> None:
        await asyncio.sleep(what.at)
        match what:
            case Deploy(place=place, release=release):
                self.outside.bad[release] = what.bad
                if not what.healthy:
                    self.outside.machine.behaviours[release] = Behaviour(healthy_after=None)
                await self.people.deploy(self.scenario.places[place], what)
            case Say(place=place):
                await self.people.say(self.scenario.places[place], what)
            case Trouble():
                self.chronicle.say("trouble", f"{what.kind} {what.where} {what.seconds:g} s {what.amount:g}")
                await self._trouble(what)

    # -- trouble -------------------------------------------------------------------------------------------------

    async def _trouble(self, trouble: Trouble) -> None:
        life = self._current.get(trouble.daemon)
        self.weather.disturb(trouble.seconds + 1.0)
        match trouble.kind:
            case Kind.CRASH if life is not None:
                self._loop.ready.after(
                    life.name, int(trouble.amount), lambda: self._crash(life, trouble.seconds)
                )
            case Kind.CRASH_IN:
                call, done = trouble.where, bool(trouble.amount)
                self.around.crashes[trouble.daemon, call, done] = lambda: self._crash_now(trouble)
            case Kind.FREEZE if life is not None:
                await self._freeze(life, trouble)
            case Kind.DIE:
                await self._dies(trouble)
            case Kind.LIE:
                liars = self.outside.lie(trouble.where)
                await asyncio.sleep(trouble.seconds)
                self.outside.honest(liars)
            case Kind.FORGET:
                self.outside.node.environments.clear()
            case Kind.DOWN:
                self.weather.begin(trouble)
                self.outside.node.running = False
                await asyncio.sleep(trouble.seconds)
                self.outside.node.running = True
            case Kind.METRICS if trouble.where == "reset":
                self.outside.reset_counters()
            case Kind.JUMP:
                self._jumped = True
                self.clock.jump(trouble.amount)
            case _:
                self.weather.begin(trouble)

    def _crash_now(self, trouble: Trouble) -> None:
        life = self._current.get(trouble.daemon)
        if life is not None:
            self._crash(life, trouble.seconds)

    def _crash(self, life: Life, down: float) -> None:
        if life.dead:
            return
        life.kill()
        self.weather.disturb(down + 1.0)
        if self._current.get(life.daemon) is life:
            self._aside(self._begin_later(life.daemon, down))

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        self._loop.create_task(work, context=_EMPTY.copy())

    async def _begin_later(self, daemon: int, down: float) -> None:
        await asyncio.sleep(down)
        self._begin(daemon)

    def _begin(self, daemon: int) -> None:
        alone = self.scenario.daemons == 1
        life = Life(
            self.around, f"daemon-{daemon}.{len(self._lives)}", daemon, self.store.again(), alone=alone
        )
        self._lives.append(life)
        self._current[daemon] = life
        life.begin()

    async def _freeze(self, life: Life, trouble: Trouble) -> None:
        """Stopped at any place; where there are other daemons it wakes up as one whose time is over."""
        self._loop.ready.after(life.name, int(trouble.amount), life.freeze)
        await asyncio.sleep(trouble.seconds)
        life.thaw()

    async def _dies(self, trouble: Trouble) -> None:
        """Once, or again and again: an instance that flaps."""
        for _ in range(int(trouble.amount)):
            state = next(iter(self.witness.environments.values()), None)
            releases = [g.release for g in state.groups.values()] if state else []
            if releases:
                release = releases[-1 if trouble.where == "new" else 0]
                for name in self.outside.die(release, 1):
                    self.chronicle.say("trouble", f"{name} of {release} died")
                self.weather.disturb(1.0)
            await asyncio.sleep(0.7)

    def _clear_up(self) -> None:
        """From here on nothing goes wrong."""
        self.chronicle.say("weather", "clears up")
        self.weather.clear_up()
        self.around.crashes.clear()
        self.outside.rates = {p.full: max(p.rate, 1500.0) for p in self.scenario.places}
        for life in self._lives:
            if life.frozen:
                life.thaw()

    async def _bury(self) -> None:
        """The world is over: whatever is left is cancelled, and nothing it does counts."""
        self._loop.set_exception_handler(lambda *_: None)
        self._loop.ready.thaw_all()
        for _ in range(50):
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if not left:
                return
            for task in left:
                task.cancel()
            await asyncio.sleep(0.01)
