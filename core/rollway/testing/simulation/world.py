"""One world: daemons begin, people ask, things go wrong; then the weather clears up and everything comes to its end."""

import asyncio
import atexit
import contextvars
import gc
import logging
import random
import shutil
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from rollway.store.protocol import Store
from rollway.testing.clock import Stalled, VirtualClock, VirtualIdentifiers
from rollway.testing.fake_target import Behaviour
from rollway.testing.simulation.chronicle import Chronicle
from rollway.testing.simulation.effects import EffectWitness
from rollway.testing.simulation.ending import Ending
from rollway.testing.simulation.havoc import Havoc
from rollway.testing.simulation.life import Life, Surroundings
from rollway.testing.simulation.loop import LIFE, GoesInCircles, SeededLoop, spawn_outside
from rollway.testing.simulation.outside import Outside
from rollway.testing.simulation.people import CONTENT, People
from rollway.testing.simulation.plugins import document
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.scenario import HORIZON, Deploy, Say, Scenario, Trouble
from rollway.testing.simulation.sql import SqlFile, template
from rollway.testing.simulation.truth import OpenMemory, Truth
from rollway.testing.simulation.watchman import Watchman
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
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    artifacts = folder / "artifacts"
    artifacts.mkdir()
    (artifacts / f"{DIGEST.replace(':', '-')}.tar").write_bytes(CONTENT)
    return folder


def simulate(scenario: Scenario) -> Outcome:
    """Play it. The same scenario gives the same outcome, to the letter."""
    with _only_what_is_new():
        return _played(scenario)


def _played(scenario: Scenario) -> Outcome:
    chance = random.Random(f"schedule {scenario.schedule}")  # noqa: S311 - a world, not a secret
    loop = SeededLoop(chance)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        world = World(scenario, loop)
        with _listening(world.chronicle):
            runner.run(world.play())
            world.close()
    return Outcome(
        scenario,
        world.problem,
        tuple(world.chronicle.lines),
        world.chronicle.digest,
        loop.ready.steps,
        loop.time(),
    )


@contextmanager
def _only_what_is_new() -> Iterator[None]:
    """What was there before is no garbage: looking through all of it again and again took a fifth of the time.

    A world leaves nothing either, lest its connections to a database be found, and complained of, in the next one.
    """
    gc.freeze()
    try:
        yield
        with _logging("sqlalchemy", logging.NullHandler()), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of connections that died with their daemons
            gc.collect()
    finally:
        gc.unfreeze()


@contextmanager
def _listening(chronicle: Chronicle) -> Iterator[None]:
    """What the engine logs goes to the chronicle, and nowhere else."""
    with _logging("rollway", chronicle), _logging("sqlalchemy", logging.NullHandler()):
        yield


