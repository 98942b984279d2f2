"""What a rollout does next, as tables: where it stands, what is known, and the decision in one sentence."""

from dataclasses import replace

import pytest

from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain.decide import DEATHS, IN_FLIGHT, decide
from rollway.domain.decisions import (
    Act,
    Begin,
    CarryOut,
    CloseConnections,
    Decision,
    End,
    Evidence,
    GroupHealth,
    Judgement,
    Lower,
    Record,
    TakeAway,
    Wait,
)
from rollway.domain.split import EMPTY, Split
from rollway.domain.words import CANARY, STABLE, Phase, Verdict
from rollway.testing.playing import BEGAN, NEW, OLD, Playing, admitted, canary_plan, standing

PROVISION, VERIFY, SHIFT, OBSERVE, SHIFT_ALL, PROMOTE, RETIRE, DONE = range(1, 9)
ERROR_RATE = e.MonitorUse(name="error-rate", use="error-rate")
CANARY_OF_V2 = admitted(canary_plan((60.0,), instances=2), (ERROR_RATE,))
FIRST_RELEASE = admitted(canary_plan((60.0,), stable=False), (ERROR_RATE,), stable=False)

WELL, DEAD = GroupHealth(ready=2, live=2), GroupHealth()
BOTH_WELL = {NEW: WELL, OLD: WELL}
FAILING = Evidence({"error-rate": Judgement(Verdict.FAIL, "5 % against 0 %", {"e": 7})}, 1.0, BOTH_WELL)
QUIET = Evidence(health=BOTH_WELL)
BLAMED = e.Cause(e.Because.VERDICT, "error-rate: 5 % against 0 %")
LOWERED = Act(Lower(NEW, BLAMED))
ABORTED = e.Cause(e.Because.ABORT, "ada said so")
AT_STABLE = Split({OLD: 10_000, NEW: 0})


def at(step: int, *events: e.RolloutEvent, begun: bool = True) -> Playing:
    return standing(CANARY_OF_V2, step, started=begun).append(*events)


def taken_back(*events: e.RolloutEvent, first: bool = False, abort: bool = False) -> Playing:
    playing = standing(FIRST_RELEASE if first else CANARY_OF_V2, OBSERVE)
    cause = ABORTED if abort else BLAMED
    return playing.append(e.RollbackStarted(because=cause.because, reason=cause.reason), *events)


def lowered(first: bool = False) -> e.WeightLowered:
    return e.WeightLowered(group=NEW, split=EMPTY if first else AT_STABLE, reason="error-rate")


CLOSED = e.ConnectionsClosed(group=NEW)
GONE = e.GroupRetired(group=NEW, hard=True)
PAUSED = e.PauseRequested(reason="ada wants to look")
AWAITED = e.EvidenceAwaited(step=OBSERVE, reason="error-rate is no_data")
ABORT = e.AbortRequested(reason="ada said so")


@pytest.mark.parametrize(
    ("where", "playing"),
    [
        ("before its first step", at(PROVISION, begun=False)),
        ("while its instances start", at(PROVISION)),
        ("while they are verified", at(VERIFY)),
        ("before the first shift", at(SHIFT, begun=False)),
        ("while a shift is in flight", at(SHIFT)),
        ("in a hold", at(OBSERVE)),
        ("in a hold that was extended", at(OBSERVE, e.StepExtended(step=OBSERVE, until=600.0, reason="few"))),
        ("paused by a person", at(OBSERVE, PAUSED)),
        ("paused with a shift in flight", at(SHIFT, PAUSED)),
        ("paused between steps", at(SHIFT_ALL, PAUSED, begun=False)),
        ("paused for evidence", at(OBSERVE, AWAITED)),
        ("waved on by a person", at(OBSERVE, e.PromoteRequested(step=OBSERVE))),
        ("at full weight", at(SHIFT_ALL)),
        ("on the point of promotion", at(PROMOTE, begun=False)),
        ("while it is promoted", at(PROMOTE)),
    ],
)
def test_a_failing_verdict_lowers_the_weight_at_once(where: str, playing: Playing) -> None:
    assert decide(playing.state, FAILING, playing.now) == LOWERED
    aborted = playing.append(ABORT)
    assert decide(aborted.state, QUIET, playing.now) == Act(Lower(NEW, ABORTED))


def watched_by(**changes: object) -> Playing:
    use = replace(ERROR_RATE, **changes)  # type: ignore[arg-type]
    return standing(admitted(canary_plan((60.0,)), (use,)), OBSERVE)


