"""The main job, end to end: real processes, the real Envoy, real load that never retries, the daemon as it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rollway.demo.outside import Outside
from rollway.http.documents import RolloutDocument
from rollway.testing.traffic import Attempt, Load
from tests.acceptance.harness import Site

RATE = 300.0


@asynccontextmanager
async def visitors(site: Site, rate: float = RATE) -> AsyncIterator[Load]:
    """Visitors at a fixed rate for as long as the block lasts; keep-alive, never a retry."""
    async with Load(site.visitors, rate=rate) as load:
        await load.reach(50)
        yield load


def not_of(load: Load, release: str) -> list[Attempt]:
    """Failed requests that this release did not answer."""
    return [attempt for attempt in load.failures if attempt.release != release]


async def ended(site: Site, id_: str) -> RolloutDocument:
    """Wait for a rollout's end beside the load."""
    return await asyncio.to_thread(site.ended, id_)


async def test_a_healthy_release_is_promoted_without_a_failed_request(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        rollout = await ended(site, await asyncio.to_thread(site.deploy, "1.1"))
        assert (rollout.phase, rollout.weight) == ("promoted", 100)
        await load.reach(100)
    assert load.failures == []
    assert load.attempts[-1].release == "1.1"
    site.until(lambda: site.running() == {"1.1": 2}, "the old release is stopped")


@pytest.mark.parametrize("faults", [0.05, 1.0])
async def test_a_bad_release_is_taken_back(site: Site, faults: float) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        rollout = await ended(site, await asyncio.to_thread(site.deploy, "1.1", faults=faults))
        after = load.clock
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
        assert "error-rate" in (rollout.reason or "")
        await load.reach(200)
    assert not_of(load, "1.1") == []
    assert load.failures != []
    assert [a for a in load.attempts if a.at > after and a.release == "1.1"] == []
    verdict = next(v for v in rollout.verdicts if v.monitor == "error-rate")
    assert verdict.verdict == "fail"
    assert float(str(verdict.evidence["log_e"])) >= float(str(verdict.evidence["threshold_fail"]))
    site.until(lambda: site.running() == {"1.0": 2}, "the bad release is stopped")


def test_without_traffic_it_is_never_promoted_and_says_what_it_waits_for(site: Site) -> None:
    site.stable()
    id_ = site.deploy("1.1")
    waiting = site.until(lambda: r if (r := site.rollout(id_)).phase == "paused" else None, "the pause")
    assert waiting.waiting_for == "evidence"
    assert "no_data" in (waiting.reason or "")
    assert waiting.weight == 25


async def test_the_first_evidence_continues_what_waited_for_it(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    id_ = await asyncio.to_thread(site.deploy, "1.1")
    await asyncio.to_thread(site.until, lambda: site.rollout(id_).phase == "paused", "the pause")
    async with visitors(site) as load:
        assert (await ended(site, id_)).phase == "promoted"
    assert load.failures == []


async def test_what_never_gets_healthy_is_taken_back_before_any_traffic(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        rollout = await ended(site, await asyncio.to_thread(site.deploy, "1.1", exits=True))
    assert rollout.phase == "rolled_back"
    assert "cannot read the price list" in (rollout.reason or "")
    assert load.failures == []
    assert set(load.releases) == {"1.0"}


def test_what_answers_but_is_not_healthy_is_taken_back_after_the_deadline(site: Site) -> None:
    site.stable()
    rollout = site.ended(site.deploy("1.1", healthy=False))
    assert rollout.phase == "rolled_back"
    assert "0 of 1 instances of 1.1 healthy after 8 s" in (rollout.reason or "")
    assert "503" in (rollout.reason or "")
    assert "1.1 begins" in (rollout.reason or "")


async def test_a_first_release_that_never_gets_healthy_fails_and_the_next_needs_no_repair(site: Site) -> None:
    rollout = await ended(site, await asyncio.to_thread(site.deploy, "1.0", exits=True))
    assert rollout.phase == "failed"
    assert "cannot read the price list" in (rollout.reason or "")
    async with Load(site.visitors, rate=50) as load:
        await load.reach(5)
    assert {attempt.status for attempt in load.attempts} == {503}
    site.until(lambda: not site.running(), "nothing runs")
    await asyncio.to_thread(site.stable, "1.1")
    assert site.running() == {"1.1": 2}


async def test_envoy_killed_during_a_rollout_comes_back_with_the_weights_in_force(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1")
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        (envoy,) = site.envoys()
        envoy.kill()
        await asyncio.to_thread(
            site.until, lambda: [e for e in site.envoys() if e.pid != envoy.pid], "another Envoy"
        )
        assert (await ended(site, id_)).phase == "promoted"
        died = load.clock
        await load.reach(100)
    assert [attempt for attempt in load.failures if attempt.at > died] == []
    assert len(site.envoys()) == 1


async def test_an_abort_takes_it_back_at_once(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1")
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        await load.reach(50)
        with site.client as client:
            await asyncio.to_thread(client.abort, id_, "the shop window is wrong")
        rollout = await ended(site, id_)
        after = load.clock
        await load.reach(100)
    assert (rollout.phase, rollout.reason) == ("aborted", "the shop window is wrong")
    assert [a for a in load.attempts if a.at > after and a.release == "1.1"] == []
    assert load.failures == []


def test_sigterm_leaves_applications_and_envoy_running(site: Site, tmp_path: Path) -> None:
    site.stable()
    assert site.stop() == 0
    assert site.running() == {"1.0": 2}
    assert len(site.envoys()) == 1
    site.start()
    site.until(lambda: site.running() == {"1.0": 2}, "the same instances")


def test_what_is_cleared_away_leaves_neither_sockets_nor_shared_memory(site: Site) -> None:
    site.stable()
    (envoy,) = site.envoys()
    outside = Outside.of(envoy.cmdline())
    assert outside.memory is not None
    assert outside.memory.exists()
    site.stop()
    site.close()
    assert not outside.memory.exists()
    assert outside.sockets is None or not outside.sockets.exists()


def test_a_second_daemon_says_who_holds_the_folder(site: Site) -> None:
    other = Site(site.folder)
    with pytest.raises(AssertionError, match="is held by another daemon, process"):
        other.start()
    assert other.process is not None
    assert other.process.returncode == 8
