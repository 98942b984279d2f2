"""What cannot follow what the log said before is refused, in rollouts and environments."""

from dataclasses import replace

import pytest

from rollway.domain import environment as environments
from rollway.domain import events as e
from rollway.domain import rollout as rollouts
from rollway.domain.environment import ROLLBACK, EnvironmentState
from rollway.domain.split import EMPTY, Split
from rollway.domain.words import CANARY, STABLE, Phase
from rollway.testing.playing import BEGAN, NEW, OLD, Playing, admitted, begin, canary_plan, standing

V2 = admitted(canary_plan((60.0,)))
PROVISION, VERIFY, SHIFT, OBSERVE, SHIFT_ALL, PROMOTE, RETIRE, DONE = range(1, 9)
STARTED = e.RollbackStarted(because=e.Because.VERDICT, reason="error-rate")
LOWERED = e.WeightLowered(group=NEW, split=Split({OLD: 10_000}), reason="error-rate")
PROMOTED = e.Promoted(rollout="r2", group=NEW, release="v2")
PAUSED = e.PauseRequested()


def at(step: int, *events: e.RolloutEvent, begun: bool = True) -> Playing:
    return standing(V2, step, started=begun).append(*events)


def ended(phase: Phase) -> e.RolloutEnded:
    return e.RolloutEnded(rollout="r2", phase=phase, reason="over")


def start(step: int) -> e.StepStarted:
    return e.StepStarted(step=step, key="another")


@pytest.mark.parametrize(
    ("sentence", "playing", "event"),
    [
        ("a rollout is admitted once", at(PROVISION), V2),
        ("a step is started once, its key stays", at(SHIFT), start(SHIFT)),
        ("no step is left out", at(SHIFT, begun=False), start(OBSERVE)),
        ("none is started again later", at(SHIFT), start(VERIFY)),
        ("there is no step after the last", at(DONE, begun=False), start(DONE)),
        ("none begins while paused", at(SHIFT, PAUSED, begun=False), start(SHIFT)),
        ("none begins on the way back", at(SHIFT, STARTED, begun=False), start(SHIFT)),
        ("what was not begun is not finished", at(SHIFT, begun=False), e.StepFinished(step=SHIFT)),
        ("nor is another step", at(SHIFT), e.StepFinished(step=OBSERVE)),
        ("nothing is finished on the way back", at(SHIFT, STARTED), e.StepFinished(step=SHIFT)),
        (
            "nothing is extended on the way back",
            at(OBSERVE, STARTED),
            e.StepExtended(step=4, until=9, reason=""),
        ),
        ("nothing is awaited on the way back", at(OBSERVE, STARTED), e.EvidenceAwaited(step=4, reason="")),
        ("nor at another step", at(OBSERVE), e.EvidenceAwaited(step=3, reason="")),
        ("only a step that promotes promotes", at(OBSERVE), PROMOTED),
        ("and only once begun", at(PROMOTE, begun=False), PROMOTED),
        ("nothing is promoted on the way back", at(PROMOTE, STARTED), PROMOTED),
        ("what is promoted is not taken back", at(PROMOTE, PROMOTED), STARTED),
        ("lowered is lowered to 0", at(OBSERVE, STARTED), replace(LOWERED, split=Split({NEW: 10_000}))),
        ("promoted is no end before promotion", at(RETIRE - 1), ended(Phase.PROMOTED)),
        ("rolled back is no end without a way back", at(OBSERVE), ended(Phase.ROLLED_BACK)),
        ("nor is aborted", at(OBSERVE, e.AbortRequested(reason="")), ended(Phase.ABORTED)),
        ("running is no end", at(OBSERVE), ended(Phase.RUNNING)),
        ("after the end nothing happens", at(OBSERVE, STARTED, ended(Phase.ROLLED_BACK)), PAUSED),
        ("an environment's event is none of a rollout's", at(OBSERVE), e.GroupGone(group=NEW)),
    ],
)
def test_a_rollout_refuses(sentence: str, playing: Playing, event: e.Event) -> None:
    fact = e.Fact(playing.state.seq + 1, BEGAN, "system:engine", event)
    with pytest.raises(e.IllegalHistory):
        rollouts.apply(playing.state, fact)


def test_a_split_for_a_role_without_a_group_is_refused() -> None:
    first = admitted(canary_plan((60.0,)), stable=False)
    playing = begin(first).append(*(event for n in (1, 2) for event in (start(n), e.StepFinished(step=n))))
    with pytest.raises(e.IllegalHistory, match="stable"):
        playing.append(start(SHIFT))