MARK = e.Cause(e.Because.MARK, "lowered before the daemon died")
DYING = GroupHealth(ready=1, live=1, deaths=DEATHS, complaint="exit code 1", output=("no database",))
UNWATCHED = standing(admitted(canary_plan((60.0,)), (ERROR_RATE,), unwatched=True), OBSERVE)
DRY = watched_by(dry_run=True)
REACHED = e.VerdictReached(
    step=OBSERVE, monitor="error-rate", verdict=Verdict.FAIL, reason="5 % against 0 %", evidence={"e": 7}
)
NEWS = Act(Record((REACHED,)))
NO_EVIDENCE_4 = e.StepFailed(step=PROMOTE, reason=f"no evidence for step {OBSERVE}")


@pytest.mark.parametrize(
    ("sentence", "playing", "evidence", "expected"),
    [
        (
            "a mark on the node lowers, even where nothing else is known",
            at(OBSERVE),
            Evidence(mark=MARK),
            Act(Lower(NEW, MARK)),
        ),
        (
            "an abort that is in the log goes before the mark that it left",
            at(OBSERVE, ABORT),
            Evidence(mark=MARK),
            Act(Lower(NEW, ABORTED)),
        ),
        (
            "a step that failed takes it back",
            at(SHIFT, e.StepFailed(step=SHIFT, reason="the router hangs", hung=True)),
            QUIET,
            Act(Lower(NEW, e.Cause(e.Because.STEP, "the router hangs"))),
        ),
        (
            "three deaths more than stable's take it back, with its last output",
            at(VERIFY),
            Evidence(health={NEW: DYING, OLD: WELL}),
            Act(
                Lower(
                    NEW,
                    e.Cause(
                        e.Because.DEATHS,
                        "instances of v2 died 3 times: exit code 1; its last output:\n  no database",
                    ),
                )
            ),
        ),
        (
            "where stable dies as often, the machine is to blame",
            at(VERIFY),
            Evidence(health={NEW: DYING, OLD: replace(WELL, deaths=1)}),
            Wait(BEGAN + 300.0),
        ),
        ("a dry run that fails is recorded", DRY, FAILING, NEWS),
        ("and does nothing", DRY.append(REACHED), FAILING, Wait()),
        ("unwatched, a failing monitor is recorded", UNWATCHED, FAILING, NEWS),
        ("and does nothing either", UNWATCHED.append(REACHED), FAILING, Wait()),
        (
            "a monitor that this rollout does not use says nothing",
            at(OBSERVE),
            Evidence({"other": Judgement(Verdict.FAIL)}, 1.0, BOTH_WELL),
            Wait(),
        ),
        (
            "where no instance of stable is healthy, traffic stays, and the log keeps the verdict's numbers",
            at(OBSERVE),
            replace(FAILING, health={NEW: WELL, OLD: DEAD}),
            Act(
                Record(
                    (
                        REACHED,
                        e.RollbackStarted(because=BLAMED.because, reason=BLAMED.reason),
                        e.RollbackDelayed(
                            reason=f"{BLAMED.reason}; traffic stays where it is: stable has no healthy instance."
                            " Waiting for one."
                        ),
                    )
                )
            ),
        ),
        (
            "where nobody has looked at stable yet, nothing is waited for",
            at(OBSERVE),
            replace(FAILING, health={NEW: WELL}),
            LOWERED,
        ),
        (
            "where neither side is healthy, traffic leaves the bad one",
            at(OBSERVE),
            replace(FAILING, health={NEW: DEAD, OLD: DEAD}),
            LOWERED,
        ),
        (
            "without any traffic yet, stable's health does not matter",
            at(VERIFY),
            replace(FAILING, health={NEW: WELL, OLD: DEAD}),
            LOWERED,
        ),
        ("a first release goes to nothing", standing(FIRST_RELEASE, OBSERVE), FAILING, LOWERED),
    ],
)
def test_what_takes_a_rollout_back(
    sentence: str, playing: Playing, evidence: Evidence, expected: Decision
) -> None:
    assert decide(playing.state, evidence, playing.now) == expected


DELAYED = e.RollbackDelayed(reason="stable has no healthy instance")


