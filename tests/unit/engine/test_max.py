"""`max` of a monitor: a second test beside the comparison, counted as one, and the only one where nothing is compared."""

from math import log

import pytest
from pydantic import JsonValue

from rollway.domain.plan import Observe
from rollway.domain.words import Phase, Verdict
from rollway.errors import PluginError
from rollway.store import Json
from tests.unit.engine.scene import Daemon, Scene, settings

pytestmark = pytest.mark.virtual_time

LIMITED: Json = {"use": "error-rate", "max": "2%"}


def limited(*steps: Json, **more: JsonValue) -> Json:
    return settings(*steps, monitors=[{**LIMITED, **more}])


async def stable(daemon: Daemon, seconds: float = 0.0) -> None:
    """v1 is stable, by a first release that nobody watched, and the application has a limit since."""
    await daemon.stable("v1")
    await daemon.apply(limited())
    await daemon.clock.sleep(seconds)


async def test_it_counts_as_a_test_of_its_own(daemon: Daemon) -> None:
    await stable(daemon)
    rollout = await daemon.deploy("v2")
    state = await daemon.until(rollout, lambda state: len(state.verdicts) == 2)
    assert [monitor.name for monitor in state.deciding] == ["error-rate", "error-rate/max"]
    for judged in state.verdicts.values():
        assert judged.verdict.evidence["threshold_fail"] == pytest.approx(log(2 / 0.01))
    ended = await daemon.ended(rollout)
    assert ended.phase is Phase.PROMOTED
    assert [dict(settled) for settled in ended.settled.values()] == [
        {"error-rate": "pass", "error-rate/max": "pass"}
    ]


async def test_it_takes_back_what_is_no_worse_than_stable(daemon: Daemon, scene: Scene) -> None:
    await stable(daemon)
    scene.bad |= {"v1": 0.3, "v2": 0.3}
    ended = await daemon.ended(await daemon.deploy("v2"))
    assert ended.phase is Phase.ROLLED_BACK
    assert ended.reason.startswith("error-rate/max: canary fails")
    assert "2% allowed" in ended.reason


async def test_the_comparison_goes_on_deciding_beside_it(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    await daemon.apply(limited(max="50%"))
    scene.bad["v2"] = 0.1
    ended = await daemon.ended(await daemon.deploy("v2"))
    assert ended.phase is Phase.ROLLED_BACK
    assert ended.reason.startswith("error-rate: ")


async def test_a_dry_run_is_dry_for_both(daemon: Daemon, scene: Scene) -> None:
    await daemon.stable("v1")
    await daemon.apply(
        settings(monitors=[{"use": "error-rate", "name": "watched"}, {**LIMITED, "dry_run": True}])
    )
    scene.bad |= {"v1": 0.3, "v2": 0.3}
    ended = await daemon.ended(await daemon.deploy("v2"))
    assert ended.phase is Phase.PROMOTED
    assert ended.verdicts["error-rate/max"].verdict.verdict is Verdict.FAIL


@pytest.mark.parametrize(("share", "phase"), [(0.0, Phase.PROMOTED), (0.3, Phase.FAILED)])
async def test_a_first_release_is_watched_by_the_limit_alone(
    daemon: Daemon, scene: Scene, share: float, phase: Phase
) -> None:
    scene.bad["v1"] = share
    await daemon.apply(limited({"weight": "25%", "hold": "10s"}, {"weight": "50%", "hold": "20s"}))
    ended = await daemon.ended(await daemon.deploy("v1"))
    assert ended.phase is phase
    [does] = [step.does for step in ended.admitted.plan.steps if isinstance(step.does, Observe)]
    assert (does.duration, does.monitors) == (20.0, ("error-rate/max",))
    assert set(ended.verdicts) == {"error-rate/max"}


async def test_a_first_release_without_a_limit_is_not_held(daemon: Daemon) -> None:
    await daemon.apply(settings())
    ended = await daemon.ended(await daemon.deploy("v1"))
    assert not [step for step in ended.admitted.plan.steps if isinstance(step.does, Observe)]
    assert ended.admitted.monitors == ()


@pytest.mark.parametrize(("share", "phase"), [(0.0, Phase.PROMOTED), (0.3, Phase.ROLLED_BACK)])
async def test_a_cold_rollback_is_watched_by_the_limit_alone(
    daemon: Daemon, scene: Scene, share: float, phase: Phase
) -> None:
    await stable(daemon)
    assert (await daemon.ended(await daemon.deploy("v2"))).phase is Phase.PROMOTED
    await daemon.at_rest()
    scene.bad["v1"] = share
    view = await daemon.service.rollback("shop", "prod", None, "user:ada")
    ended = await daemon.ended(view.state.id)
    assert ended.phase is phase
    assert {monitor.name for monitor in ended.deciding} == {"error-rate/max"}


async def test_a_name_that_the_second_test_would_bear_is_refused(daemon: Daemon) -> None:
    await daemon.stable("v1")
    await daemon.apply(settings(monitors=[LIMITED, {"use": "error-rate", "name": "error-rate/max"}]))
    with pytest.raises(PluginError, match="two monitors would be called 'error-rate/max'"):
        await daemon.deploy("v2")


async def test_a_restart_goes_on_with_both(scene: Scene) -> None:
    async with scene.daemon() as first:
        await stable(first)
        rollout = await first.deploy("v2")
        await first.until(rollout, lambda state: state.weight > 0)
    scene.bad |= {"v1": 0.3, "v2": 0.3}
    async with scene.daemon() as second:
        ended = await second.ended(rollout)
    assert ended.reason.startswith("error-rate/max: ")
