"""An abort of a release that has no traffic yet: who asked stands in the log, and is told no conflict, at any moment."""

import pytest

from rollway.domain import events as e
from tests.unit.engine.scene import Daemon, of

pytestmark = pytest.mark.virtual_time


async def test_whoever_aborts_early_is_recorded_and_not_refused(daemon: Daemon) -> None:
    await daemon.stable("v1")
    daemon.store.way = 0.05
    for moment in range(40):
        rollout = await daemon.deploy(f"v{moment + 2}")
        await daemon.clock.sleep(moment * 0.031)
        await daemon.service.abort(rollout, "user:bob", "no")
        assert (await daemon.ended(rollout)).phase == "aborted"
        assert len(of(await daemon.events(rollout), e.AbortRequested)) == 1
        await daemon.at_rest()
