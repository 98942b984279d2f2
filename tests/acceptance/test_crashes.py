"""The daemon is killed with -9 in every step of a rollout and started again: it ends as it would have."""

import asyncio

import pytest

from rollway.testing.traffic import Load
from tests.acceptance.harness import Site, step_of


def steps_of(site: Site, release: str) -> list[str]:
    """The names of the steps a deploy would take now."""
    with site.client as client:
        return [step.kind for step in client.plan("app", "prod", release).steps]


async def kill_at(site: Site, id_: str, step: int) -> None:
    """Kill the daemon as soon as this step has begun, then start it again."""

    def begun() -> bool:
        events = site.events(id_)
        return any(e.type == "StepStarted" and step_of(e) >= step for e in events)

    await asyncio.to_thread(site.until, begun, f"step {step}")
    await asyncio.to_thread(site.kill)
    await asyncio.to_thread(site.start)


@pytest.mark.timeout(600)
async def test_killed_in_every_step_a_good_release_is_promoted(site: Site) -> None:
    site.steps = [{"weight": "50%", "hold": "2s"}]
    await asyncio.to_thread(site.apply)
    await asyncio.to_thread(site.stable)
    steps = await asyncio.to_thread(steps_of, site, "1.1")
    async with Load(site.visitors, rate=200) as load:
        for number, _ in enumerate(steps, 1):
            id_ = await asyncio.to_thread(site.deploy, f"1.{number}")
            await kill_at(site, id_, number)
            rollout = await asyncio.to_thread(site.ended, id_)
            assert rollout.phase == "promoted", rollout
            done = [step_of(e) for e in site.events(id_) if e.type == "StepFinished"]
            assert done == sorted(set(done)), "a step was done twice"
            await asyncio.to_thread(
                site.until, lambda n=number: site.running() == {f"1.{n}": 2}, f"only 1.{number} runs"
            )
    assert load.failures == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("moment", ["StepStarted", "RollbackStarted", "WeightLowered", "ConnectionsClosed"])
async def test_killed_while_taken_back_a_bad_release_is_gone(site: Site, moment: str) -> None:
    await asyncio.to_thread(site.stable)
    async with Load(site.visitors, rate=300) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1", faults=1.0)
        await asyncio.to_thread(
            site.until,
            lambda: any(
                e.type == moment and (moment != "StepStarted" or step_of(e) >= 3) for e in site.events(id_)
            ),
            moment,
        )
        await asyncio.to_thread(site.kill)
        await asyncio.to_thread(site.start)
        rollout = await asyncio.to_thread(site.ended, id_)
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        after = load.clock
        await load.reach(200)
    assert [a for a in load.attempts if a.at > after and a.release == "1.1"] == []
    assert [a for a in load.failures if a.release != "1.1"] == []
    await asyncio.to_thread(site.until, lambda: site.running() == {"1.0": 2}, "only the stable release runs")
