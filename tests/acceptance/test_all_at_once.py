"""All traffic at once, end to end: held against stable's record, and asked from outside."""

import asyncio

import pytest

from rollway.errors import RollwayError
from rollway.testing.traffic import Load
from tests.acceptance.harness import Site


def at_once(site: Site, *monitors: dict[str, object]) -> None:
    """The site switches at once from now on."""
    site.strategy = {"use": "all-at-once", "hold": "3s"}
    site.monitors = list(monitors) or None
    site.apply()


def refusal(site: Site, release: str) -> str:
    """Why a release is not taken."""
    with pytest.raises(RollwayError) as refused:
        site.deploy(release)
    return f"{refused.value} {refused.value.advice or ''}"


async def test_refused_without_a_record_then_taken_back_or_promoted_by_it(site: Site) -> None:
    """Without traffic it is refused; after a minute of it a bad release is taken back and a good one stays."""
    await asyncio.to_thread(site.stable)
    at_once(site)
    assert "--unwatched" in await asyncio.to_thread(refusal, site, "1.1")
    async with Load(site.visitors, rate=100.0) as load:
        await load.reach(6_200, timeout=90.0)
        bad = await asyncio.to_thread(site.deploy, "1.2", faults=0.2)
        taken_back = await asyncio.to_thread(site.ended, bad)
        assert (taken_back.phase, taken_back.weight) == ("rolled_back", 0)
        assert "stable's record before was 0 of" in (taken_back.reason or "")
        good = await asyncio.to_thread(site.ended, await asyncio.to_thread(site.deploy, "1.3"))
        assert (good.phase, good.weight) == ("promoted", 100)
        await load.reach(50)
    assert {attempt.release for attempt in load.failures} == {"1.2"}
    assert load.attempts[-1].release == "1.3"


def test_a_release_that_answers_wrongly_from_outside_is_taken_back_without_any_visitor(site: Site) -> None:
    site.stable()
    at_once(site, {"use": "http", "path": "/", "interval": "250ms", "timeout": "250ms"})
    bad = site.ended(site.deploy("1.1", faults=1.0))
    assert bad.phase == "rolled_back"
    assert "answered 500" in (bad.reason or "")
    assert site.ended(site.deploy("1.2")).phase == "promoted"