def test_an_empty_history_is_no_rollout() -> None:
    with pytest.raises(ValueError, match="empty"):
        rollouts.fold([])
    with pytest.raises(e.IllegalHistory):
        rollouts.fold([e.Fact(1, BEGAN, "user:ada", PAUSED)])
    with pytest.raises(e.IllegalHistory):
        rollouts.fold([e.Fact(2, BEGAN, "user:ada", V2)])


@pytest.mark.parametrize(
    ("sentence", "playing", "phase", "waiting_for"),
    [
        (
            "a pause that meets a call in flight outlives it",
            at(SHIFT, PAUSED, e.StepFinished(step=SHIFT)),
            "paused",
            "person",
        ),
        ("resume ends it", at(SHIFT, PAUSED, e.ResumeRequested()), "running", None),
        ("so does promote", at(SHIFT, PAUSED, e.PromoteRequested(step=SHIFT)), "running", None),
        (
            "a promote that came too late does not",
            at(SHIFT, PAUSED, e.PromoteRequested(step=1)),
            "paused",
            "person",
        ),
        ("promotion ends it", at(PROMOTE, PAUSED, PROMOTED), "promoting", None),
        ("the way back ends it", at(SHIFT, PAUSED, STARTED), "rolling_back", None),
        ("on the way back there is none", at(SHIFT, STARTED, PAUSED), "rolling_back", None),
        ("after promotion there is none", at(PROMOTE, PROMOTED, PAUSED), "promoting", None),
        ("promoting is a phase", at(PROMOTE), "promoting", None),
    ],
)
def test_the_phase_that_people_see(
    sentence: str, playing: Playing, phase: str, waiting_for: str | None
) -> None:
    assert (playing.state.phase, playing.state.waiting_for) == (phase, waiting_for)
    assert playing.state.held == (phase == "paused")


def test_the_first_reason_of_a_way_back_is_the_one_that_counts() -> None:
    state = at(OBSERVE, STARTED, e.AbortRequested(reason="late")).state
    assert state.cause == e.Cause(e.Because.VERDICT, "error-rate")


def test_before_the_first_shift_stable_has_everything_and_keeps_it() -> None:
    state = at(VERIFY).state
    assert (state.split, state.weight) == (Split.all_to(OLD), 0)
    assert state.split.without(NEW, state.stable) == Split({OLD: 10_000, NEW: 0})
    first = begin(admitted(canary_plan((60.0,), stable=False), stable=False)).state
    assert first.split == EMPTY


def test_only_the_new_group_is_gone_when_it_is_taken_away() -> None:
    assert not at(RETIRE, e.GroupRetired(group=OLD)).state.gone
    assert at(OBSERVE, STARTED, LOWERED, e.GroupRetired(group=NEW)).state.gone


def instance(kind: type, group: str, id_: str) -> e.EnvironmentEvent:
    made: e.EnvironmentEvent = (
        e.InstanceDied(group=group, instance=id_, detail="exit code 1")
        if kind is e.InstanceDied
        else kind(group=group, instance=id_)
    )
    return made


def environment(*events: e.EnvironmentEvent, step: int = OBSERVE) -> Playing:
    return standing(V2, step).append_to_environment(*events)


STARTING = instance(e.InstanceStarting, NEW, "i1")
DIED = instance(e.InstanceDied, NEW, "i1")
RETIRED = e.GroupRetired(group=NEW, hard=True)
DOWN = e.WeightLowered(group=NEW, split=Split({OLD: 10_000, NEW: 0}), reason="error-rate")


