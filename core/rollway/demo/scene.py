"""One moment of the demo, as numbers: what a view draws. Pure."""

from dataclasses import dataclass

from rollway.demo.documents import RolloutDocument, VerdictDocument
from rollway.demo.tally import NOTHING, Served, Tally
from rollway.demo.telling import LOUD

RATE_OVER = 3
ERRORS_OVER = 5
HISTORY = 30


@dataclass(frozen=True, slots=True)
class ReleaseNow:
    """One of the releases on stage: `weight` in percent; `history`: failed share by second, None without requests."""

    name: str
    weight: float
    served: Served
    recent: Served
    history: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """`elapsed` seconds of the demo, `per_second` requests lately; stable comes first among the releases."""

    elapsed: float
    title: str
    per_second: float
    requests: int
    failed: int
    releases: tuple[ReleaseNow, ...]
    now: str
    next: str
    verdict: VerdictDocument | None = None


def compose(elapsed: float, title: str, tally: Tally, rollout: RolloutDocument | None) -> Scene:
    """The scene at this moment; without a rollout nothing is on its way."""
    return Scene(
        elapsed=elapsed,
        title=title,
        per_second=_per_second(tally),
        requests=tally.requests,
        failed=tally.failed,
        releases=_releases(tally, rollout) if rollout else (),
        now=_now(rollout) if rollout else "",
        next=_next(rollout) if rollout else "",
        verdict=rollout.verdicts[0] if rollout and rollout.verdicts else None,
    )


def _per_second(tally: Tally) -> float:
    # The last second is not over yet.
    latest = tally.latest
    if latest is None:
        return 0.0
    full = range(latest - RATE_OVER, latest)
    return sum(served.requests for second in full for served in tally.second(second).values()) / RATE_OVER


def _releases(tally: Tally, rollout: RolloutDocument) -> tuple[ReleaseNow, ...]:
    new = _release(tally, rollout.release, rollout.weight)
    if rollout.previous_release is None:
        return (new,)
    return (_release(tally, rollout.previous_release, 100.0 - rollout.weight), new)


def _release(tally: Tally, name: str, weight: float) -> ReleaseNow:
    latest = tally.latest or 0
    by_second = [
        tally.second(second).get(name, NOTHING) for second in range(latest - HISTORY + 1, latest + 1)
    ]
    recent = by_second[-ERRORS_OVER:]
    lately = Served(sum(each.requests for each in recent), sum(each.failed for each in recent))
    history = tuple(each.failed / each.requests if each.requests else None for each in by_second)
    return ReleaseNow(name, weight, tally.of(name), lately, history)


def _now(rollout: RolloutDocument) -> str:
    if rollout.phase == "paused":
        return f"paused, waits for {rollout.waiting_for or 'somebody'}"
    if rollout.phase == "running" and rollout.step:
        return f"step {rollout.step.index} of {rollout.step.of}: {rollout.step.name}"
    return rollout.phase.replace("_", " ")


def _next(rollout: RolloutDocument) -> str:
    if rollout.phase == "rolling_back":
        return f"{rollout.previous_release or 'nobody'} has all traffic again"
    if rollout.ended or rollout.step is None:
        return ""
    ahead = [step.name for step in rollout.plan if step.index > rollout.step.index and step.kind in LOUD]
    return ahead[0] if ahead else ""
