"""A release that cannot run, or cannot be reached, is taken back and says why; visitors keep what they had."""

import asyncio
import socket

import httpx
import pytest

from tests.acceptance.harness import Site
from tests.acceptance.test_main_job import visitors


def test_the_port_of_the_router_in_use(site: Site) -> None:
    with socket.create_server((site.visitors.host, site.visitors.port)):
        rollout = site.ended(site.deploy("1.0"))
    assert rollout.phase == "failed"
    assert str(site.visitors) in (rollout.reason or "")
    assert "in use" in (rollout.reason or "")
    site.until(lambda: not site.running(), "nothing is left of it")
    site.stable("1.1")
    assert httpx.get(f"http://{site.visitors}/").text == "this is 1.1"


async def test_a_command_that_does_not_exist(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    site.command = "no-such-server {port}"
    await asyncio.to_thread(site.apply)
    async with visitors(site) as load:
        rollout = await asyncio.to_thread(lambda: site.ended(site.deploy("1.1")))
    assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
    assert "no-such-server" in (rollout.reason or "")
    assert load.failures == []
    assert set(load.releases) == {"1.0"}


async def test_a_command_that_dies_under_traffic(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        rollout = await asyncio.to_thread(lambda: site.ended(site.deploy("1.1", dies_after=20)))
        after = load.clock
        await load.reach(100)
    assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
    assert "1.1" in (rollout.reason or "") or "error-rate" in (rollout.reason or "")
    assert [attempt for attempt in load.attempts if attempt.at > after and attempt.release == "1.1"] == []
    assert [attempt for attempt in load.attempts if attempt.at > after and attempt.failed] == []


@pytest.mark.parametrize(
    ("health", "says"),
    [("404", "GET /healthz answered 404"), ("hangs", "GET /healthz: no answer within 0.3 s")],
    ids=["answers 404", "hangs"],
)
def test_a_health_path_that(site: Site, health: str, says: str) -> None:
    site.health = {"deadline": "2s", "timeout": "300ms"}
    site.apply()
    rollout = site.ended(site.deploy("1.0", health=health))
    assert rollout.phase == "failed"
    assert "0 of 2 instances of 1.0 healthy after 2 s" in (rollout.reason or "")
    assert says in (rollout.reason or "")


def test_a_health_path_that_redirects_is_an_answer(site: Site) -> None:
    assert site.ended(site.deploy("1.0", health="302")).phase == "promoted"
