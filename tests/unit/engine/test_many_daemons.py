"""Several daemons of one store: who drives what, how it changes hands, and that whoever lost it changes nothing."""

import asyncio
from collections.abc import Callable

import pytest
from pydantic import TypeAdapter

from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.engine.leases import CONFIRMED, SILENCE
from rollway.engine.ownership import Holding, lease_of
from tests.unit.engine.scene import ADA, PLACE, Daemon, Scene, names, settings

pytestmark = pytest.mark.virtual_time

Totals = dict[str, dict[str, float]]
LEASE = lease_of(PLACE, "")
LONG = settings({"weight": "25%", "hold": "60s"})


def holding(daemon: Daemon) -> bool:
    return daemon.ownership.holding(LEASE) is Holding.OURS


async def shared_out(*daemons: Daemon) -> None:
    """Every daemon has its share of the leases."""
    held: Callable[[Daemon], int] = lambda d: sum(  # noqa: E731
        who == d.ownership.owner for lease, who in d.scene.store._kept.leases.items() if "any/" in lease
    )
    await daemons[0].clock.until(lambda: all(held(daemon) in (10, 11, 16, 32) for daemon in daemons))


def owner_first(one: Daemon, other: Daemon) -> tuple[Daemon, Daemon]:
    return (one, other) if holding(one) else (other, one)


async def test_any_daemon_takes_any_call_and_one_of_them_drives(scene: Scene) -> None:
    async with scene.daemon("a") as one, scene.daemon("b") as other:
        await shared_out(one, other)
        driver, asked = owner_first(one, other)
        await asked.apply(LONG)
        rollout = await asked.deploy("v1")
        assert (await asked.ended(rollout)).phase is Phase.PROMOTED
        second = await asked.deploy("v2")
        await asked.until(second, lambda state: state.shifted)
        await asked.service.abort(second, ADA, "because")
        assert (await asked.ended(second)).phase is Phase.ABORTED
        assert asked.router.calls == asked.target.calls == []
        assert {call.verb for call in driver.router.calls} >= {"reconcile", "lower"}


async def test_a_killed_daemons_rollout_is_carried_on_by_another(scene: Scene) -> None:
    async with scene.daemon("a") as last:
        await shared_out(last)
        async with scene.daemon("b") as one, scene.daemon("c") as other:
            await shared_out(last, one, other)
            await last.stable("v1")
            await last.apply(LONG)
        async with scene.daemon("d") as first:
            rollout = await first.deploy("v2")
            await first.until(rollout, lambda state: state.shifted, within=30.0)
            died = first.clock.now()
        after = await last.until(rollout, lambda state: state.step > 4 or state.phase.ended, within=120.0)
        assert after.step > 4
        assert (await last.ended(rollout)).phase is Phase.PROMOTED
        started = [event.step for event in await last.events(rollout) if isinstance(event, e.StepStarted)]
        assert started == sorted(set(started)), "no step twice"
        assert set(scene.machine.starts.values()) == {1}
        assert holding(last)
        assert died


async def test_a_daemon_that_ends_gives_everything_up_at_once(scene: Scene) -> None:
    async with scene.daemon("a") as one, scene.daemon("b") as other:
        await shared_out(one, other)
        driver, heir = owner_first(one, other)
        left = one.clock.monotonic()
        await driver.ownership.leave()
        assert not holding(driver)
        await one.clock.until(lambda: holding(heir) or holding(driver))
        assert one.clock.monotonic() - left < SILENCE


async def test_a_daemon_cut_off_from_the_store_acts_on_nothing_until_it_is_sure(scene: Scene) -> None:
    async with scene.daemon("a") as daemon:
        await shared_out(daemon)
        await daemon.stable("v1")
        daemon.store.down = True
        await daemon.clock.sleep(CONFIRMED + 0.1)
        assert daemon.ownership.holding(LEASE) is Holding.UNCONFIRMED
        acts = len(daemon.target.called("start"))
        daemon.target.die(daemon.target.alive()[0])
        await daemon.clock.sleep(5.0)
        assert len(daemon.target.called("start")) == acts
        daemon.store.down = False
        await daemon.clock.until(lambda: len(daemon.target.called("start")) == acts + 1, within=10.0)


async def test_a_frozen_daemon_that_comes_back_changes_nothing(scene: Scene) -> None:
    async with scene.daemon("a") as one, scene.daemon("b") as other:
        await shared_out(one, other)
        zombie, heir = owner_first(one, other)
        await heir.stable("v1")
        await heir.apply(LONG)
        rollout = await heir.deploy("v2")
        await heir.until(rollout, lambda state: state.shifted)
        zombie.store.down = True
        await heir.clock.until(lambda: holding(heir), within=10.0)
        before = (len(zombie.router.calls), len(zombie.target.calls))
        zombie.store.down = False
        await asyncio.sleep(5.0)
        changed = [c for c in zombie.router.calls[before[0] :] if c.verb != "counters"]
        assert [c.verb for c in changed + zombie.target.calls[before[1] :] if c.verb != "observe"] == []
        assert (await zombie.ended(rollout)).phase is Phase.PROMOTED
        assert names(await heir.events(rollout)).count("RolloutEnded") == 1


async def test_a_release_judged_bad_loses_its_traffic_though_the_store_is_away(scene: Scene) -> None:
    async with scene.daemon("a") as daemon:
        await shared_out(daemon)
        await daemon.stable("v1")
        await daemon.apply(LONG)
        scene.bad["v2"] = 1.0
        rollout = await daemon.deploy("v2")
        await daemon.until(rollout, lambda state: state.shifted)
        daemon.store.down = True
        await daemon.clock.until(lambda: "v2" not in scene.split, within=5.0)
        await daemon.clock.sleep(10.0)
        daemon.store.down = False
        assert (await daemon.ended(rollout)).phase is Phase.ROLLED_BACK


async def test_what_is_let_go_of_while_it_is_read_is_found_all_the_same(scene: Scene) -> None:
    async with scene.daemon("a") as one, scene.daemon("b") as other:
        await shared_out(one, other)
        _, asked = owner_first(one, other)
        rollout = await asked.stable("v1")
        assert await asked.journal.rollout(rollout)
        reading = asyncio.create_task(asked.journal.rollout(rollout))
        await asyncio.sleep(0)
        asked.journal.let_go(rollout)
        assert await reading is not None


async def test_evidence_is_seen_by_those_who_do_not_drive(scene: Scene) -> None:
    async with scene.daemon("a") as one, scene.daemon("b") as other:
        await shared_out(one, other)
        _, asked = owner_first(one, other)
        await asked.stable("v1")
        await asked.apply(LONG)
        rollout = await asked.deploy("v2")
        await asked.until(rollout, lambda state: state.shifted)
        await asked.clock.sleep(10.0)
        view = await asked.service.rollout(rollout)
        rollout_so_far = TypeAdapter(Totals).validate_python(view.judgements["error-rate"].numbers["rollout"])
        assert rollout_so_far["canary"]["requests"] > 100
        assert 5.0 < view.watched < 15.0
