"""What every target owes: inherit `TargetContract`, give its fixtures, and pytest does the rest."""
# ruff: noqa: D102 - what a test is about stands in its name

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from rollway.domain.effects import Effect, Token
from rollway.domain.instances import Group, Health, Instance
from rollway.plugin.kinds import StaleToken, Target

DEADLINE = 20.0
"""Seconds in which what must come true eventually has to."""


def effect(serial: int, epoch: int = 1) -> Effect:
    """An effect with this token; every one has a key of its own."""
    return Effect(f"act-{epoch}-{serial}", Token(epoch, serial))


class TargetContract:
    """A subclass gives four fixtures.

    `target`: opened, and closed (with everything stopped) when the test is over. `reopen`: closes a target and gives
    another one, opened, that stands where a restarted daemon's would. `group`: what it can run and what becomes healthy.
    `broken`: a group of the same environment whose instances write the line `boom` and end.
    """

    @pytest.fixture
    def target(self) -> Target:
        """The target under test, opened."""
        raise NotImplementedError

    @pytest.fixture
    def reopen(self) -> Callable[[Target], Awaitable[Target]]:
        """The restart of a daemon."""
        raise NotImplementedError

    @pytest.fixture
    def group(self) -> Group:
        """A group whose instances become healthy."""
        raise NotImplementedError

    @pytest.fixture
    def broken(self) -> Group:
        """A group of the same environment whose instances write the line `boom` and end."""
        raise NotImplementedError

    async def test_an_instance_becomes_healthy_at_an_address_of_its_own(
        self, target: Target, group: Group
    ) -> None:
        await target.start(group, "one", effect(1))
        await target.start(group, "two", effect(2))
        found = await healthy(target, group, {"one", "two"})
        assert {instance.group for instance in found.values()} == {group.id}
        assert all(instance.address is not None for instance in found.values())
        assert found["one"].address != found["two"].address

    async def test_started_is_seen_at_once(self, target: Target, group: Group) -> None:
        await target.start(group, "one", effect(1))
        assert [instance.id for instance in await target.observe(group.place)] == ["one"]

    async def test_what_is_not_healthy_says_why(self, target: Target, broken: Group) -> None:
        await target.start(broken, "one", effect(1))
        assert (await dead(target, broken, "one")).detail

    async def test_an_instance_is_started_once(self, target: Target, group: Group) -> None:
        await target.start(group, "one", effect(1))
        before = await healthy(target, group, {"one"})
        await target.start(group, "one", effect(1))
        await target.start(group, "one", effect(2))
        assert (await healthy(target, group, {"one"}))["one"].address == before["one"].address

    async def test_calls_at_the_same_time_start_it_once(self, target: Target, group: Group) -> None:
        await asyncio.gather(*(target.start(group, "one", effect(1)) for _ in range(5)))
        assert len(await target.observe(group.place)) == 1

    async def test_a_dead_instance_is_not_started_again(self, target: Target, broken: Group) -> None:
        await target.start(broken, "one", effect(1))
        await dead(target, broken, "one")
        await target.start(broken, "one", effect(2))
        assert (await dead(target, broken, "one")).health is Health.DEAD

    async def test_a_dead_instance_is_listed_until_it_is_stopped(self, target: Target, broken: Group) -> None:
        await target.start(broken, "one", effect(1))
        await dead(target, broken, "one")
        await target.stop(broken, "one", effect(2))
        assert await target.observe(broken.place) == []

    @pytest.mark.parametrize("hard", [False, True])
    async def test_stopped_is_gone(self, target: Target, group: Group, hard: bool) -> None:
        await target.start(group, "one", effect(1))
        await target.start(group, "two", effect(2))
        await healthy(target, group, {"one", "two"})
        await target.stop(group, "one", effect(3), hard=hard)
        assert [instance.id for instance in await target.observe(group.place)] == ["two"]

    async def test_stopping_twice_or_what_is_unknown_is_no_error(self, target: Target, group: Group) -> None:
        await target.stop(group, "never-started", effect(1))
        await target.start(group, "one", effect(2))
        await target.stop(group, "one", effect(3))
        await target.stop(group, "one", effect(3))
        assert await target.observe(group.place) == []

    async def test_what_was_stopped_is_never_started_again(self, target: Target, group: Group) -> None:
        await target.start(group, "one", effect(1))
        await target.stop(group, "one", effect(2))
        await target.start(group, "one", effect(3))
        assert await target.observe(group.place) == []

    async def test_environments_are_apart(self, target: Target, group: Group) -> None:
        other = replace(group, id="other-group", environment="beta")
        await target.start(group, "one", effect(5))
        await target.start(other, "two", effect(1))
        assert [i.id for i in await target.observe(group.place)] == ["one"]
        assert [i.id for i in await target.observe(other.place)] == ["two"]
        assert await target.observe("shop/unknown") == []

    async def test_a_writer_whose_time_is_over_changes_nothing(self, target: Target, group: Group) -> None:
        await target.start(group, "one", effect(3, epoch=2))
        for late in (effect(9, epoch=1), effect(2, epoch=2)):
            with pytest.raises(StaleToken):
                await target.start(group, "two", late)
            with pytest.raises(StaleToken):
                await target.stop(group, "one", late)
            with pytest.raises(StaleToken):
                await target.forget(group.id, late)
        assert [instance.id for instance in await target.observe(group.place)] == ["one"]

    async def test_a_restarted_daemon_still_knows_the_last_token(
        self, target: Target, group: Group, reopen: Callable[[Target], Awaitable[Target]]
    ) -> None:
        await target.start(group, "one", effect(3, epoch=2))
        again = await reopen(target)
        with pytest.raises(StaleToken):
            await again.stop(group, "one", effect(9, epoch=1))

    async def test_output_of_what_failed(self, target: Target, broken: Group) -> None:
        await target.start(broken, "one", effect(1))
        await dead(target, broken, "one")
        assert "boom" in await target.output(broken.place, "one")
        assert len(await target.output(broken.place, "one", lines=1)) == 1

    async def test_there_is_no_output_of_the_unknown(self, target: Target, group: Group) -> None:
        assert list(await target.output(group.place, "never-started")) == []

    async def test_the_daemon_ends_and_instances_go_on(
        self, target: Target, group: Group, reopen: Callable[[Target], Awaitable[Target]]
    ) -> None:
        await target.start(group, "one", effect(1))
        await target.start(group, "two", effect(2))
        before = await healthy(target, group, {"one", "two"})
        again = await reopen(target)
        after = await healthy(again, group, {"one", "two"})
        assert {i.id: i.address for i in after.values()} == {i.id: i.address for i in before.values()}

    async def test_what_was_adopted_stops(
        self, target: Target, group: Group, reopen: Callable[[Target], Awaitable[Target]]
    ) -> None:
        await target.start(group, "one", effect(1))
        again = await reopen(target)
        await again.stop(group, "one", effect(2))
        assert await again.observe(group.place) == []

    async def test_the_dead_stay_dead_over_a_restart(
        self, target: Target, broken: Group, reopen: Callable[[Target], Awaitable[Target]]
    ) -> None:
        await target.start(broken, "one", effect(1))
        await dead(target, broken, "one")
        again = await reopen(target)
        await again.start(broken, "one", effect(2))
        assert (await dead(again, broken, "one")).detail

    async def test_a_group_is_forgotten(self, target: Target, group: Group) -> None:
        await target.start(group, "one", effect(1))
        await target.stop(group, "one", effect(2))
        await target.forget(group.id, effect(3))
        await target.forget(group.id, effect(3))
        await target.forget("never-known", effect(1))
        assert list(await target.output(group.place, "one")) == []

    async def test_what_still_runs_of_a_group_that_is_forgotten_is_stopped(
        self, target: Target, group: Group
    ) -> None:
        await target.start(group, "one", effect(1))
        await target.forget(group.id, effect(2))
        assert list(await target.observe(group.place)) == []


async def healthy(target: Target, group: Group, ids: set[str]) -> dict[str, Instance]:
    """The environment's instances once these, and no others, are there and healthy."""

    def all_healthy(found: dict[str, Instance]) -> bool:
        lost = [instance for instance in found.values() if instance.health is Health.DEAD]
        assert not lost, f"died instead of becoming healthy: {lost}"
        return set(found) == ids and {i.health for i in found.values()} == {Health.HEALTHY}

    return await until(target, group, all_healthy)


async def dead(target: Target, group: Group, instance: str) -> Instance:
    """The instance once it is dead."""

    def is_dead(found: dict[str, Instance]) -> bool:
        return instance in found and found[instance].health is Health.DEAD

    return (await until(target, group, is_dead))[instance]


async def until(
    target: Target, group: Group, condition: Callable[[dict[str, Instance]], bool]
) -> dict[str, Instance]:
    """What the target sees once the condition holds; fails after `DEADLINE` with what was seen last."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE
    while True:
        found = {instance.id: instance for instance in await target.observe(group.place)}
        if condition(found):
            return found
        if loop.time() > deadline:
            pytest.fail(f"not reached within {DEADLINE:g} s; last seen: {found}")
        await asyncio.sleep(0.01)
