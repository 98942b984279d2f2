"""An engine without an outside: `decide` itself, driven by `Tick`s, and what its decisions append to both streams.

`play(begin(admitted(canary_plan())), ticks)` is a whole rollout as a value, with every decision on the way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from rollway.domain import decisions as d
from rollway.domain import environment as environments
from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain import rollout as rollouts
from rollway.domain.decide import decide
from rollway.domain.decisions import Evidence, GroupHealth, Judgement
from rollway.domain.environment import EnvironmentState
from rollway.domain.rollout import RolloutState
from rollway.domain.split import Split
from rollway.domain.words import CANARY, STABLE, Phase

NEW, OLD = "g00000000new", "g00000000old"
"""The group of the release that goes out, and the stable one."""

BEGAN = 1_000_000.0
"""When histories begin, in unix seconds."""

MOST_ACTS = 40
"""More acts than this without waiting are no progress."""

Command: TypeAlias = Literal["abort", "pause", "resume", "promote"]


@dataclass(frozen=True, slots=True)
class Tick:
    """What happens between two looks at a rollout.

    `after` seconds pass, `watched` of them with samples; a person may command something; `fails` is a call to the
    outside that fails at this look, `slow` one that has not come back yet (or whose daemon died). `new` and `old` are the two groups as seen, `judgements` those of the monitors.
    """

    after: float = 1.0
    watched: float = 0.0
    command: Command | None = None
    fails: bool = False
    slow: bool = False
    judgements: Mapping[str, Judgement] = field(default_factory=dict)
    new: GroupHealth = field(default_factory=GroupHealth)
    old: GroupHealth = field(default_factory=GroupHealth)
    mark: e.Cause | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One decision, and what it was made of."""

    state: RolloutState
    evidence: Evidence
    now: float
    decision: d.Decision


@dataclass(frozen=True, slots=True)
class Playing:
    """A rollout played so far: its stream, its environment's, both folded, and every decision on the way."""

    state: RolloutState
    environment: EnvironmentState
    facts: tuple[e.Fact, ...]
    environment_facts: tuple[e.Fact, ...]
    now: float
    moments: tuple[Moment, ...] = ()
    watched: tuple[tuple[int, int], float] = ((0, 0), 0.0)

    def append(self, *events: e.RolloutEvent) -> "Playing":
        """These events later in the rollout's stream. Raises IllegalHistory."""
        new = tuple(
            e.Fact(self.state.seq + i, self.now, "system:engine", event) for i, event in enumerate(events, 1)
        )
        return replace(self, state=rollouts.fold(new, self.state), facts=(*self.facts, *new))

    def append_to_environment(self, *events: e.EnvironmentEvent) -> "Playing":
        """These events later in the environment's stream. Raises IllegalHistory."""
        seq = self.environment.seq
        new = tuple(e.Fact(seq + i, self.now, "system:engine", event) for i, event in enumerate(events, 1))
        folded = environments.fold(new, self.environment)
        return replace(self, environment=folded, environment_facts=(*self.environment_facts, *new))


def admitted(
    plan: p.Plan, monitors: Sequence[e.MonitorUse] = (), *, stable: bool = True, unwatched: bool = False
) -> e.RolloutAdmitted:
    """Release v2 on its way to shop/prod, where v1 is stable unless it is the first release."""
    groups: Mapping[str, str] = {CANARY: NEW, STABLE: OLD} if stable else {CANARY: NEW}
    return e.RolloutAdmitted(
        rollout="r2",
        application="shop",
        environment="prod",
        release="v2",
        plan=plan,
        groups=groups,
        strategy="canary",
        previous_release="v1" if stable else None,
        monitors=tuple(monitors),
        unwatched=unwatched,
    )