@pytest.mark.parametrize(
    ("sentence", "playing", "evidence", "after", "expected"),
    [
        (
            "delayed, it waits for stable",
            taken_back(DELAYED),
            Evidence(health={NEW: WELL, OLD: DEAD}),
            9.0,
            Wait(),
        ),
        ("stable is back: now the weight goes", taken_back(DELAYED), QUIET, 9.0, LOWERED),
        (
            "the bad side dies too: now the weight goes",
            taken_back(DELAYED),
            Evidence(health={NEW: DEAD, OLD: DEAD}),
            9.0,
            LOWERED,
        ),
        (
            "requests in flight get half a second",
            taken_back(lowered()),
            QUIET,
            0.1,
            Wait(BEGAN + IN_FLIGHT),
        ),
        (
            "then connections are closed",
            taken_back(lowered()),
            QUIET,
            IN_FLIGHT,
            Act(CloseConnections(NEW)),
        ),
        (
            "at once where the clock was set back",
            taken_back(lowered()),
            QUIET,
            -60.0,
            Act(CloseConnections(NEW)),
        ),
        ("then the instances are taken away", taken_back(lowered(), CLOSED), QUIET, 1.0, Act(TakeAway(NEW))),
        (
            "then it has been rolled back",
            taken_back(lowered(), CLOSED, GONE),
            QUIET,
            1.0,
            End(Phase.ROLLED_BACK, BLAMED.reason),
        ),
        (
            "an abort ends as aborted",
            taken_back(lowered(), CLOSED, GONE, abort=True),
            QUIET,
            1.0,
            End(Phase.ABORTED, "ada said so"),
        ),
        (
            "an abort that came after the verdict changes nothing",
            taken_back(ABORT, lowered(), CLOSED, GONE),
            QUIET,
            1.0,
            End(Phase.ROLLED_BACK, BLAMED.reason),
        ),
        (
            "a first release has failed",
            taken_back(lowered(first=True), CLOSED, GONE, first=True),
            QUIET,
            1.0,
            End(Phase.FAILED, BLAMED.reason),
        ),
        ("a pause while rolling back holds nothing up", taken_back(PAUSED), QUIET, 1.0, LOWERED),
        (
            "nothing waits for a better verdict",
            taken_back(lowered(), CLOSED),
            Evidence({"error-rate": Judgement(Verdict.PASS)}, 600.0, BOTH_WELL),
            1.0,
            Act(TakeAway(NEW)),
        ),
    ],
)
def test_the_way_back(
    sentence: str, playing: Playing, evidence: Evidence, after: float, expected: Decision
) -> None:
    assert decide(playing.state, evidence, playing.now + after) == expected


def test_connections_that_never_were_are_not_closed() -> None:
    playing = at(VERIFY, e.RollbackStarted(because=e.Because.STEP, reason="never healthy"), lowered())
    assert decide(playing.state, QUIET, playing.now) == Act(TakeAway(NEW))


def _promoted() -> Playing:
    promoted = e.Promoted(rollout="r2", group=NEW, release="v2")
    return at(PROMOTE, promoted, e.StepFinished(step=PROMOTE))


@pytest.mark.parametrize(
    ("sentence", "playing", "expected"),
    [
        ("the old group is retired", _promoted(), Act(Begin(RETIRE))),
        ("an abort comes too late", _promoted().append(ABORT), Act(Begin(RETIRE))),
        ("and so does a pause", _promoted().append(PAUSED), Act(Begin(RETIRE))),
        ("that was not confirmed: again", at(RETIRE), Act(CarryOut(RETIRE))),
        ("all is done", at(DONE, begun=False), End(Phase.PROMOTED, "v2 is stable")),
    ],
)
def test_what_is_promoted_is_never_taken_back_by_a_verdict(
    sentence: str, playing: Playing, expected: Decision
) -> None:
    assert decide(playing.state, replace(FAILING, mark=MARK), playing.now) == expected


def failed(step: int, reason: str) -> Act:
    return Act(Record((e.StepFailed(step=step, reason=reason),)))


STARTING = GroupHealth(
    ready=1, live=2, complaint="GET /healthz: 503", output=("cannot reach the database", "giving up")
)