@contextmanager
def _logging(name: str, handler: logging.Handler) -> Iterator[None]:
    log = logging.getLogger(name)
    before = log.handlers, log.propagate, log.level
    log.handlers, log.propagate = [handler], False
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
        self._failed = asyncio.Event()
        self._lives: list[Life] = []
        self._asides: list[asyncio.Task[None]] = []
        self._current: dict[int, Life] = {}
        self._now = loop.time
        self._havoc = Havoc(self)
        self.ready = loop.ready
        self.clock = VirtualClock(scenario.wall)
        self.chronicle = Chronicle(loop.time, lambda: LIFE.get(""))
        self.weather = Weather(random.Random(f"weather {scenario.schedule}"), loop.time, scenario.slowness)  # noqa: S311
        self._memory = OpenMemory(self._herald)
        self._file = SqlFile(_folder(), template(_folder())) if scenario.sql else None
        truth: Truth = self._file or self._memory
        self.outside = Outside(self.clock, rates={p.full: p.rate for p in scenario.places})
        say = self.chronicle.say
        self.witness = Witness(truth, self.outside, self.fail, say)
        self.effects = EffectWitness(self.witness, self.outside, self.fail, say, lambda: self._havoc.jumped)
        self._watchman = Watchman(self.witness, self.outside, self.weather, self.fail)
        self.people = People(
            self.clock, self.chronicle, self.living, self.fail, self.witness.actors.__contains__, DIGEST
        )
        self.around = Surroundings(
            _folder(),
            self.clock,
            VirtualIdentifiers(scenario.seed),
            self.outside,
            self.weather,
            self.chronicle,
            loop.ready,
            self.effects,
            self.witness.look,
        )

    def _herald(self, bring: Callable[[], object], to: str) -> None:
        """A notice from the database takes a moment; in bad times it may never come."""
        deaf = any(life.name == to and self.weather.deaf(life.daemon) for life in self._lives)
        if not self.weather.fair and (deaf or self._chance.random() < LOST):
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
        found = self._present()
        return self._chance.choice(found) if found else None

    def _present(self) -> list[Life]:
        return [life for life in self._current.values() if not life.dead and not life.frozen]

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
            self.begin(daemon)
        await self.people.apply(document(places))
        happenings = [self._happens(h) for h in self.scenario.happenings]
        playing = [asyncio.ensure_future(h) for h in happenings]
        await asyncio.sleep(HORIZON)
        self._clear_up()
        await asyncio.wait_for(asyncio.gather(*playing), 120.0)
        await asyncio.gather(*self._asides)
        await Ending(self).comes()

    def _at_rest(self) -> None:
        """With every burst of visitors."""
        self._watchman.look(self._present())
        for unforeseen in self.chronicle.unforeseen:
            self.fail(Problem(Rule.FORESEEN, unforeseen))

    def _behaves(self, deploy: Deploy) -> None:
        if not deploy.healthy:
            self.outside.machine.behaviours[deploy.release] = Behaviour(healthy_after=None)

    async def _happens(self, what: Deploy | Say | Trouble) -> None:
        await asyncio.sleep(what.at)
        match what:
            case Deploy(place=place, release=release):
                if release not in self.outside.bad:
                    self.outside.bad[release] = what.bad
                    self._behaves(what)
                await self.people.deploy(self.scenario.places[place], what)
            case Say(place=place):
                await self.people.say(self.scenario.places[place], what)
            case Trouble():
                self.chronicle.say("trouble", f"{what.kind} {what.where} {what.seconds:g} s {what.amount:g}")
                await self._havoc.strikes(what)

    def aside(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Something that the world does by itself, and that it does not end without."""
        self._asides.append(spawn_outside(work, name))

    def current(self, daemon: int) -> Life | None:
        """The life that this daemon leads now, dead or alive."""
        return self._current.get(daemon)

    def begin(self, daemon: int) -> None:
        """A new life of this daemon."""
        alone = self.scenario.daemons == 1
        name = f"daemon-{daemon}.{len(self._lives)}"
        store, cut = self._store_of(name)
        life = Life(self.around, name, daemon, store, alone=alone, cut=cut)
        self._lives.append(life)
        self._current[daemon] = life
        life.begin()

    def _store_of(self, life: str) -> tuple[Store, Callable[[], None]]:
        if self._file is None:
            return self._memory.again(), lambda: None
        return self._file.open(lambda: self.weather.way(""), lambda: self.witness.look(life))

    def _clear_up(self) -> None:
        """From here on nothing goes wrong."""
        self.chronicle.say("weather", "clears up")
        self.weather.clear_up()
        self.around.crashes.clear()
        self.outside.rates = {p.full: max(p.rate, 1500.0) for p in self.scenario.places}
        for life in self._lives:
            if life.frozen and self.scenario.daemons == 1:
                life.thaw()

    def close(self) -> None:
        """Nothing of it is used any more."""
        if self._file is not None:
            self._file.close()

    @property
    def lives(self) -> int:
        """How many daemons have begun."""
        return len(self._lives)

    def leases(self) -> Mapping[str, str]:
        """Who holds what."""
        return dict(self._memory.leases())

    def names(self) -> set[str]:
        """Those who live."""
        return {life.name for life in self._present()}

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
