"""What people say to a rollout, its output, the history of an environment, and the front page, through ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.http import create_app
from tests.unit.http.memory_usecases import HEALTHY_CANARY, MemoryUseCases, taking_back
from tests.unit.http.test_api import ROLLOUT, SETTINGS, assert_problem

HERE = f"/api/v1/rollouts/{ROLLOUT}"
HISTORY = "/api/v1/applications/shop/environments/prod/history"


@pytest.fixture
def cases() -> MemoryUseCases:
    made = MemoryUseCases()
    made.admit(ROLLOUT)
    made.happen(ROLLOUT, *HEALTHY_CANARY)
    return made


@pytest.fixture
async def http(cases: MemoryUseCases) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(cases))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7700") as client:
        yield client


async def test_pause_and_resume(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    headers = {"X-Rollway-Actor": "ann", "Idempotency-Key": "k"}
    paused = await http.post(f"{HERE}/pause", json={"reason": "let me look"}, headers=headers)
    assert paused.status_code == 200
    document = paused.json()
    assert (document["phase"], document["waiting_for"]) == ("paused", "person")
    assert document["reason"] == "let me look"
    assert (cases.actors[-1], cases.keys[-1]) == ("user:ann", f"POST {HERE}/pause k")
    resumed = await http.post(f"{HERE}/resume", json={})
    assert (resumed.status_code, resumed.json()["phase"]) == (200, "running")
    assert_problem(await http.post(f"{HERE}/resume", json={}), 409, "conflict")


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ({}, e.PromoteRequested(step=4)),
        ({"full": False}, e.PromoteRequested(step=4)),
        ({"full": True}, e.FullPromotionRequested(step=4)),
    ],
)
async def test_promote(
    http: httpx.AsyncClient, cases: MemoryUseCases, body: dict[str, bool], event: e.RolloutEvent
) -> None:
    assert (await http.post(f"{HERE}/promote", json=body)).status_code == 200
    assert cases.happened[ROLLOUT][-1].event == event


async def test_a_retry_is_a_new_rollout(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    assert_problem(await http.post(f"{HERE}/retry", json={}), 409, "conflict")
    cases.happen(ROLLOUT, *taking_back(ROLLOUT))
    retried = await http.post(f"{HERE}/retry", json={"reason": "the network is mended"})
    assert retried.status_code == 201
    assert (retried.json()["retry_of"], retried.json()["why"]) == (ROLLOUT, "the network is mended")
    assert retried.headers["location"] == f"/api/v1/rollouts/{retried.json()['id']}"
    rows = (await http.get("/api/v1/rollouts")).json()["items"]
    assert [row["retry_of"] for row in rows] == [ROLLOUT, None]


@pytest.mark.parametrize("verb", ["pause", "resume", "promote", "abort", "retry"])
@pytest.mark.parametrize(
    ("rollout", "body", "status", "word"),
    [
        ("none00000000", {}, 404, "not-found"),
        ("x" * 101, {}, 422, "invalid-request"),
        (ROLLOUT, {"from_step": 3}, 422, "invalid-request"),
        (ROLLOUT, [1], 422, "invalid-request"),
    ],
)
async def test_what_is_refused_everywhere(
    http: httpx.AsyncClient, verb: str, rollout: str, body: object, status: int, word: str
) -> None:
    response = await http.post(f"/api/v1/rollouts/{rollout}/{verb}", json=body)
    assert_problem(response, status, word)


@pytest.mark.parametrize("verb", ["pause", "resume", "promote", "abort", "retry"])
async def test_the_body_may_be_left_out(http: httpx.AsyncClient, verb: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await http.post(f"{HERE}/{verb}", headers=headers)).status_code in (200, 409)


async def test_the_output_of_both_sides(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.written = ["GET /", "GET /basket"]
    document = (await http.get(f"{HERE}/logs", params={"lines": 2})).json()
    assert document["rollout"] == ROLLOUT
    assert document["instances"][0] == {
        "instance": "i1",
        "group": f"{ROLLOUT}-new",
        "role": "canary",
        "release": "v2",
        "running": True,
        "lines": ["GET /", "GET /basket"],
    }
    for lines in ("0", "1001", "many"):
        assert_problem(await http.get(f"{HERE}/logs", params={"lines": lines}), 422, "invalid-request")
    assert_problem(await http.get("/api/v1/rollouts/none00000000/logs"), 404, "not-found")


async def test_history_in_pages(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    await http.put("/api/v1/applications/shop", json=SETTINGS)
    cases.happen(ROLLOUT, *taking_back(ROLLOUT))
    again = cases.admit("r00000000001", unwatched=True, reason="the monitors are wrong")
    first = (await http.get(HISTORY, params={"limit": 1})).json()
    (latest,) = first["items"]
    assert (latest["rollout"], latest["release"], latest["phase"]) == (again, "v2", "running")
    assert (latest["unwatched"], latest["why"]) == (True, "the monitors are wrong")
    assert latest["finished_at"] is None
    second = (await http.get(HISTORY, params={"limit": 1, "cursor": first["next"]})).json()
    (before,) = second["items"]
    assert (before["rollout"], before["phase"]) == (ROLLOUT, Phase.ROLLED_BACK.value)
    assert before["actor"] == "daemon:here"
    assert before["finished_at"] > before["started_at"]
    assert "canary fails 5%" in before["reason"]
    assert second["next"] is None
    assert_problem(await http.get(HISTORY.replace("prod", "nowhere")), 404, "not-found")


async def test_a_browser_is_told_where_it_is(http: httpx.AsyncClient) -> None:
    page = await http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for told in ("Rollway", "console is not built yet", 'href="/openapi.json"', 'href="/metrics"'):
        assert told in page.text
    assert (await http.head("/")).status_code == 200


async def test_openapi_has_the_shape_of_each(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    paths = document["paths"]
    for verb in ("pause", "resume", "promote", "abort", "retry"):
        answers = paths[f"/api/v1/rollouts/{{id}}/{verb}"]["post"]["responses"]
        schema = answers["201" if verb == "retry" else "200"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/RolloutDocument"}
    assert "/" not in paths
    parameters = paths["/api/v1/rollouts/{id}/logs"]["get"]["parameters"]
    assert {each["name"] for each in parameters} == {"id", "lines"}
    assert {"LogsDocument", "OutputDocument", "PastRolloutDocument"} <= set(document["components"]["schemas"])
    for operation in (each for path in paths.values() for each in path.values()):
        assert operation.get("description"), operation["operationId"]
