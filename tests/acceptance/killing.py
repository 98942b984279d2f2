"""Canary rollouts during which the daemon is killed with -9 at drawn instants, and what must be true all the same.

Shared by the short form in the tests and the long one among the benchmarks. Everything drawn comes from one seed.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rollway.http.documents import EventDocument, RolloutDocument
from rollway.testing.traffic import Attempt, Load
from tests.acceptance.harness import Site, step_of

STEPS: list[dict[str, object]] = [{"weight": "25%", "hold": "2s"}, {"weight": "50%", "hold": "1s"}]
RATE = 100.0
SPREAD = 4.5
"""Seconds of a rollout over which its kills are spread."""


@dataclass(frozen=True, slots=True)
class Course:
    """One rollout as it was drawn: how often its release fails, and seconds between what happens and each kill.

    The first kill counts from the deploy, each other one from the moment at which the daemon serves again.
    """

    release: str
    faults: float
    kills: tuple[float, ...]

    @property
    def end(self) -> str:
        """The phase it must end in."""
        return "rolled_back" if self.faults else "promoted"


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a course: kills before its end, seconds that the daemon was `away` each time, and of the whole."""

    course: Course
    under_way: int
    away: tuple[float, ...]
    seconds: float
    requests: int
    failed: int


def drawn(seed: int, kills: int) -> list[Course]:
    """Rollouts until so many kills are spread among them: one to three in each, good and bad ones in turn."""
    chance = random.Random(seed)
    courses: list[Course] = []
    while kills:
        many = min(kills, chance.choice((1, 2, 2, 3)))
        bad = len(courses) % 2 == 1
        # a bad release is gone within a second or two: its kills come early, in what takes it back
        spread = 0.6 * SPREAD if bad else SPREAD
        instants = tuple(chance.uniform(0.0, spread / many) for _ in range(many))
        courses.append(Course(f"1.{len(courses) + 1}", chance.choice((0.2, 1.0)) if bad else 0.0, instants))
        kills -= many
    return courses


async def suffered(site: Site, course: Course, load: Load) -> Ended:
    """Carry it out, and look at everything afterwards. Raises AssertionError that names the course."""
    [stable] = site.running()
    before, began = len(load.attempts), time.monotonic()
    id_ = await asyncio.to_thread(site.deploy, course.release, faults=course.faults)
    killed = [await _kill(site, wait) for wait in course.kills]
    rollout = await asyncio.to_thread(site.ended, id_)
    after, events = load.clock, await asyncio.to_thread(site.events, id_)
    left = stable if course.faults else course.release
    await asyncio.to_thread(
        site.until, lambda: site.running() == {left: site.instances}, f"only {left} runs", every=0.2
    )
    await load.reach(50)
    seen = load.attempts[before:]
    problems = [
        *_of_log(course, rollout, events),
        *_of_requests(course, seen, after),
        *_of_site(site, left),
    ]
    assert not problems, f"{course}: {'; '.join(problems)}"
    return Ended(
        course,
        under_way=sum(at < events[-1].at.timestamp() for at, _ in killed),
        away=tuple(seconds for _, seconds in killed),
        seconds=time.monotonic() - began,
        requests=len(seen),
        failed=sum(attempt.failed for attempt in seen),
    )


async def _kill(site: Site, wait: float) -> tuple[float, float]:
    """Kill it after so many seconds and start it again at once: when that was, and seconds until it served."""
    await asyncio.sleep(wait)
    await asyncio.to_thread(site.kill)
    at, began = time.time(), time.monotonic()
    await asyncio.to_thread(site.start)
    return at, time.monotonic() - began


def _of_log(course: Course, rollout: RolloutDocument, events: Sequence[EventDocument]) -> Iterator[str]:
    """No step lost, none doubled, the right end, once."""
    if rollout.phase != course.end:
        yield f"it ended {rollout.phase} ({rollout.reason})"
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield f"the log has gaps: {[event.seq for event in events]}"
    for kind in ("StepStarted", "StepFinished"):
        steps = [step_of(event) for event in events if event.type == kind]
        wanted = len(steps) if course.faults else len(rollout.plan)
        if steps != list(range(1, wanted + 1)):
            yield f"{kind} of steps {steps} of {len(rollout.plan)}"
    times = Counter(event.type for event in events)
    once = ("RollbackStarted", "WeightLowered") if course.faults else ("Promoted",)
    if any(times[kind] != 1 for kind in ("RolloutAdmitted", *once, "RolloutEnded")):
        yield f"not once each: {dict(times)}"
    if events[-1].type != "RolloutEnded":
        yield f"{events[-1].type} after the end"


def _of_requests(course: Course, seen: Sequence[Attempt], after: float) -> Iterator[str]:
    """None failed but those of the bad release, which has none once it was taken back."""
    bad = course.release if course.faults else None
    others = [attempt for attempt in seen if attempt.failed and (bad is None or attempt.release != bad)]
    if others:
        yield f"{len(others)} requests failed that are not a bad release's, first {others[:3]}"
    late = [attempt for attempt in seen if attempt.at > after and attempt.release == bad]
    if late:
        yield f"{len(late)} requests for {bad} after it was taken back"


def _of_site(site: Site, left: str) -> Iterator[str]:
    """One Envoy, everything to the release that is left, the environment free, no mark and no half a file."""
    if len(envoys := site.envoys()) != 1:
        yield f"{len(envoys)} Envoys"
    with site.client as client:
        found = client.environment("app", "prod")
    if (found.release, found.phase) != (left, "steady"):
        yield f"the environment is left {found.phase} with {found.release}"
    node = site.data / "node"
    if marks := sorted(str(path.relative_to(node)) for path in node.rglob("marks/*.mark")):
        yield f"marks are left: {marks}"


async def played(folder: Path, courses: Sequence[Course]) -> list[Ended]:
    """These rollouts, one after the other at one site under traffic. Raises AssertionError."""
    site = Site(folder, steps=STEPS)
    try:
        await asyncio.to_thread(site.start)
        await asyncio.to_thread(site.apply)
        await asyncio.to_thread(site.stable)
        async with Load(site.visitors, rate=RATE) as load:
            ended = [await suffered(site, course, load) for course in courses]
        assert await asyncio.to_thread(site.stop) == 0
        return ended
    finally:
        await asyncio.to_thread(site.close)
