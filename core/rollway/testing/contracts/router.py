"""What every router keeps to. Inherit `RouterContract` and give it the fixture `rig`."""
# ruff: noqa: D102 - what a test is about stands in its name

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import pytest

from rollway.domain.effects import Effect, Mark, Token
from rollway.domain.split import EMPTY, Split
from rollway.domain.traffic import Address, RoutedGroup, Routing
from rollway.errors import PluginError
from rollway.plugin.kinds import Router, StaleToken

PLACE = "shop/prod"
STABLE = "g0000000000001"
CANARY = "g0000000000002"
THIRD = "g0000000000003"
DEADLINE = 10.0


class RouterRig(Protocol):
    """A router to be tested, with something behind it that answers."""

    router: Router
    """Opened already."""
    settings: Mapping[str, object]
    """Valid settings of an environment, among them where it listens."""

    async def instance(self, release: str, *, bad: bool = False) -> Address:
        """A new instance that answers 200 and tells its release; with `bad` it answers 500."""
        ...

    async def send(self, requests: int) -> Mapping[str | None, int]:
        """Requests to the listener of `PLACE`: how many each group's release answered; None: nobody behind it did."""
        ...

    async def again(self) -> Router:
        """Another router object on the same node, opened, as after a daemon's restart."""
        ...


def effect(serial: int, epoch: int = 1) -> Effect:
    """An effect with this token."""
    return Effect(f"key-{epoch}-{serial}", Token(epoch, serial))


def mark(group: str) -> Mark:
    """A mark as an early lowering leaves it."""
    return Mark(group, "rollout/lower", "error-rate: 5 % against 0 %")


