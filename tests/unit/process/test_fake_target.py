import asyncio

import pytest

from rollway.api import Group, Health, PluginError
from rollway.testing.contracts.target import effect
from rollway.testing.fake_target import Behaviour, FakeTarget
from rollway.testing.faults import Fault

GROUP = Group(id="g", application="shop", environment="prod", release="v1")


async def healths(target: FakeTarget, times: int) -> list[Health]:
    return [instance.health for _ in range(times) for instance in await target.observe(GROUP.place)]


@pytest.mark.parametrize(
    ("behaviour", "seen"),
    [
        (Behaviour(), "starting healthy healthy healthy"),
        (Behaviour(healthy_after=0), "healthy healthy healthy healthy"),
        (Behaviour(healthy_after=3), "starting starting starting healthy"),
        (Behaviour(healthy_after=None), "starting starting starting starting"),
        (Behaviour(dies_after=2), "starting healthy dead dead"),
        (Behaviour(healthy_after=None, dies_after=0), "dead dead dead dead"),
    ],
)
async def test_a_release_does_as_it_was_told(behaviour: Behaviour, seen: str) -> None:
    target = FakeTarget()
    target.behave("v1", behaviour)
    await target.start(GROUP, "one", effect(1))
    assert await healths(target, 4) == seen.split()


async def test_one_instance_is_ill_and_well_again_and_dies() -> None:
    target = FakeTarget()
    target.behave("v1", Behaviour(healthy_after=0))
    await target.start(GROUP, "one", effect(1))
    target.sicken("one")
    assert await healths(target, 1) == [Health.UNHEALTHY]
    target.heal("one")
    assert await healths(target, 1) == [Health.HEALTHY]
    assert target.alive("g") == ["one"]
    target.die("one")
    assert (await healths(target, 1), target.alive()) == ([Health.DEAD], [])


async def test_a_failing_call_does_nothing_a_silent_one_does_it() -> None:
    target = FakeTarget()
    for fault, started in ((Fault.FAIL, []), (Fault.SILENT, ["one"])):
        target.breaks("start", fault)
        with pytest.raises(PluginError):
            await target.start(GROUP, "one", effect(1))
        assert target.alive() == started


async def test_a_hanging_call_ends_when_it_is_cancelled_and_does_nothing() -> None:
    target = FakeTarget()
    target.breaks("start", Fault.HANG)
    call = asyncio.create_task(target.start(GROUP, "one", effect(1)))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert target.alive() == []


async def test_a_late_call_does_its_work_after_it_was_cancelled() -> None:
    target = FakeTarget()
    target.breaks("start", Fault.LATE)
    call = asyncio.create_task(target.start(GROUP, "one", effect(1)))
    while not target.called("start"):  # noqa: ASYNC110
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    await call
    assert target.alive() == ["one"]


async def test_a_restarted_daemon_finds_the_same_machine() -> None:
    target = FakeTarget()
    await target.start(GROUP, "one", effect(1))
    again = FakeTarget(target.machine)
    await again.start(GROUP, "one", effect(2))
    assert (again.alive(), again.machine.starts) == (["one"], {"one": 1})