@pytest.mark.parametrize(
    ("sentence", "playing", "event"),
    [
        ("one rollout holds it at a time", environment(), replace(V2, rollout="r3", groups={CANARY: "g3"})),
        (
            "a group belongs to one rollout for life",
            environment(DOWN, RETIRED, ended(Phase.ROLLED_BACK)),
            replace(V2, rollout="r3", groups={CANARY: OLD}),
        ),
        ("only who holds it ends", environment(), replace(ended(Phase.FAILED), rollout="r9")),
        ("the stable group is not retired", environment(), e.GroupRetired(group=OLD)),
        ("nor forgotten", environment(), e.GroupGone(group=OLD)),
        ("what has traffic is not forgotten", environment(), e.GroupGone(group=NEW)),
        ("nor what has instances", environment(STARTING, DOWN, RETIRED), e.GroupGone(group=NEW)),
        ("what is retired does not become stable", environment(DOWN, RETIRED), PROMOTED),
        ("traffic goes to known groups", environment(), e.Shifted(rollout="r2", split=Split.all_to("g9"))),
        ("lowered is lowered to 0", environment(), replace(DOWN, split=Split({OLD: 1, NEW: 9_999}))),
        ("nor to nothing while there is a stable", environment(step=PROVISION), replace(DOWN, split=EMPTY)),
        ("an id is used once", environment(STARTING), STARTING),
        ("an instance dies once", environment(STARTING, DIED), DIED),
        ("an unknown one does not", environment(), DIED),
        ("nor is it stopped", environment(), instance(e.InstanceStopping, NEW, "i9")),
        ("an unknown group wants nothing", environment(), e.GroupWanted(group="g9", size=1)),
        ("nor starts anything", environment(), instance(e.InstanceStarting, "g9", "i1")),
        ("nor is promoted", environment(), replace(PROMOTED, group="g9")),
        ("nor is gone", environment(), e.GroupGone(group="g9")),
        ("a rollout's event is none of its", environment(), PAUSED),
    ],
)
def test_an_environment_refuses(sentence: str, playing: Playing, event: e.Event) -> None:
    fact = e.Fact(playing.environment.seq + 1, BEGAN, "system:engine", event)
    with pytest.raises(e.IllegalHistory):
        environments.apply(playing.environment, fact)


def test_a_group_that_is_gone_leaves_nothing_behind_for_the_router() -> None:
    gone = environment(DOWN, RETIRED, e.GroupGone(group=NEW)).environment
    assert gone.split == Split.all_to(OLD)
    assert NEW not in gone.groups
    assert gone.lowered == frozenset()


def test_a_second_retirement_is_never_softer_or_later() -> None:
    hard = environment(DOWN, RETIRED, e.GroupRetired(group=NEW, after=60.0)).environment.groups[NEW]
    assert (hard.hard, hard.closes_at, hard.retired_at) == (True, BEGAN, BEGAN)


def test_a_shift_lifts_what_was_lowered() -> None:
    assert environment(DOWN).environment.lowered == {NEW}
    again = e.Shifted(rollout="r2", split=Split({NEW: 5_000, OLD: 5_000}))
    assert environment(DOWN, again).environment.lowered == frozenset()


def delivered(*releases: str) -> EnvironmentState:
    """An environment where these were promoted one after the other; `<v1` went back to v1."""
    state = EnvironmentState("shop", "prod")
    for n, name in enumerate(releases):
        release, group, id_ = name.lstrip("<"), f"g{n}", f"r{n}"
        event = replace(
            V2,
            rollout=id_,
            release=release,
            groups={CANARY: group},
            strategy=ROLLBACK if name.startswith("<") else "canary",
        )
        for what in (
            event,
            e.Promoted(rollout=id_, group=group, release=release),
            e.RolloutEnded(rollout=id_, phase=Phase.PROMOTED, reason=""),
        ):
            state = environments.apply(state, e.Fact(state.seq + 1, BEGAN + state.seq, "user:ada", what))
    return state


@pytest.mark.parametrize(
    ("releases", "good"),
    [
        (["v1", "v2"], ["v1", "v2"]),
        (["v1", "v2", "<v1"], ["v1", "v1"]),
        (["v1", "v2", "v3", "<v1"], ["v1", "v1"]),
        (["v1", "v2", "v3", "<v2"], ["v1", "v2", "v2"]),
        (["v1", "v2", "<v1", "<v2"], ["v1", "v2"]),
        (["v1", "v2", "<v0"], ["v1", "v0"]),
        (["v1", "v2", "<v1", "v3"], ["v1", "v1", "v3"]),
    ],
)
def test_what_a_rollback_went_past_is_taken_back(releases: list[str], good: list[str]) -> None:
    state = delivered(*releases)
    assert [record.release for record in state.promoted if not record.taken_back] == good
    assert state.stable_release == releases[-1].lstrip("<")
    assert (state.phase, state.rollout) == ("steady", None)


def test_a_first_release_that_fails_leaves_an_empty_environment() -> None:
    first = admitted(canary_plan((60.0,), stable=False), stable=False)
    playing = standing(first, OBSERVE).append_to_environment(
        e.WeightLowered(group=NEW, split=EMPTY, reason=""), RETIRED, ended(Phase.FAILED)
    )
    state = playing.environment
    assert (state.phase, state.stable, state.stable_release, state.split) == ("empty", None, None, EMPTY)
    assert STABLE not in first.groups