class RouterContract:
    """The promises of `Router`; `rig` is a `RouterRig` made anew for each test."""

    async def pair(self, rig: RouterRig, **changes: object) -> Routing:
        """Stable and canary, one instance each, everything on stable unless `changes` says otherwise."""
        groups = (
            RoutedGroup(STABLE, "v1.0", (await rig.instance("v1.0"),)),
            RoutedGroup(CANARY, "v1.1+rc_2", (await rig.instance("v1.1+rc_2"),)),
        )
        whole = Routing(PLACE, rig.settings, groups, Split.all_to(STABLE), STABLE)
        return replace(whole, **changes)  # type: ignore[arg-type]

    async def test_requests_are_shared_as_told(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 7_500, CANARY: 2_500})), effect(1)
        )
        answered = await rig.send(400)
        assert set(answered) == {"v1.0", "v1.1+rc_2"}
        assert 40 <= answered["v1.1+rc_2"] <= 160
        assert sum(answered.values()) == 400

    async def test_an_unknown_environment_has_no_split(self, rig: RouterRig) -> None:
        state = await rig.router.observe(PLACE)
        assert (state.running, state.split, state.marks, state.token) == (True, None, (), None)
        assert not state.remembers

    async def test_what_was_reconciled_is_observed(self, rig: RouterRig) -> None:
        routing = await self.pair(rig, split=Split({STABLE: 9_999, CANARY: 1}))
        await rig.router.reconcile(routing, effect(3))
        state = await rig.router.observe(PLACE)
        assert state.running
        assert state.split is not None
        assert (state.split.of(STABLE), state.split.of(CANARY)) == (9_999, 1)
        assert state.token == Token(1, 3)
        assert state.marks == ()
        assert state.remembers
        assert dict(state.endpoints) == {group.id: group.endpoints for group in routing.groups}

    async def test_a_split_at_rest_sends_everything_to_one_group(self, rig: RouterRig) -> None:
        await rig.router.reconcile(await self.pair(rig), effect(1))
        assert await rig.send(50) == {"v1.0": 50}

    async def test_applying_twice_changes_nothing(self, rig: RouterRig) -> None:
        routing = await self.pair(rig, split=Split({STABLE: 5_000, CANARY: 5_000}))
        await rig.router.reconcile(routing, effect(1))
        await rig.send(20)
        before = await self.requests(rig, 20)
        await rig.router.reconcile(routing, effect(1))
        await rig.router.reconcile(routing, effect(2))
        assert await self.requests(rig, 20) == before

    async def test_an_empty_split_answers_503_itself(self, rig: RouterRig) -> None:
        await rig.router.reconcile(await self.pair(rig, split=EMPTY, stable=None), effect(1))
        assert await rig.send(5) == {None: 5}
        state = await rig.router.observe(PLACE)
        assert state.split == EMPTY

    async def test_a_lower_token_is_refused_and_changes_nothing(self, rig: RouterRig) -> None:
        routing = await self.pair(rig)
        await rig.router.reconcile(routing, effect(5, epoch=2))
        late = await self.pair(rig, split=Split.all_to(CANARY))
        for stale in (effect(4, epoch=2), effect(9, epoch=1)):
            with pytest.raises(StaleToken):
                await rig.router.reconcile(late, stale)
            with pytest.raises(StaleToken):
                await rig.router.remove(PLACE, stale)
        state = await rig.router.observe(PLACE)
        assert state.split is not None
        assert state.split.of(STABLE) == 10_000
        assert state.token == Token(2, 5)
        assert await rig.send(5) == {"v1.0": 5}

    async def test_lower_takes_a_group_to_0_and_leaves_its_mark(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000})), effect(1)
        )
        await rig.router.lower(PLACE, mark(CANARY))
        assert await rig.send(50) == {"v1.0": 50}
        state = await rig.router.observe(PLACE)
        assert state.marks == (mark(CANARY),)
        assert state.split is not None
        assert (state.split.of(STABLE), state.split.of(CANARY)) == (10_000, 0)

    async def test_lower_twice_is_lower_once(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000})), effect(1)
        )
        await rig.router.lower(PLACE, mark(CANARY))
        await rig.router.lower(PLACE, mark(CANARY))
        assert (await rig.router.observe(PLACE)).marks == (mark(CANARY),)
        assert await rig.send(5) == {"v1.0": 5}

    async def test_lower_needs_no_earlier_call_in_this_process(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000})), effect(1)
        )
        other = await rig.again()
        await other.lower(PLACE, mark(CANARY))
        assert await rig.send(20) == {"v1.0": 20}
        assert (await other.observe(PLACE)).marks == (mark(CANARY),)

    async def test_stable_is_never_lowered_early(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000})), effect(1)
        )
        with pytest.raises(PluginError, match="stable"):
            await rig.router.lower(PLACE, mark(STABLE))
        state = await rig.router.observe(PLACE)
        assert state.split is not None
        assert (state.split.of(STABLE), state.marks) == (4_000, ())

    async def test_lower_where_there_is_no_stable_answers_503(self, rig: RouterRig) -> None:
        routing = await self.pair(rig, split=Split.all_to(CANARY), stable=None)
        await rig.router.reconcile(routing, effect(1))
        await rig.router.lower(PLACE, mark(CANARY))
        assert await rig.send(5) == {None: 5}
        assert (await rig.router.observe(PLACE)).marks == (mark(CANARY),)

    async def test_a_marked_group_is_not_raised_again(self, rig: RouterRig) -> None:
        routing = await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000}))
        await rig.router.reconcile(routing, effect(1))
        await rig.router.lower(PLACE, mark(CANARY))
        await rig.router.reconcile(routing, effect(2))
        assert await rig.send(50) == {"v1.0": 50}
        assert (await rig.router.observe(PLACE)).marks == (mark(CANARY),)

    async def test_a_group_marked_before_it_had_weight_stays_at_0(self, rig: RouterRig) -> None:
        await rig.router.reconcile(await self.pair(rig), effect(1))
        await rig.router.lower(PLACE, mark(CANARY))
        await rig.router.reconcile(await self.pair(rig, split=Split.all_to(CANARY)), effect(2))
        assert await rig.send(20) == {"v1.0": 20}

    async def test_a_mark_that_comes_with_a_routing_holds_as_one_that_was_left(self, rig: RouterRig) -> None:
        """A router that forgot everything gets the marks back in the same act as the routes."""
        routing = await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000}), marks=(mark(CANARY),))
        await rig.router.reconcile(routing, effect(1))
        assert await rig.send(20) == {"v1.0": 20}
        await rig.router.reconcile(replace(routing, marks=()), effect(2))
        assert await rig.send(20) == {"v1.0": 20}
        assert (await rig.router.observe(PLACE)).marks == (mark(CANARY),)

    async def test_a_mark_that_came_late_goes_with_the_next_routing(self, rig: RouterRig) -> None:
        routing = await self.pair(rig)
        await rig.router.reconcile(routing, effect(1))
        alone = replace(routing, groups=routing.groups[:1])
        await rig.router.reconcile(alone, effect(2))
        await rig.router.lower(PLACE, mark(CANARY))
        assert await rig.send(5) == {"v1.0": 5}
        await rig.router.reconcile(alone, effect(3))
        assert (await rig.router.observe(PLACE)).marks == ()

    async def test_a_lowering_where_nothing_is_routed_leaves_nothing(self, rig: RouterRig) -> None:
        """It comes too late: the environment is over, and nobody would ever take its mark away."""
        routing = await self.pair(rig, split=Split.all_to(CANARY), stable=None)
        await rig.router.reconcile(routing, effect(1))
        await rig.router.reconcile(replace(routing, groups=(), split=EMPTY), effect(2))
        await rig.router.lower(PLACE, mark(CANARY))
        assert (await rig.router.observe(PLACE)).marks == ()

    async def test_a_lifted_group_may_be_raised(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000})), effect(1)
        )
        await rig.router.lower(PLACE, mark(CANARY))
        lifted = await self.pair(rig, split=Split.all_to(CANARY), lifted=frozenset({CANARY}))
        await rig.router.reconcile(lifted, effect(2))
        assert await rig.send(20) == {"v1.1+rc_2": 20}
        assert (await rig.router.observe(PLACE)).marks == ()

    async def test_a_marked_group_that_became_stable_is_refused_weight(self, rig: RouterRig) -> None:
        await rig.router.reconcile(await self.pair(rig, split=Split.all_to(CANARY)), effect(1))
        await rig.router.lower(PLACE, mark(CANARY))
        with pytest.raises(PluginError, match=CANARY):
            await rig.router.reconcile(
                await self.pair(rig, split=Split.all_to(CANARY), stable=CANARY), effect(2)
            )
        assert await rig.send(5) == {"v1.0": 5}

    async def test_two_lowered_groups_are_both_at_0(self, rig: RouterRig) -> None:
        routing = await self.pair(rig)
        third = RoutedGroup(THIRD, "v2", (await rig.instance("v2"),))
        split = Split({STABLE: 2_000, CANARY: 4_000, THIRD: 4_000})
        await rig.router.reconcile(
            Routing(PLACE, rig.settings, (*routing.groups, third), split, STABLE), effect(1)
        )
        await rig.router.lower(PLACE, mark(CANARY))
        assert set(await rig.send(50)) == {"v1.0", "v2"}
        await rig.router.lower(PLACE, mark(THIRD))
        assert await rig.send(50) == {"v1.0": 50}
        assert {m.group for m in (await rig.router.observe(PLACE)).marks} == {CANARY, THIRD}

    async def test_a_split_over_groups_that_are_not_routed_is_refused(self, rig: RouterRig) -> None:
        await rig.router.reconcile(await self.pair(rig), effect(1))
        with pytest.raises(PluginError, match="g9"):
            await rig.router.reconcile(await self.pair(rig, split=Split.all_to("g9")), effect(2))
        assert await rig.send(5) == {"v1.0": 5}

    async def test_counters_tell_requests_and_bad_ones_by_group(self, rig: RouterRig) -> None:
        groups = (
            RoutedGroup(STABLE, "v1", (await rig.instance("v1"),)),
            RoutedGroup(CANARY, "v2", (await rig.instance("v2", bad=True),)),
        )
        split = Split({STABLE: 5_000, CANARY: 5_000})
        await rig.router.reconcile(Routing(PLACE, rig.settings, groups, split, STABLE), effect(1))
        await rig.send(100)
        assert await self.requests(rig, 100) == 100
        counted = await rig.router.counters()
        assert counted[STABLE].bad == 0
        assert counted[CANARY].bad == counted[CANARY].requests > 0

    async def test_counters_live_through_a_change_of_endpoints(self, rig: RouterRig) -> None:
        routing = await self.pair(rig)
        await rig.router.reconcile(routing, effect(1))
        await rig.send(20)
        await self.requests(rig, 20)
        more = RoutedGroup(STABLE, "v1.0", (*routing.groups[0].endpoints, await rig.instance("v1.0")))
        changed = Routing(PLACE, rig.settings, (more, routing.groups[1]), Split.all_to(STABLE), STABLE)
        await rig.router.reconcile(changed, effect(2))
        await rig.send(20)
        assert await self.requests(rig, 40) == 40
        assert (await rig.router.observe(PLACE)).endpoints[STABLE] == more.endpoints

    async def test_sever_is_refused_while_the_group_has_weight(self, rig: RouterRig) -> None:
        await rig.router.reconcile(
            await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000})), effect(1)
        )
        with pytest.raises(PluginError, match="weight"):
            await rig.router.sever(PLACE, CANARY)
        await rig.router.lower(PLACE, mark(CANARY))
        await rig.router.sever(PLACE, CANARY)
        await rig.router.sever(PLACE, CANARY)
        assert await rig.send(5) == {"v1.0": 5}

    async def test_what_is_removed_is_forgotten(self, rig: RouterRig) -> None:
        await rig.router.reconcile(await self.pair(rig), effect(1))
        await rig.router.remove(PLACE, effect(2))
        await rig.router.remove(PLACE, effect(3))
        state = await rig.router.observe(PLACE)
        assert (state.split, dict(state.endpoints), state.marks, state.remembers) == (None, {}, (), False)
        with pytest.raises(StaleToken):
            await rig.router.reconcile(await self.pair(rig), effect(2))

    async def test_another_router_object_finds_everything(self, rig: RouterRig) -> None:
        routing = await self.pair(rig, split=Split({STABLE: 4_000, CANARY: 6_000}))
        await rig.router.reconcile(routing, effect(7))
        await rig.router.close()
        other = await rig.again()
        state = await other.observe(PLACE)
        assert state.split is not None
        assert (state.running, state.split.of(CANARY), state.token) == (True, 6_000, Token(1, 7))
        assert sum((await rig.send(20)).values()) == 20
        with pytest.raises(StaleToken):
            await other.reconcile(routing, effect(6))

    async def requests(self, rig: RouterRig, at_least: int) -> int:
        """All requests counted, as soon as they are `at_least` so many."""
        async with asyncio.timeout(DEADLINE):
            while True:
                counted = Counter(
                    {group: one.requests for group, one in (await rig.router.counters()).items()}
                )
                if counted.total() >= at_least:
                    return counted.total()
                await asyncio.sleep(0.02)
