"""What is going to happen in a world, as values that can be drawn from a seed, read, and made smaller."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, TypeAlias

HORIZON = 14.0
"""Virtual seconds of trouble; afterwards nothing more goes wrong, and everything has to come to its end."""

OVERTAKEN = 0.2
"""At so many of the deploys somebody is overtaken in the middle of a call."""

ANY = -1
"""Stands for whichever daemon makes a call."""

AGAIN = 0.1
"""Of the deploys so many name the first release again."""

Verb: TypeAlias = Literal["abort", "pause", "resume", "promote", "full", "rollback", "retry"]
VERBS: tuple[Verb, ...] = ("abort", "pause", "resume", "promote", "full", "rollback", "retry")
OPPOSITES: tuple[tuple[Verb, Verb], ...] = (
    ("abort", "promote"),
    ("full", "abort"),
    ("pause", "resume"),
    ("rollback", "full"),
    ("abort", "retry"),
    ("promote", "pause"),
)

CONTRADICTED, DEAF, UNREMEMBERED = 0.15, 0.25, 0.25
"""In so many worlds two people want the opposite at the same instant; in so many of those with several daemons one hears
no notice of the others for a while; at so many of the aborts a daemon dies with a lowering that the router then forgets."""


class Kind(StrEnum):
    """What can go wrong."""

    CRASH = "crash"
    CRASH_IN = "crash in a call"
    FREEZE = "freeze"
    FREEZE_IN = "freeze in a call"
    CUT = "cut off"
    STORE = "store"
    CALL = "plugin call"
    DIE = "instance dies"
    LIE = "instance lies"
    FORGET = "router forgets"
    DOWN = "router down"
    METRICS = "metrics"
    JUMP = "clock jumps"


@dataclass(frozen=True, slots=True)
class Place:
    """An environment: how it delivers, how many requests a second come in.

    `steps` are (percent, seconds of hold), `most` the share of requests that any release may fail.
    """

    name: str
    steps: tuple[tuple[int, float], ...]
    instances: int = 2
    rate: float = 1000.0
    strategy: str = "canary"
    most: float | None = None

    @property
    def full(self) -> str:
        """`application/environment`."""
        return f"shop/{self.name}"


@dataclass(frozen=True, slots=True)
class Deploy:
    """A release goes out: `bad` is the share of its answers that fail, `healthy` whether its instances ever are."""

    at: float
    place: int
    release: str
    bad: float = 0.0
    healthy: bool = True
    unwatched: bool = False
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """A person says something to the last rollout of a place; `twice`: the same call again under the same key."""

    at: float
    place: int
    verb: Verb
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something goes wrong for `seconds`, with one `daemon` where it is about one.

    `where` and `amount` mean what the kind makes of them; see the functions in `_DETAILS`.
    """

    at: float
    kind: Kind
    where: str = ""
    seconds: float = 0.0
    amount: float = 0.0
    daemon: int = 0


Happening: TypeAlias = Deploy | Say | Trouble


@dataclass(frozen=True, slots=True)
class Scenario:
    """One world before it begins. `schedule` seeds the order of callbacks and every delay."""

    seed: int
    schedule: str
    places: tuple[Place, ...]
    happenings: tuple[Happening, ...]
    daemons: int = 1
    sql: bool = False
    slowness: float = 0.002
    wall: float = field(default=1_000_000.0)

    def without(self, indexes: set[int]) -> "Scenario":
        """The same world with some of its happenings left out."""
        left = tuple(h for i, h in enumerate(self.happenings) if i not in indexes)
        return replace(self, happenings=left)

    def told(self) -> str:
        """The scenario for people."""
        where = "SQL" if self.sql else "memory"
        head = f"seed {self.seed}: {self.daemons} daemon(s) on {where}, calls take about {self.slowness:g} s"
        return "\n".join(
            [head, *(f"  {place}" for place in self.places), *(f"  {h}" for h in self.happenings)]
        )