def canary_plan(holds: Sequence[float] = (60.0,), *, stable: bool = True, instances: int = 1) -> p.Plan:
    """Provision, Verify; Shift and Observe for each hold; Shift 100, Promote, Retire the old."""
    shares = range(1_000, 10_000, 9_000 // (len(holds) + 1)) if holds else ()
    observed = [
        step
        for share, hold in zip(shares, holds, strict=False)
        for step in (p.Shift(split=_split(share, stable)), p.Observe(duration=hold))
    ]
    does: list[p.Instruction] = [
        p.Provision(group=CANARY, size=instances),
        p.Verify(group=CANARY),
        *observed,
        p.Shift(split=Split.all_to(CANARY)),
        p.Promote(group=CANARY),
    ]
    if stable:
        does.append(p.Retire(group=STABLE, after=10.0))
    return p.Plan(tuple(p.Step(step.kind, step) for step in does))


def _split(share: int, stable: bool) -> Split:
    return Split({CANARY: share, STABLE: 10_000 - share}) if stable else Split.all_to(CANARY)


def begin(event: e.RolloutAdmitted, at: float = BEGAN) -> Playing:
    """The rollout is admitted, in an environment where its stable group, if it has one, has all the traffic."""
    environment = EnvironmentState(event.application, event.environment)
    first = e.Fact(1, at, "user:ada", event)
    before = _history_of_stable(event) if STABLE in event.groups else ()
    empty = Playing(rollouts.fold([first]), environment, (first,), (), at)
    return empty.append_to_environment(*before, event)


def _history_of_stable(event: e.RolloutAdmitted) -> tuple[e.EnvironmentEvent, ...]:
    group, size = event.groups[STABLE], event.instances
    first = replace(event, rollout="r1", release="v1", groups={CANARY: group}, previous_release=None)
    return (
        first,
        e.GroupWanted(group=group, size=size),
        *(e.InstanceStarting(group=group, instance=f"{group}-{i}") for i in range(size)),
        e.Shifted(rollout="r1", split=Split.all_to(group)),
        e.Promoted(rollout="r1", group=group, release="v1"),
        e.RolloutEnded(rollout="r1", phase=Phase.PROMOTED, reason="v1 is stable"),
    )


def standing(event: e.RolloutAdmitted, step: int, *, started: bool = True) -> Playing:
    """The rollout at this step, begun or not: every step before it done, every monitor before it a pass."""
    playing = begin(event)
    for index in range(1, step):
        playing = _past(_begin(playing, index), index)
    return _begin(playing, step) if started else playing


def _past(playing: Playing, index: int) -> Playing:
    if isinstance(playing.state.admitted.plan.steps[index - 1].does, p.Observe):
        passed = {use.name: "pass" for use in playing.state.deciding}
        return playing.append(e.StepFinished(step=index, settled=passed))
    return _carry_out(playing, index)


def play(playing: Playing, happening: Iterable[Tick]) -> Playing:
    """One look after another, until the rollout has ended or nothing more happens.

    Raises AssertionError where a look acts more than `MOST_ACTS` times, IllegalHistory where `decide` breaks the fold.
    """
    for tick in happening:
        if playing.state.phase.ended:
            break
        playing = look(playing, tick)
    return playing


def look(playing: Playing, tick: Tick) -> Playing:
    """Time passes, a person may say something, then every decision until one waits is carried out."""
    playing = _command(replace(playing, now=playing.now + tick.after), tick)
    playing = _watch(playing, tick.watched)
    fails = tick.fails
    for _ in range(MOST_ACTS):
        evidence = evidence_of(playing, tick)
        decision = decide(playing.state, evidence, playing.now)
        moment = Moment(playing.state, evidence, playing.now, decision)
        playing = replace(playing, moments=(*playing.moments, moment))
        if isinstance(decision, d.Wait):
            return playing
        outside = isinstance(decision, d.Act) and isinstance(decision.action, d.CarryOut)
        if outside and tick.slow:
            return playing
        if outside and fails:
            playing, fails = playing.append(_failure(playing.state)), False
        else:
            playing = follow(playing, decision)
    raise AssertionError(f"{MOST_ACTS} acts and no progress: {playing.moments[-3:]}")


def evidence_of(playing: Playing, tick: Tick) -> Evidence:
    """The evidence of this look; seconds of watching count for one step, and anew after a person's `resume`."""
    state = playing.state
    key, seconds = playing.watched
    health = {state.group: tick.new} | ({state.stable: tick.old} if state.stable else {})
    watched = seconds if key == _watching(state) else 0.0
    waited = playing.now - state.step_started_at
    return Evidence(tick.judgements, watched, health, tick.mark, waited)


def _watching(state: RolloutState) -> tuple[int, int]:
    return state.step, state.observed_anew


def _watch(playing: Playing, seconds: float) -> Playing:
    key, before = playing.watched
    here = _watching(playing.state)
    return replace(playing, watched=(here, (before if key == here else 0.0) + seconds))


def _command(playing: Playing, tick: Tick) -> Playing:
    said: Mapping[str, e.RolloutEvent] = {
        "abort": e.AbortRequested(reason="ada said so"),
        "pause": e.PauseRequested(reason="ada wants to look"),
        "resume": e.ResumeRequested(),
        "promote": e.PromoteRequested(step=playing.state.step),
    }
    return playing.append(said[tick.command]) if tick.command else playing


def _failure(state: RolloutState) -> e.StepFailed:
    return e.StepFailed(step=state.step, reason="the router does not answer", hung=True)


def follow(playing: Playing, decision: d.Act | d.End) -> Playing:
    """What an engine whose calls all succeed appends for a decision, to both streams."""
    state = playing.state
    match decision:
        case d.End(phase=phase, reason=reason):
            return _both(playing, e.RolloutEnded(rollout=state.id, phase=phase, reason=reason))
        case d.Act(action=d.Begin(step=step)):
            return _begin(playing, step)
        case d.Act(action=d.CarryOut(step=step)):
            return _carry_out(playing, step)
        case d.Act(action=d.Lower(group=group, cause=cause)):
            return _lower(playing, group, cause)
        case d.Act(action=d.CloseConnections(group=group)):
            return _both(playing, e.ConnectionsClosed(group=group))
        case d.Act(action=d.TakeAway(group=group)):
            return _both(playing, e.GroupRetired(group=group, hard=True))
        case d.Act(action=d.Record(events=events)):
            return playing.append(*events)
    raise AssertionError(decision)


Shared: TypeAlias = e.Promoted | e.RolloutEnded | e.ConnectionsClosed | e.GroupRetired | e.WeightLowered


def _both(playing: Playing, event: Shared) -> Playing:
    return playing.append(event).append_to_environment(event)


def _begin(playing: Playing, step: int) -> Playing:
    state = playing.state
    playing = playing.append(e.StepStarted(step=step, key=f"{state.id}/{step}"))
    match state.admitted.plan.steps[step - 1].does:
        case p.Provision(group=role, size=size):
            wanted = e.GroupWanted(group=state.admitted.groups[role], size=size)
            return playing.append_to_environment(wanted)
        case p.Shift(split=split):
            return playing.append_to_environment(e.Shifted(rollout=state.id, split=state.bound(split)))
        case p.Retire(group=role, after=after):
            retired = e.GroupRetired(group=state.admitted.groups[role], after=after)
            return playing.append_to_environment(retired)
    return playing


def _carry_out(playing: Playing, step: int) -> Playing:
    state = playing.state
    match state.admitted.plan.steps[step - 1].does:
        case p.Promote(group=role):
            group = state.admitted.groups[role]
            playing = _both(
                playing, e.Promoted(rollout=state.id, group=group, release=state.admitted.release)
            )
    return playing.append(e.StepFinished(step=step))


def _lower(playing: Playing, group: str, cause: e.Cause) -> Playing:
    if not playing.state.taking_back:
        playing = playing.append(e.RollbackStarted(because=cause.because, reason=cause.reason))
    left = playing.environment.split.without(group, playing.environment.stable)
    return _both(playing, e.WeightLowered(group=group, split=left, reason=cause.reason))
