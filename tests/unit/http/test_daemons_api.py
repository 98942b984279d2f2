"""The daemons of one database, what nobody drives, and what a daemon finds of itself, through ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from rollway.domain.findings import Finding, Grade
from rollway.engine.rollcall import Driver, Seen
from rollway.http import create_app
from rollway.store.protocol import Member
from tests.unit.http.memory_usecases import HEALTHY_CANARY, MemoryUseCases
from tests.unit.http.test_api import ROLLOUT, assert_problem

ME = Seen(
    Member("a", "web-6", "http://127.0.0.1:7700", "1.0"), me=True, leases=frozenset({"any/00", "node/web-6"})
)
LOST = Seen(Member("b", "web-7", "http://127.0.0.1:7701", "1.0"), alive=False, silence=130.04)
NOBODY = Driver("web-7", None, "waiting for a daemon of node web-7; none is running", "start one there")


@pytest.fixture
def cases() -> MemoryUseCases:
    made = MemoryUseCases(others=(ME, LOST))
    made.admit(ROLLOUT, node="web-7")
    made.happen(ROLLOUT, *HEALTHY_CANARY)
    return made


@pytest.fixture
async def http(cases: MemoryUseCases) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(cases))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7700") as client:
        yield client


async def test_who_is_there(http: httpx.AsyncClient) -> None:
    page = (await http.get("/api/v1/daemons?limit=1")).json()
    assert page["items"] == [
        {
            "id": "a", "node": "web-6", "url": "http://127.0.0.1:7700", "version": "1.0", "me": True, "alive": True,
            "silent_for": 0.0, "shares": 1, "holds_node": True,
        }
    ]  # fmt: skip
    [other] = (await http.get("/api/v1/daemons", params={"cursor": page["next"]})).json()["items"]
    assert (other["node"], other["alive"], other["silent_for"]) == ("web-7", False, 130.0)


async def test_who_drives_what(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.drivers["shop/prod"] = Driver("web-7", ME)
    environment = (await http.get("/api/v1/applications/shop/environments/prod")).json()
    assert (environment["node"], environment["daemon"]["id"], environment["problem"]) == ("web-7", "a", None)
    rollout = (await http.get(f"/api/v1/rollouts/{ROLLOUT}")).json()
    assert (rollout["node"], rollout["daemon"], rollout["problem"], rollout["advice"]) == (
        "web-7",
        "a",
        None,
        None,
    )


async def test_what_nobody_drives(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.drivers["shop/prod"] = NOBODY
    environment = (await http.get("/api/v1/applications/shop/environments/prod")).json()
    assert (environment["daemon"], environment["problem"], environment["advice"]) == (
        None,
        NOBODY.problem,
        NOBODY.advice,
    )
    assert {group["ready"] for group in environment["groups"]} == {None}, "nobody here sees them"
    rollout = (await http.get(f"/api/v1/rollouts/{ROLLOUT}")).json()
    assert (rollout["daemon"], rollout["problem"]) == (None, NOBODY.problem)


async def test_what_a_daemon_finds(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.found = [Finding("disk", "3 KiB free", Grade.PROBLEM, "make room", "machine")]
    told = (await http.get("/api/v1/doctor", params={"plugin": ["router/envoy"]})).json()
    assert (told["well"], told["node"]) == (False, "web-6")
    assert told["findings"] == [
        {"part": "machine", "name": "disk", "grade": "problem", "said": "3 KiB free", "advice": "make room"},
        {"part": "plugins", "name": "router envoy", "grade": "ok", "said": "it is loaded", "advice": None},
    ]
    cases.found = []
    assert (await http.get("/api/v1/doctor")).json()["well"]


@pytest.mark.parametrize("plugin", ["envoy", "/envoy", "router/", "", "router/" + "x" * 200])
async def test_what_is_no_plugin(http: httpx.AsyncClient, plugin: str) -> None:
    assert_problem(await http.get("/api/v1/doctor", params={"plugin": plugin}), 400, "plugin")
