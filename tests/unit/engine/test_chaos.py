"""Daemons that are killed at any instant, over a slow store, with an outside that stumbles: what must hold, holds."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase as Phases
from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.domain import events as e
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Phase
from rollway.errors import ConflictError
from rollway.store import StoreUnavailable
from rollway.testing.clock import run_virtually
from rollway.testing.faults import Fault
from tests.unit.engine.scene import ADA, PLACE, Daemon, Scene, of
from tests.unit.engine.scene import settings as document


@dataclass(frozen=True)
class Life:
    """One daemon: killed after so many seconds; what goes wrong meanwhile, and when a person aborts.

    `jump` sets the wall clock; `dies` ends an instance, the oldest or the youngest.
    """

    seconds: float
    router: tuple[str, Fault] | None = None
    target: tuple[str, Fault] | None = None
    abort_after: float | None = None
    store_is_down: bool = False
    unreadable: bool = False
    jump: float = 0.0
    dies: int | None = None


def lives() -> st.SearchStrategy[list[Life]]:
    seconds = st.floats(0.0, 4.0).map(lambda x: round(x, 3))
    faults = st.sampled_from(Fault)
    life = st.builds(
        Life,
        seconds,
        router=st.none() | st.tuples(st.sampled_from(["reconcile", "lower", "sever", "observe"]), faults),
        target=st.none() | st.tuples(st.sampled_from(["start", "stop", "observe", "forget"]), faults),
        abort_after=st.none() | st.none() | seconds,
        store_is_down=st.sampled_from([False, False, False, True]),
        unreadable=st.sampled_from([False, False, False, True]),
        jump=st.sampled_from([0.0, 0.0, 0.0, -3600.0, -1.0, 100.0]),
        dies=st.sampled_from([None, None, None, 0, -1]),
    )
    return st.lists(life, min_size=1, max_size=5)


@given(
    lives=lives(),
    bad=st.sampled_from([0.0, 0.0, 0.3, 1.0]),
    way=st.sampled_from([0.001, 0.02, 0.2]),
    first=st.booleans(),
)
@settings(max_examples=25, deadline=None, phases=[Phases.explicit, Phases.reuse, Phases.generate])
def test_killed_at_any_instant(
    tmp_path_factory: pytest.TempPathFactory, lives: list[Life], bad: float, way: float, first: bool
) -> None:
    run_virtually(story(tmp_path_factory.getbasetemp() / "chaos", lives, bad, way, first))


async def story(folder: Path, lives: list[Life], bad: float, way: float, first: bool) -> None:
    """One rollout through these lives, and through one more that is left alone until it has ended."""
    scene = Scene(folder, rate=300.0, noticed=60.0)  # a router that hangs learns of new instances late
    visitors = asyncio.create_task(scene.visitors())
    async with scene.daemon() as daemon:
        await daemon.apply(document({"weight": "25%", "hold": "5s"}))
        if not first:
            await daemon.ended(await daemon.deploy("v1"))
    scene.bad["v2"] = bad
    async with scene.daemon() as daemon:
        rollout = await daemon.deploy("v2")
    aborted = [await live(scene, rollout, life, way) for life in lives]
    async with scene.daemon() as daemon:
        ended = await daemon.ended(rollout)
        fits(ended, bad, any(aborted), await daemon.events(rollout))
        await in_order(daemon, scene, ended)
        await goes_on(daemon, ended)
    visitors.cancel()
    await asyncio.gather(visitors, return_exceptions=True)
    assert scene.problems == []


async def live(scene: Scene, rollout: str, life: Life, way: float) -> bool:
    """One life; whether a person was told that it is aborted."""
    async with scene.daemon() as daemon:
        daemon.store.way = way
        daemon.store.down = life.store_is_down
        daemon.router.unreadable = life.unreadable
        scene.clock.jump(life.jump)
        if life.router:
            daemon.router.breaks(*life.router)
        if life.target:
            daemon.target.breaks(*life.target)
        asking = asyncio.create_task(abort(daemon, rollout, life.abort_after))
        await asyncio.sleep(life.seconds / 2)
        daemon.store.down = False
        if life.dies is not None and daemon.target.alive():
            daemon.target.die(daemon.target.alive()[life.dies])
        await asyncio.sleep(life.seconds / 2)
        asking.cancel()
        [said] = await asyncio.gather(asking, return_exceptions=True)
    return said is True


async def abort(daemon: Daemon, rollout: str, after: float | None) -> bool:
    if after is None:
        return False
    await asyncio.sleep(after)
    try:
        await daemon.service.abort(rollout, ADA)
    except (ConflictError, StoreUnavailable):
        return False
    return True


def fits(ended: RolloutState, bad: float, aborted: bool, events: list[e.Event]) -> None:
    """It ended as it should; promoted only with evidence."""
    if aborted:
        assert ended.phase is Phase.ABORTED or ended.cause is not None
        assert ended.phase is not Phase.PROMOTED
    if ended.stable is None:  # nothing watches a first release
        return
    if bad:
        assert ended.phase is not Phase.PROMOTED
    if ended.phase is Phase.PROMOTED:
        assert ended.settled == {4: {"error-rate": "pass"}}
        assert of(events, e.Promoted)
    elif ended.shifted:
        assert of(events, e.WeightLowered)


async def in_order(daemon: Daemon, scene: Scene, ended: RolloutState) -> None:
    """Stable has everything and only its instances live, each started once in its life."""
    state = await daemon.at_rest()
    promoted = ended.phase is Phase.PROMOTED
    stable = ended.group if promoted else ended.stable
    assert state.stable == stable
    known = scene.node.environments.get(PLACE)
    if stable is None:
        assert scene.split == {}
        assert daemon.target.alive() == []
        return
    assert known is not None
    await daemon.clock.until(lambda: len(daemon.target.alive()) == 2, within=60.0)  # after its backoff
    await daemon.clock.sleep(2.0)
    assert {group: share for group, share in known.split.shares.items() if share} == {stable: 10_000}
    assert stable not in known.marks
    assert len(daemon.target.alive(stable)) == len(daemon.target.alive()) == 2
    assert set(scene.machine.starts.values()) == {1}


async def goes_on(daemon: Daemon, ended: RolloutState) -> None:
    """No repair is needed: the next good release goes out."""
    assert (await daemon.ended(await daemon.deploy("v3"))).phase is Phase.PROMOTED, ended
