"""Legal histories of rollouts, as hypothesis strategies: `decide` itself, driven by invented evidence and commands.

Needs hypothesis; `rollway.testing.playing`, which plays them, does not.
"""

from collections.abc import Mapping

from hypothesis import strategies as st

from rollway.domain import events as e
from rollway.domain.decisions import GroupHealth, Judgement
from rollway.domain.words import Verdict
from rollway.testing.playing import Command, Playing, Tick, admitted, begin, canary_plan, play

MONITORS = ("error-rate", "latency", "orders")
_policies = st.sampled_from(e.Policy)


@st.composite
def monitor_uses(draw: st.DrawFn, name: str) -> e.MonitorUse:
    """A monitor of this name with any policies."""
    return e.MonitorUse(
        name=name,
        use=name,
        dry_run=draw(st.booleans()),
        extend=draw(st.sampled_from([0.0, 1.0, 3.0, 10.0])),
        min_requests=draw(st.sampled_from([0, 0, 100])),
        on_no_data=draw(_policies),
        on_error=draw(_policies),
        on_inconclusive=draw(_policies),
    )


@st.composite
def admissions(draw: st.DrawFn) -> e.RolloutAdmitted:
    """A canary with up to three holds and monitors, with or without a stable release, watched or not."""
    names = draw(st.lists(st.sampled_from(MONITORS), unique=True, max_size=len(MONITORS)))
    uses = [draw(monitor_uses(name)) for name in names]
    stable = draw(st.sampled_from([True, True, True, False]))
    holds = draw(st.lists(st.sampled_from([0.0, 1.0, 30.0]), max_size=3))
    plan = canary_plan(holds, stable=stable, instances=draw(st.integers(1, 3)))
    return admitted(plan, uses, stable=stable, unwatched=draw(st.booleans()))


def judgements() -> st.SearchStrategy[Mapping[str, Judgement]]:
    """What some of the monitors say."""
    verdict = st.builds(
        Judgement,
        st.sampled_from(Verdict),
        st.just("so the numbers say"),
        requests=st.sampled_from([0, 99, 100]),
    )
    return st.dictionaries(st.sampled_from(MONITORS), verdict, max_size=len(MONITORS))


def healths() -> st.SearchStrategy[GroupHealth]:
    """A group in any state."""
    return st.builds(
        GroupHealth,
        ready=st.integers(0, 3),
        live=st.integers(0, 3),
        deaths=st.integers(0, 4),
        known=st.booleans(),
    )


def ticks() -> st.SearchStrategy[Tick]:
    """Anything at all between two looks; the clock may even go back."""
    commands: list[Command | None] = [None, None, None, "abort", "pause", "resume", "promote"]
    return st.builds(
        Tick,
        after=st.sampled_from([0.0, 0.25, 1.0, 60.0, 400.0, -5.0]),
        watched=st.sampled_from([0.0, 0.25, 30.0]),
        command=st.sampled_from(commands),
        fails=st.sampled_from([False, False, False, True]),
        slow=st.booleans(),
        judgements=judgements(),
        new=healths(),
        old=healths(),
        mark=st.sampled_from([None] * 9 + [e.Cause(e.Because.MARK, "found lowered")]),
    )


def calm_ticks() -> st.SearchStrategy[Tick]:
    """Nothing takes the rollout back here: no instance dies, no monitor fails, nobody aborts."""
    verdicts = st.sampled_from(
        [Verdict.PASS, Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NO_DATA, Verdict.ERROR]
    )
    verdict = st.builds(Judgement, verdicts, requests=st.sampled_from([0, 100]))
    commands: list[Command | None] = [None, None, None, "pause", "resume", "promote"]
    return st.builds(
        Tick,
        after=st.sampled_from([0.25, 1.0, 60.0]),
        watched=st.sampled_from([0.0, 1.0, 30.0]),
        command=st.sampled_from(commands),
        slow=st.booleans(),
        judgements=st.dictionaries(st.sampled_from(MONITORS), verdict, max_size=len(MONITORS)),
        new=st.sampled_from([GroupHealth(ready=3, live=3), GroupHealth(live=3)]),
        old=st.just(GroupHealth(ready=3, live=3)),
    )


def playings() -> st.SearchStrategy[Playing]:
    """Legal histories: calm for a while, then anything."""
    happening = st.tuples(st.lists(calm_ticks(), max_size=12), st.lists(ticks(), max_size=6))
    return st.builds(lambda event, two: play(begin(event), [*two[0], *two[1]]), admissions(), happening)