@pytest.mark.parametrize(
    ("sentence", "playing", "evidence", "after", "expected"),
    [
        ("it begins with its first step", at(PROVISION, begun=False), QUIET, 0.0, Act(Begin(PROVISION))),
        ("what is not known to be done is done again", at(PROVISION), QUIET, 9.0, Act(CarryOut(PROVISION))),
        ("paused between steps it begins none", at(SHIFT, PAUSED, begun=False), QUIET, 9.0, Wait()),
        (
            "paused with a call in flight, that is finished",
            at(SHIFT, PAUSED),
            QUIET,
            0.0,
            Act(CarryOut(SHIFT)),
        ),
        (
            "and the next not begun",
            at(SHIFT, PAUSED, e.StepFinished(step=SHIFT)),
            QUIET,
            0.0,
            Wait(),
        ),
        (
            "resumed it goes on",
            at(SHIFT, PAUSED, e.ResumeRequested(), begun=False),
            QUIET,
            0.0,
            Act(Begin(SHIFT)),
        ),
        (
            "promoted while paused it goes on as well",
            at(SHIFT, PAUSED, e.PromoteRequested(step=SHIFT), begun=False),
            QUIET,
            0.0,
            Act(Begin(SHIFT)),
        ),
        (
            "a promote of a step that is over does not end a pause",
            at(SHIFT_ALL, PAUSED, e.PromoteRequested(step=OBSERVE), begun=False),
            QUIET,
            0.0,
            Wait(),
        ),
        (
            "every instance is healthy: verified",
            at(VERIFY),
            QUIET,
            299.0,
            Act(Record((e.StepFinished(step=VERIFY),))),
        ),
        (
            "one of two is not",
            at(VERIFY),
            Evidence(health={NEW: STARTING}, waited=299.0),
            299.0,
            Wait(BEGAN + 300.0),
        ),
        (
            "a clock set forward, or a daemon that was away, is no time waited",
            at(VERIFY),
            Evidence(waited=1.0),
            3600.0,
            Wait(BEGAN + 3600.0 + 299.0),
        ),
        (
            "the deadline is over: the reason has the last lines of its output",
            at(VERIFY),
            Evidence(health={NEW: STARTING}, waited=300.0),
            300.0,
            failed(
                VERIFY,
                "1 of 2 instances of v2 healthy after 300 s: GET /healthz: 503; its last output:"
                "\n  cannot reach the database\n  giving up",
            ),
        ),
        (
            "healthy at the last moment is healthy",
            at(VERIFY),
            QUIET,
            300.0,
            Act(Record((e.StepFinished(step=VERIFY),))),
        ),
        ("with all evidence it promotes", at(PROMOTE, begun=False), QUIET, 0.0, Act(Begin(PROMOTE))),
    ],
)
def test_going_forward(
    sentence: str, playing: Playing, evidence: Evidence, after: float, expected: Decision
) -> None:
    assert decide(playing.state, evidence, playing.now + after) == expected


def _observed(settled: dict[str, str]) -> Playing:
    """A log in which the observed step ended so, whoever wrote it."""
    done = e.StepFinished(step=OBSERVE, settled=settled)
    both = (done, e.StepStarted(step=SHIFT_ALL, key="k"), e.StepFinished(step=SHIFT_ALL))
    return at(OBSERVE, *both)


def test_promote_is_refused_where_an_observed_step_was_not_settled() -> None:
    assert decide(_observed({}).state, QUIET, BEGAN) == Act(Record((NO_EVIDENCE_4,)))
    assert decide(_observed({"other": "pass"}).state, QUIET, BEGAN) == Act(Record((NO_EVIDENCE_4,)))
    assert decide(_observed({"error-rate": "pass"}).state, QUIET, BEGAN) == Act(Begin(PROMOTE))


@pytest.mark.parametrize(
    "steps", [(), (p.Step("provision", p.Provision(group=CANARY, size=1)),)], ids=["empty", "short"]
)
def test_a_plan_that_never_promotes_is_taken_back_at_its_end(steps: tuple[p.Step, ...]) -> None:
    playing = standing(admitted(p.Plan(steps)), len(steps) + 1, started=False)
    assert decide(playing.state, QUIET, BEGAN) == failed(len(steps) + 1, "the plan ends without a promotion")


@pytest.mark.parametrize("phase", [Phase.ROLLED_BACK, Phase.ABORTED, Phase.FAILED])
def test_an_ended_rollout_does_nothing(phase: Phase) -> None:
    playing = taken_back(lowered(), CLOSED, GONE, e.RolloutEnded(rollout="r2", phase=phase, reason="over"))
    assert decide(playing.state, FAILING, BEGAN) == Wait()


def test_roles_of_the_plan_become_groups() -> None:
    seen = at(SHIFT).state
    assert seen.split == Split({NEW: 1_000, OLD: 9_000})
    assert seen.weight == 1_000
    assert CANARY_OF_V2.groups == {CANARY: NEW, STABLE: OLD}
