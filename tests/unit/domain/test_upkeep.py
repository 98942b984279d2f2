"""Keeping groups at their wanted numbers: chores against a target in memory that does as it is told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import count, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.domain import environment as environments
from rollway.domain import events as e
from rollway.domain import upkeep as u
from rollway.domain.effects import Mark
from rollway.domain.environment import EnvironmentState, GroupState
from rollway.domain.instances import Health, Instance
from rollway.domain.split import Split
from rollway.domain.traffic import Address, Connections
from rollway.testing.playing import BEGAN, NEW, OLD, admitted, canary_plan, standing

SHIFT = 3
V2 = admitted(canary_plan((60.0,), instances=2))
STARTING, HEALTHY, UNHEALTHY, DEAD = Health.STARTING, Health.HEALTHY, Health.UNHEALTHY, Health.DEAD


class Yard:
    """An environment and its target: what a faultless engine does with chores.

    `loses` are starts that never reach the target although they stand in the log.
    """

    def __init__(self, loses: int = 0) -> None:
        self.state: EnvironmentState = standing(V2, SHIFT).environment
        self.seen: dict[str, Instance] = {}
        self.now = BEGAN
        self.done: list[u.Chore] = []
        self.started: list[str] = []
        self._loses = loses
        self._ids = (f"i{n}" for n in count())

    def record(self, event: e.EnvironmentEvent) -> None:
        self.state = environments.apply(
            self.state, e.Fact(self.state.seq + 1, self.now, "system:engine", event)
        )

    def work(self) -> tuple[u.Chore, ...]:
        """One look, everything that is due done."""
        due = u.chores(self.state, self.seen, self.now)
        for chore in due:
            self._do(chore)
        self.done += due
        return due

    def settle(self, looks: int = 60) -> list[u.Chore]:
        """Look until nothing is due and nothing is announced; at most so often."""
        before = len(self.done)
        for _ in range(looks):
            if not self.work():
                due = u.next_look(self.state, self.now)
                if due is None:
                    return self.done[before:]
                self.now = due
        raise AssertionError(f"not settled: {self.done[-5:]}")

    def group(self, id_: str = NEW) -> GroupState:
        return self.state.groups[id_]

    def living(self, id_: str = NEW) -> list[Instance]:
        return [i for i in self.seen.values() if i.group == id_ and i.health is not DEAD]

    def kill(self, id_: str) -> None:
        self.seen[id_] = replace(self.seen[id_], health=DEAD, detail="exit code 1")

    def _do(self, chore: u.Chore) -> None:
        match chore:
            case u.StartInstance(group=group):
                id_ = next(self._ids)
                self.record(e.InstanceStarting(group=group, instance=id_))
                self._start(group, id_)
            case u.Restart(group=group, instance=id_):
                self._start(group, id_)
            case u.RecordDeath(group=group, instance=id_, detail=detail):
                self.record(e.InstanceDied(group=group, instance=id_, detail=detail))
            case u.TakeOut(group=group, instance=id_):
                self.record(e.InstanceStopping(group=group, instance=id_))
            case u.StopInstance(group=group, instance=id_):
                self.seen.pop(id_, None)
                self.record(e.InstanceStopped(group=group, instance=id_))
            case u.CloseGroup(group=group):
                self.record(e.ConnectionsClosed(group=group))
            case u.ForgetGroup(group=group):
                self.record(e.GroupGone(group=group))

    def _start(self, group: str, id_: str) -> None:
        if self._loses > 0:
            self._loses -= 1
            return
        self.started.append(id_)
        self.seen[id_] = Instance(id_, group, HEALTHY, Address("127.0.0.1", 20_000 + len(self.started)))


@pytest.fixture
def yard() -> Yard:
    made = Yard()
    made.settle()
    return made


def lower(yard: Yard) -> None:
    yard.record(e.WeightLowered(group=NEW, split=Split({OLD: 10_000, NEW: 0}), reason="error-rate"))


def test_the_wanted_number_is_started_and_then_left_alone(yard: Yard) -> None:
    assert len(yard.living(NEW)) == yard.group(NEW).wanted == 2
    assert len(yard.living(OLD)) == yard.group(OLD).wanted == 1
    assert yard.work() == ()
    assert u.next_look(yard.state, yard.now) is None


def test_a_start_that_the_target_never_heard_of_is_repeated_under_the_same_id() -> None:
    yard = Yard(loses=2)
    yard.settle()
    assert Counter(type(chore) for chore in yard.done) == {u.Restart: 2 + 1, u.StartInstance: 2}
    assert len(set(yard.started)) == len(yard.started) == 3


def test_one_that_died_is_replaced_after_its_backoff_by_a_new_one(yard: Yard) -> None:
    (first, _) = yard.living(NEW)
    yard.kill(first.id)
    assert yard.work() == (u.RecordDeath(NEW, first.id, "exit code 1"),)
    assert yard.work() == (u.StopInstance(NEW, first.id, hard=True),)
    assert yard.work() == ()
    assert u.next_look(yard.state, yard.now) == yard.now + u.FIRST_BACKOFF
    yard.now += u.FIRST_BACKOFF
    assert yard.work() == (u.StartInstance(NEW),)
    assert first.id not in {i.id for i in yard.living(NEW)}
    assert yard.group(NEW).died == 1


def test_the_backoff_doubles_up_to_its_longest_and_is_forgiven() -> None:
    group = GroupState(NEW, V2, wanted=1)
    waits = [u.may_start_at(replace(group, deaths=(BEGAN,) * n), BEGAN) - BEGAN for n in range(1, 9)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    after = BEGAN + u.FORGIVEN_AFTER
    assert u.may_start_at(replace(group, deaths=(BEGAN,) * 9), after) == after


def test_one_too_many_is_taken_out_first_and_stopped_when_nothing_is_sent_to_it_any_more(yard: Yard) -> None:
    yard.record(e.GroupWanted(group=NEW, size=1))
    (taken,) = yard.work()
    assert isinstance(taken, u.TakeOut)
    assert yard.work() == ()
    yard.now += u.QUIET
    assert yard.work() == (u.StopInstance(NEW, taken.instance),)
    assert yard.settle() == []


@pytest.mark.parametrize("health", [STARTING, UNHEALTHY])
def test_one_that_does_not_answer_is_taken_out_before_one_that_does(yard: Yard, health: Health) -> None:
    (_, second) = yard.living(NEW)
    yard.seen[second.id] = replace(second, health=health)
    yard.record(e.GroupWanted(group=NEW, size=1))
    assert yard.work() == (u.TakeOut(NEW, second.id),)


def test_one_too_many_that_the_target_lost_is_not_started_again(yard: Yard) -> None:
    (lost, _) = yard.living(NEW)
    del yard.seen[lost.id]
    yard.record(e.GroupWanted(group=NEW, size=1))
    assert yard.work() == (u.TakeOut(NEW, lost.id),)


def test_an_ordinary_retirement_drains_closes_stops_and_forgets_in_this_order(yard: Yard) -> None:
    lower(yard)
    yard.record(e.GroupRetired(group=NEW, after=10.0))
    assert yard.work() == ()
    assert u.next_look(yard.state, yard.now) == yard.now + 10.0
    assert len(u.endpoints(yard.group(NEW), yard.seen)) == 2
    kinds = [type(chore) for chore in yard.settle()]
    assert kinds == [u.CloseGroup, *[u.TakeOut] * 2, *[u.StopInstance] * 2, u.ForgetGroup]
    assert yard.now >= BEGAN + 10.0 + u.QUIET
    assert NEW not in yard.state.groups


def test_a_hard_retirement_waits_for_nothing(yard: Yard) -> None:
    lower(yard)
    ids = sorted(i.id for i in yard.living(NEW))
    yard.record(e.GroupRetired(group=NEW, after=60.0, hard=True))
    before = yard.now
    assert yard.work() == tuple(u.TakeOut(NEW, id_) for id_ in ids)
    assert yard.work() == tuple(u.StopInstance(NEW, id_, hard=True) for id_ in ids)
    assert yard.work() == (u.ForgetGroup(NEW),)
    assert yard.now == before


@pytest.mark.parametrize("hard", [True, False])
def test_nothing_of_a_retired_group_is_started_again(yard: Yard, hard: bool) -> None:
    first, second = yard.living(NEW)
    lower(yard)
    yard.record(e.GroupRetired(group=NEW, after=10.0, hard=hard))
    yard.kill(first.id)
    del yard.seen[second.id]
    started = len(yard.started)
    done = yard.settle()
    assert not any(isinstance(chore, u.StartInstance | u.Restart) for chore in done)
    assert len(yard.started) == started
    assert NEW not in yard.state.groups


def seen(*healths: Health) -> tuple[GroupState, Mapping[str, Instance]]:
    yard = Yard()
    yard.record(e.GroupWanted(group=NEW, size=len(healths)))
    yard.settle()
    for instance, health in zip(yard.living(NEW), healths, strict=True):
        yard.seen[instance.id] = replace(instance, health=health)
    return yard.group(NEW), yard.seen


@pytest.mark.parametrize(
    ("healths", "routed"),
    [
        ((HEALTHY, HEALTHY), 2),
        ((HEALTHY, UNHEALTHY, STARTING, DEAD), 1),
        ((UNHEALTHY, STARTING), 2),
        ((UNHEALTHY, DEAD), 1),
        ((DEAD,), 0),
    ],
)
def test_the_router_gets_the_healthy_or_where_none_is_all_that_live(
    healths: tuple[Health, ...], routed: int
) -> None:
    group, target = seen(*healths)
    assert len(u.endpoints(group, target)) == routed


def test_one_that_is_being_stopped_is_not_routed(yard: Yard) -> None:
    yard.record(e.GroupWanted(group=NEW, size=1))
    yard.work()
    assert len(u.endpoints(yard.group(NEW), yard.seen)) == 1


def test_the_routing_is_what_the_log_says(yard: Yard) -> None:
    routing = u.routing(yard.state, yard.seen)
    assert routing.split == Split({NEW: 1_000, OLD: 9_000})
    assert (routing.stable, routing.lifted) == (OLD, frozenset({OLD}))
    assert {g.id: (g.release, g.connections) for g in routing.groups} == {
        OLD: ("v1", Connections.OPEN),
        NEW: ("v2", Connections.OPEN),
    }
    lower(yard)
    yard.record(e.ConnectionsClosed(group=NEW))
    closed = {g.id for g in u.routing(yard.state, yard.seen).groups if g.connections is Connections.CLOSED}
    assert closed == {NEW}


def test_a_mark_is_lifted_from_what_is_stable_and_from_nothing_else(yard: Yard) -> None:
    lower(yard)
    assert NEW not in u.routing(yard.state, yard.seen).lifted
    yard.record(e.Shifted(rollout="r2", split=Split.all_to(NEW)))
    assert NEW not in u.routing(yard.state, yard.seen).lifted
    yard.record(e.Promoted(rollout="r2", group=NEW, release="v2"))
    assert u.routing(yard.state, yard.seen).lifted == {NEW}


def test_what_was_lowered_before_its_record_gets_nothing_whatever_the_log_gives_it(yard: Yard) -> None:
    mark = Mark(NEW, "r2:lower", "it fails")
    routing = u.routing(yard.state, yard.seen, [mark])
    assert routing.split == Split({NEW: 0, OLD: 10_000})
    assert routing.marks == (mark,)
    yard.record(e.Shifted(rollout="r2", split=Split.all_to(NEW)))
    yard.record(e.Promoted(rollout="r2", group=NEW, release="v2"))
    assert u.routing(yard.state, yard.seen, [mark]).split == Split.all_to(NEW)
    assert u.routing(yard.state, yard.seen, [mark]).marks == ()


@pytest.mark.parametrize("hard", [True, False])
def test_the_router_lets_go_of_a_group_before_the_log_does(yard: Yard, hard: bool) -> None:
    """Whoever comes after a crash finds in the log what the router may still have."""
    lower(yard)
    yard.record(e.GroupRetired(group=NEW, hard=hard))
    for _ in range(20):
        routed = {group.id for group in u.routing(yard.state, yard.seen).groups}
        due = u.chores(yard.state, yard.seen, yard.now)
        if u.ForgetGroup(NEW) in due:
            break
        assert NEW in routed
        yard.work()
        yard.now += u.QUIET
    assert routed == {OLD}


@pytest.mark.parametrize("hard", [True, False])
def test_the_routing_never_names_a_group_that_is_gone(yard: Yard, hard: bool) -> None:
    lower(yard)
    yard.record(e.GroupRetired(group=NEW, hard=hard))
    for _ in takewhile(lambda _: NEW in yard.state.groups, range(20)):
        yard.work()
        yard.now += u.QUIET
        routing = u.routing(yard.state, yard.seen)
        assert set(routing.split.shares) <= {g.id for g in routing.groups}
    assert NEW not in yard.state.groups


Happening = tuple[str, int]
happenings = st.lists(
    st.tuples(st.sampled_from(["kill", "lose", "sicken", "want", "wait", "work"]), st.integers(0, 4)),
    max_size=12,
)


def happen(yard: Yard, what: str, number: int) -> None:
    living = yard.living()
    chosen = living[number % len(living)] if living else None
    match what:
        case "kill" if chosen:
            yard.kill(chosen.id)
        case "lose" if chosen:
            del yard.seen[chosen.id]
        case "sicken" if chosen:
            yard.seen[chosen.id] = replace(chosen, health=UNHEALTHY)
        case "want":
            yard.record(e.GroupWanted(group=NEW, size=number))
        case "wait":
            yard.now += number
        case "work":
            yard.work()


@settings(max_examples=40, deadline=None)
@given(happenings, st.integers(0, 3))
def test_whatever_happens_every_group_comes_to_its_wanted_number(
    happening: list[Happening], loses: int
) -> None:
    yard = Yard(loses)
    for what, number in happening:
        happen(yard, what, number)
        for group in yard.state.groups.values():
            assert len(group.alive()) <= max(group.wanted, 4)
    yard.settle()
    for group in yard.state.groups.values():
        assert len(yard.living(group.id)) == len(group.instances) == group.wanted
    ids = [c.instance for c in yard.done if isinstance(c, u.Restart)]
    assert len(yard.started) - len(set(yard.started)) <= len(ids)
    assert yard.work() == ()


@settings(max_examples=40, deadline=None)
@given(happenings, st.booleans(), st.sampled_from([0.0, 10.0]))
def test_whatever_happens_a_retired_group_goes_and_stable_stays(
    happening: list[Happening], hard: bool, after: float
) -> None:
    yard = Yard()
    yard.work()
    lower(yard)
    yard.record(e.GroupRetired(group=NEW, after=after, hard=hard))
    for what, number in happening:
        if NEW in yard.state.groups and what != "want":
            happen(yard, what, number)
    yard.settle()
    assert set(yard.state.groups) == {OLD}
    assert len(yard.living(OLD)) == 1
    assert yard.living(NEW) == []
    assert {c.group for c in yard.done if isinstance(c, u.TakeOut | u.CloseGroup | u.ForgetGroup)} == {NEW}


@settings(max_examples=40, deadline=None)
@given(happenings)
def test_none_is_started_while_the_number_is_reached_or_the_backoff_runs(happening: list[Happening]) -> None:
    yard = Yard()
    for what, number in happening:
        happen(yard, what, number)
        starts = Counter(
            c.group for c in u.chores(yard.state, yard.seen, yard.now) if isinstance(c, u.StartInstance)
        )
        for id_, group in yard.state.groups.items():
            if yard.now < u.may_start_at(group, yard.now):
                assert starts[id_] == 0
            assert starts[id_] == 0 or starts[id_] + len(group.alive()) == group.wanted


def test_so_many_deaths_are_remembered_that_the_longest_backoff_lasts() -> None:
    yard = Yard()
    yard.record(e.GroupWanted(group=NEW, size=1))
    for _ in range(environments.REMEMBERED + 4):
        yard.settle()
        yard.kill(yard.living()[0].id)
        yard.work()
    group = yard.group()
    assert (len(group.deaths), group.died) == (environments.REMEMBERED, environments.REMEMBERED + 4)
    assert u.may_start_at(group, yard.now) == yard.now + u.LONGEST_BACKOFF


@pytest.mark.parametrize(
    ("answering", "shares"),
    [
        ({OLD, NEW}, {OLD: 7500, NEW: 2500}),
        ({OLD}, {OLD: 10_000, NEW: 0}),
        ({NEW}, {NEW: 10_000, OLD: 0}),
        (set(), {OLD: 7500, NEW: 2500}),
    ],
)
def test_no_share_goes_to_a_group_without_a_live_instance_while_another_answers(
    yard: Yard, answering: set[str], shares: Mapping[str, int]
) -> None:
    yard.record(e.GroupWanted(group=OLD, size=1))
    yard.record(e.GroupWanted(group=NEW, size=1))
    yard.settle()
    yard.record(e.Shifted(rollout="r", split=Split({OLD: 7500, NEW: 2500})))
    live = {id_: i for id_, i in yard.seen.items() if i.group in answering}
    assert u.routing(yard.state, live).split == Split(shares)