def draw(seed: int) -> Scenario:
    """The world of this seed."""
    chance = random.Random(f"rollway {seed}")  # noqa: S311 - a world, not a secret
    places = tuple(_place(chance, name) for name in ("prod", "beta")[: chance.choice((1, 1, 2))])
    deploys = [d for index in range(len(places)) for d in _deploys(chance, index)]
    daemons = chance.choice((1, 1, 1, 2, 3)) if seed % 10 != 7 else 1
    says = [_say(chance, len(places)) for _ in range(chance.choice((0, 0, 1, 1, 2, 4)))]
    lowered = [*(d.at for d in deploys if d.bad), *(say.at for say in says if say.verb == "abort")]
    drawn = [*_troubles(chance), *_about_lowering(chance, lowered)]
    troubles = [replace(trouble, daemon=chance.randrange(daemons)) for trouble in drawn]
    troubles += _zombies(chance, daemons, [deploy.at for deploy in deploys])
    rare = random.Random(f"rollway, rare {seed}")  # noqa: S311 - as above
    unsorted: list[Happening] = [*deploys, *says, *troubles, *_rarities(rare, daemons, len(places), says)]
    happenings = sorted(unsorted, key=lambda happening: happening.at)
    return Scenario(
        seed,
        f"{seed}",
        places,
        tuple(happenings),
        daemons,
        sql=seed % 10 == 7,
        slowness=chance.choice((0.0005, 0.002, 0.02)),
    )


def _place(chance: random.Random, name: str) -> Place:
    steps = tuple(
        (weight, chance.choice((1.0, 2.0, 3.0)))
        for weight in sorted(chance.sample((5, 10, 25, 50), chance.choice((1, 2))))
    )
    strategy = chance.choice(("canary", "canary", "canary", "all-at-once"))
    return Place(
        name,
        steps,
        instances=chance.choice((1, 2, 2, 3)),
        rate=chance.choice((0.0, 150.0, 300.0, 1500.0, 1500.0, 4000.0)),
        strategy=strategy,
        most=0.1 if strategy == "all-at-once" or chance.random() < 0.2 else None,
    )


def _deploys(chance: random.Random, place: int) -> Iterator[Deploy]:
    yield Deploy(0.0, place, f"v1-{place}")
    at = 0.0
    for number in range(2, 2 + chance.choice((1, 1, 2))):
        at += chance.uniform(1.0, HORIZON / 2)
        yield Deploy(
            round(at, 3),
            place,
            f"v{number if chance.random() > AGAIN else 1}-{place}",
            bad=chance.choice((0.0, 0.0, 0.0, 0.3, 1.0)),
            healthy=chance.random() > 0.1,
            unwatched=chance.random() < 0.05,
            twice=chance.random() < 0.3,
        )


def _say(chance: random.Random, places: int) -> Say:
    weights = (4, 2, 2, 2, 1, 3, 1)
    verb = chance.choices(VERBS, weights)[0]
    return Say(_moment(chance), chance.randrange(places), verb, chance.random() < 0.4)


def _moment(chance: random.Random) -> float:
    return round(chance.uniform(0.5, HORIZON), 3)


_WEIGHTS = {
    Kind.CRASH: 4,
    Kind.CRASH_IN: 5,
    Kind.FREEZE: 2,
    Kind.FREEZE_IN: 3,
    Kind.CUT: 2,
    Kind.STORE: 4,
    Kind.CALL: 6,
    Kind.DIE: 3,
    Kind.LIE: 2,
    Kind.FORGET: 1,
    Kind.DOWN: 1,
    Kind.METRICS: 3,
    Kind.JUMP: 1,
}


def _troubles(chance: random.Random) -> Iterator[Trouble]:
    for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
        yield _trouble(chance)


def _about_lowering(chance: random.Random, times: list[float]) -> Iterator[Trouble]:
    """The one act that may precede its record: now and then something happens just then."""
    for at in times:
        kind = chance.choice((Kind.CRASH_IN, Kind.CALL, None, None, None, None, None, None))
        if kind is Kind.CRASH_IN:
            yield Trouble(round(at - 0.01, 3), kind, "router lower", 1.0, 1)
        elif kind is Kind.CALL:
            yield Trouble(round(at - 0.01, 3), kind, f"router lower {chance.choice(FAULTS)}", HORIZON, 2)


def _zombies(chance: random.Random, daemons: int, times: list[float]) -> Iterator[Trouble]:
    """Whoever drives is stopped inside a call, or a call of his outlives him; somebody else goes on meanwhile."""
    for at in times:
        moment, call = round(at + chance.uniform(0.0, 3.0), 3), chance.choice(EFFECTS)
        if chance.random() > OVERTAKEN:
            continue
        if daemons > 1:
            yield Trouble(moment, Kind.FREEZE_IN, call, chance.choice((4.5, 6.0, 8.0)), 0, ANY)
        elif not call.startswith("store"):
            yield Trouble(moment, Kind.CALL, f"{call} late", HORIZON, 1)
            yield Trouble(round(moment + chance.uniform(0.1, 1.0), 3), Kind.CRASH, "", 0.2, 0)


def _rarities(chance: random.Random, daemons: int, places: int, says: list[Say]) -> Iterator[Happening]:
    """What needs two things at once: two people who want the opposite, a daemon that hears nothing of the others, a router
    that forgets what was lowered and not yet recorded. Drawn apart, so that all else is as it would be without."""
    if chance.random() < CONTRADICTED:
        at, place = _moment(chance), chance.randrange(places)
        for verb in chance.choice(OPPOSITES):
            yield Say(at, place, verb)
    if daemons > 1 and chance.random() < DEAF:
        seconds = chance.choice((3.0, 8.0, 14.0))
        yield Trouble(_moment(chance), Kind.CUT, "notices", seconds, 0.0, chance.randrange(daemons))
    for say in says:
        if say.verb in ("abort", "rollback") and chance.random() < UNREMEMBERED:
            yield Trouble(round(say.at - 0.01, 3), Kind.CRASH_IN, "router lower", 1.0, 1, ANY)
            yield Trouble(round(say.at + chance.uniform(0.05, 0.9), 3), Kind.FORGET)


def _trouble(chance: random.Random) -> Trouble:
    kind = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    seconds = chance.choice((0.2, 1.0, 3.0, 8.0))
    where, seconds, amount = _DETAILS[kind](chance, seconds)
    return Trouble(_moment(chance), kind, where, seconds, amount)


Details: TypeAlias = Callable[[random.Random, float], tuple[str, float, float]]
"""Where it happens, for how many seconds, and the amount."""


def _crash(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """After so many further callbacks of that daemon; it is down for a while."""
    return "", seconds / 4, chance.randrange(80)


def _crash_in(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """In the next call of that kind, before (0) or after (1) it is done."""
    return chance.choice(EFFECTS), seconds / 4, chance.randrange(2)


def _freeze(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """After so many further callbacks; now and then for a minute."""
    return "", 60.0 if chance.random() < 0.1 else seconds, chance.randrange(80)


def _freeze_in(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """In the next call of that kind, before (0) or after (1) it is done: it wakes up inside of it."""
    return chance.choice(EFFECTS), chance.choice((seconds, 6.0)), chance.randrange(2)


def _cut(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    return chance.choice(("store", "router", "target", "everything")), seconds, 0.0


def _store(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """Such a share of its calls."""
    where = chance.choice(STORE)
    return where, seconds, chance.choice((0.1, 0.5, 1.0)) if where != "conflict" else 0.3


def _call(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """So many of the calls that come."""
    return f"{chance.choice(CALLS)} {chance.choice(FAULTS)}", HORIZON, chance.choice((1, 1, 2, 5))


def _dies(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """An instance of the new or the old release, so often in a row."""
    return chance.choice(("new", "old")), 0.0, chance.choice((1, 1, 2, 9))


def _lies(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    return chance.choice(("unhealthy", "dead", "healthy")), seconds, 0.0


def _router(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    return "", seconds, 0.0


def _metrics(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    return chance.choice(METRICS), seconds, 0.0


def _jump(chance: random.Random, seconds: float) -> tuple[str, float, float]:
    """By so many seconds."""
    return "", 0.0, chance.choice((-3600.0, -30.0, -1.0, 1.0, 30.0, 3600.0))


_DETAILS: Mapping[Kind, Details] = {
    Kind.CRASH: _crash,
    Kind.CRASH_IN: _crash_in,
    Kind.FREEZE: _freeze,
    Kind.FREEZE_IN: _freeze_in,
    Kind.CUT: _cut,
    Kind.STORE: _store,
    Kind.CALL: _call,
    Kind.DIE: _dies,
    Kind.LIE: _lies,
    Kind.FORGET: _router,
    Kind.DOWN: _router,
    Kind.METRICS: _metrics,
    Kind.JUMP: _jump,
}

STORE = ("fail", "unknown", "conflict", "slow", "late")
"""A call of the store fails; commits and then says that it is unknown; finds a conflict; takes long; commits although
whoever asked has gone."""

FAULTS = ("fail", "hang", "silent", "late", "twice", "slow")
"""A plugin's call fails; hangs; does its work and then fails; does its work after it was given up; does it twice, once
later; takes long."""

EFFECTS = (
    "store append",
    "store append",
    "router reconcile",
    "router lower",
    "router lower",
    "router sever",
    "target start",
    "target stop",
    "target forget",
)
CALLS = (*EFFECTS[2:], "router observe", "router counters", "target observe", "target output")
METRICS = ("missing", "frozen", "late", "nan", "reset")
