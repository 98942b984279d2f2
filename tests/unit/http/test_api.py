"""The API through ASGI: what it answers to the right calls and to the wrong ones."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.engine.codec import UnreadableEvent
from rollway.http import create_app
from rollway.store.protocol import StoreUnavailable
from tests.unit.http.memory_usecases import (
    HEALTHY_CANARY,
    MemoryUseCases,
    judged,
    promotion,
    taking_back,
)

SETTINGS: dict[str, Any] = {"version": 1, "application": "shop", "environments": {"prod": {}}}
TAR = b"a tar, for all the API knows"
DIGEST = "sha256:" + hashlib.sha256(TAR).hexdigest()
ROLLOUT = "r00000000000"


@pytest.fixture
def cases() -> MemoryUseCases:
    return MemoryUseCases()


@pytest.fixture
async def http(cases: MemoryUseCases) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(cases))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7700") as client:
        yield client


async def put_tar(http: httpx.AsyncClient, digest: str = DIGEST) -> httpx.Response:
    return await http.put(
        f"/api/v1/artifacts/{digest}", content=TAR, headers={"Content-Type": "application/x-tar"}
    )


async def released(http: httpx.AsyncClient) -> None:
    await http.put("/api/v1/applications/shop", json=SETTINGS)
    await put_tar(http)
    body = {"application": "shop", "name": "v2", "artifact": DIGEST}
    assert (await http.post("/api/v1/releases", json=body)).status_code == 201


def assert_problem(response: httpx.Response, status: int, word: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:rollway:problem:{word}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


async def test_an_application_is_created_then_found_unchanged_then_updated(http: httpx.AsyncClient) -> None:
    created = await http.put("/api/v1/applications/shop", json=SETTINGS)
    assert (created.status_code, created.json()["revision"], created.json()["changed"]) == (201, 1, True)
    assert created.json()["warnings"] == ["environments.prod: something to know"]
    again = await http.put("/api/v1/applications/shop", json=SETTINGS)
    assert (again.status_code, again.json()["changed"]) == (200, False)
    found = (await http.get("/api/v1/applications/shop")).json()
    assert found["settings"] == SETTINGS
    assert found["applied_at"] == "2027-01-15T08:00:00Z"


async def test_problems_of_a_configuration_are_told_one_by_one(http: httpx.AsyncClient) -> None:
    response = await http.put("/api/v1/applications/shop", json={**SETTINGS, "wrong": 1})
    document = assert_problem(response, 422, "configuration")
    assert document["problems"] == [{"path": "wrong", "message": "unknown key", "suggestion": "right"}]
    assert document["refusals"] == [{"path": "pipeline", "sentence": "pipelines are not built yet"}]


async def test_what_is_not_built_has_its_own_type(http: httpx.AsyncClient) -> None:
    response = await http.put("/api/v1/applications/shop", json={**SETTINGS, "pipeline": []})
    assert_problem(response, 422, "not-built")


async def test_an_application_under_another_name_is_refused(http: httpx.AsyncClient) -> None:
    response = await http.put("/api/v1/applications/cart", json=SETTINGS)
    assert assert_problem(response, 422, "configuration")["problems"][0]["path"] == "application"


async def test_an_artifact_is_kept_once_and_only_if_it_is_what_it_says(http: httpx.AsyncClient) -> None:
    assert (await http.head(f"/api/v1/artifacts/{DIGEST}")).status_code == 404
    first, second = await put_tar(http), await put_tar(http)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == {"digest": DIGEST, "created": True}
    assert (await http.head(f"/api/v1/artifacts/{DIGEST}")).status_code == 200
    assert_problem(await put_tar(http, "sha256:" + "0" * 64), 422, "digest-mismatch")
    assert_problem(await put_tar(http, "sha256:nonsense"), 422, "invalid-request")


@pytest.mark.parametrize("name", ["bad name", "../v2", "-v2", "v" * 101, "v\u0662", "v2\n"])
async def test_a_name_that_no_release_can_have_is_refused(http: httpx.AsyncClient, name: str) -> None:
    body = {"application": "shop", "name": name, "artifact": DIGEST}
    problem = assert_problem(await http.post("/api/v1/releases", json=body), 422, "invalid-request")
    assert "release name" in str(problem["problems"])


async def test_a_release_needs_its_artifact_and_keeps_its_name(http: httpx.AsyncClient) -> None:
    await released(http)
    other = "sha256:" + hashlib.sha256(b"other").hexdigest()
    body = {"application": "shop", "name": "v2", "artifact": other}
    assert_problem(await http.post("/api/v1/releases", json=body), 404, "not-found")
    await http.put(
        f"/api/v1/artifacts/{other}", content=b"other", headers={"Content-Type": "application/x-tar"}
    )
    differs = assert_problem(await http.post("/api/v1/releases", json=body), 409, "release-differs")
    assert DIGEST[7:] in differs["detail"]
    assert other[7:] in differs["detail"]
    listed = (await http.get("/api/v1/releases", params={"application": "shop"})).json()
    assert [item["name"] for item in listed["items"]] == ["v2"]


async def test_a_rollout_is_started_once_for_one_key(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    await released(http)
    body = {"application": "shop", "environment": "prod", "release": "v2"}
    headers = {"Idempotency-Key": "once", "X-Rollway-Actor": "ann"}
    first = await http.post("/api/v1/rollouts", json=body, headers=headers)
    second = await http.post("/api/v1/rollouts", json=body, headers=headers)
    assert (first.status_code, first.headers["location"]) == (201, f"/api/v1/rollouts/{first.json()['id']}")
    assert first.json()["id"] == second.json()["id"]
    assert cases.actors[-1] == "user:ann"
    assert cases.keys[-1] == "POST /api/v1/rollouts once"
    busy = assert_problem(await http.post("/api/v1/rollouts", json=body), 409, "conflict")
    assert "follow it" in busy["advice"]


async def test_the_document_of_a_rollout(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.admit(ROLLOUT)
    cases.happen(ROLLOUT, *HEALTHY_CANARY)
    cases.judgements["error-rate"] = judged()
    document = (await http.get(f"/api/v1/rollouts/{ROLLOUT}")).json()
    assert document["phase"] == "running"
    assert document["weight"] == 5
    assert document["step"] == {"index": 4, "of": 7, "name": "watch 60 s"}
    assert document["instances"] == {
        "stable": {"ready": 3, "wanted": 3},
        "canary": {"ready": 2, "wanted": 3},
    }
    assert document["started_at"] == "2027-01-15T08:00:00Z"
    assert document["finished_at"] is None
    assert document["plan"][2]["weight"] == 5
    assert document["plan"][3]["hold"] == 60
    (verdict,) = document["verdicts"]
    assert (verdict["monitor"], verdict["verdict"]) == ("error-rate", "inconclusive")
    assert verdict["evidence"]["canary"] == {"requests": 120.0, "bad": 2.0}


@pytest.mark.parametrize(
    ("after", "phase", "weight"),
    [(promotion(ROLLOUT), "promoted", 100), (taking_back(ROLLOUT), "rolled_back", 0)],
)
async def test_the_weight_after_the_end(
    http: httpx.AsyncClient,
    cases: MemoryUseCases,
    after: tuple[e.RolloutEvent, ...],
    phase: str,
    weight: int,
) -> None:
    cases.admit(ROLLOUT)
    cases.happen(ROLLOUT, *HEALTHY_CANARY, *after)
    document = (await http.get(f"/api/v1/rollouts/{ROLLOUT}")).json()
    assert (document["phase"], document["weight"]) == (phase, weight)
    assert document["finished_at"].endswith("Z")
    assert document["reason"]


async def test_the_log_counts_without_gaps_and_speaks_percent(
    http: httpx.AsyncClient, cases: MemoryUseCases
) -> None:
    cases.admit(ROLLOUT)
    cases.happen(ROLLOUT, *HEALTHY_CANARY, *taking_back(ROLLOUT))
    events = (await http.get(f"/api/v1/rollouts/{ROLLOUT}/events")).json()
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert set(events[0]) == {"seq", "at", "type", "actor", "data"}
    lowered = next(event for event in events if event["type"] == "WeightLowered")
    assert lowered["data"]["split"] == {"shop/prod-old": 100}
    rest = (await http.get(f"/api/v1/rollouts/{ROLLOUT}/events", params={"after": 3})).json()
    assert rest == events[3:]


async def test_a_stream_resumes_after_the_last_event_seen_and_is_over_at_the_end(
    http: httpx.AsyncClient, cases: MemoryUseCases
) -> None:
    cases.admit(ROLLOUT)
    cases.happen(ROLLOUT, *HEALTHY_CANARY, *taking_back(ROLLOUT))
    last = len(cases.happened[ROLLOUT])
    url, headers = f"/api/v1/rollouts/{ROLLOUT}/events", {"Accept": "text/event-stream"}
    whole = await http.get(url, headers=headers)
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert whole.text.count("\nevent: ") == last
    rest = await http.get(url, headers={**headers, "Last-Event-ID": str(last - 1)})
    assert [line for line in rest.text.splitlines() if line.startswith("id:")] == [f"id: {last}"]
    over = await http.get(url, headers={**headers, "Last-Event-ID": str(last)})
    assert over.status_code == 204
    wrong = await http.get(url, headers={**headers, "Last-Event-ID": "yesterday"})
    assert_problem(wrong, 400, "last-event-id")


async def test_an_abort_is_an_event_of_who_asked(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.admit(ROLLOUT)
    url = f"/api/v1/rollouts/{ROLLOUT}/abort"
    response = await http.post(url, json={"reason": "smoke"}, headers={"X-Rollway-Actor": "bob"})
    assert response.status_code == 200
    assert cases.happened[ROLLOUT][-1].actor == "user:bob"
    assert cases.happened[ROLLOUT][-1].event == e.AbortRequested(reason="smoke")
    cases.happen(ROLLOUT, *taking_back(ROLLOUT, Phase.ABORTED)[1:])
    assert_problem(await http.post(url, json={}), 409, "conflict")


async def test_going_back_during_a_rollout_ends_it(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.admit(ROLLOUT)
    url = "/api/v1/applications/shop/environments/prod/rollback"
    response = await http.post(url, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    assert response.json()["id"] == ROLLOUT
    assert response.json()["outcome"] == f"ends rollout {ROLLOUT}"


async def test_an_environment_shows_what_runs_at_what_weight(
    http: httpx.AsyncClient, cases: MemoryUseCases
) -> None:
    await http.put("/api/v1/applications/shop", json=SETTINGS)
    cases.admit(ROLLOUT)
    document = (await http.get("/api/v1/applications/shop/environments/prod")).json()
    assert (document["release"], document["rollout"], document["phase"]) == ("v1", ROLLOUT, "rollout")
    stable, canary = document["groups"]
    assert (stable["role"], stable["release"], stable["weight"], stable["ready"]) == ("stable", "v1", 100, 3)
    assert (canary["role"], canary["release"], canary["weight"]) == ("canary", "v2", 0)
    assert document["listen"] == "127.0.0.1:8080"
    listed = (await http.get("/api/v1/applications/shop/environments")).json()
    assert listed == {"items": [document], "next": None}


async def test_a_plan_shows_each_step_and_starts_nothing(
    http: httpx.AsyncClient, cases: MemoryUseCases
) -> None:
    await http.put("/api/v1/applications/shop", json=SETTINGS)
    plan = (await http.post("/api/v1/plans", json={"application": "shop", "environment": "prod"})).json()
    assert {"digest", "release", "steps", "warnings"} <= set(plan)
    assert [step["index"] for step in plan["steps"]] == list(range(1, 8))
    assert plan["steps"][2] == {
        "index": 3, "name": "5%", "kind": "shift", "group": None, "weight": 5, "source_step": 1, "hold": None,
        "size": None, "deadline": None, "monitors": None, "note": "5% of visitors",
    }  # fmt: skip
    assert cases.happened == {}


async def test_lists_come_in_pages(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    ids = [cases.admit(f"r{number:011}", f"shop/e{number}") for number in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/api/v1/rollouts", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert_problem(await http.get("/api/v1/rollouts", params={"cursor": "ä"}), 400, "cursor")


async def test_rollouts_are_selected_by_phase_and_place(
    http: httpx.AsyncClient, cases: MemoryUseCases
) -> None:
    cases.admit("r1", "shop/prod")
    cases.admit("r2", "shop/beta")
    cases.happen("r2", *HEALTHY_CANARY, *taking_back("r2"))

    async def ids(**params: str) -> list[str]:
        return [item["id"] for item in (await http.get("/api/v1/rollouts", params=params)).json()["items"]]

    assert await ids(phase="rolled_back") == ["r2"]
    assert await ids(environment="prod") == ["r1"]
    assert await ids(application="cart") == []
    assert await ids(unfinished="true") == ["r1"]
    document = assert_problem(
        await http.get("/api/v1/rollouts", params={"phase": "sleeping"}), 422, "invalid-request"
    )
    assert document["problems"][0]["path"].startswith("query.phase")


async def test_plugins_are_listed_with_what_is_wrong(http: httpx.AsyncClient) -> None:
    canary, moon = (await http.get("/api/v1/plugins")).json()["items"]
    assert (canary["loaded"], moon["loaded"], moon["problem"]) == (True, False, "ImportError: no moon")


@pytest.mark.parametrize(
    ("headers", "status", "word"),
    [
        ({"Content-Type": "text/plain"}, 415, "content-type"),
        ({"Content-Type": ""}, 415, "content-type"),
        ({"Host": "rollway.example"}, 421, "host"),
        ({"Host": "127.0.0.1.example:7700"}, 421, "host"),
        ({"Host": "192.168.0.7:7700"}, 421, "host"),
        ({"Origin": "https://evil.example"}, 403, "origin"),
        ({"Origin": "null"}, 403, "origin"),
        ({"Origin": "http://127.0.0.1:8080"}, 403, "origin"),
        ({"X-Rollway-Actor": "a b"}, 400, "actor"),
        ({"Idempotency-Key": "k" * 256}, 400, "idempotency-key"),
    ],
)
async def test_what_comes_from_elsewhere_is_refused(
    http: httpx.AsyncClient, cases: MemoryUseCases, headers: dict[str, str], status: int, word: str
) -> None:
    await released(http)
    headers = {"Content-Type": "application/json", **headers}
    body = b'{"application": "shop", "environment": "prod", "release": "v2"}'
    assert_problem(await http.post("/api/v1/rollouts", content=body, headers=headers), status, word)
    assert cases.happened == {}


@pytest.mark.parametrize("host", ["localhost:7700", "127.0.0.1", "[::1]:7700", "127.0.0.2:1", "LOCALHOST"])
async def test_every_name_of_loopback_will_do(http: httpx.AsyncClient, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    response = await http.put("/api/v1/applications/shop", json=SETTINGS, headers=headers)
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "json"),
        (b'{"application": NaN}', 400, "json"),
        (b'{"application": 1e999}', 400, "json"),
        (b"[" * 5000 + b"]" * 5000, 400, "json"),
        (b'{"application": "\xff"}', 400, "json"),
        (b"[]", 422, "invalid-request"),
        (b"", 422, "invalid-request"),
        (b'{"application": "shop"}', 422, "invalid-request"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', 413, "body-too-large"),
    ],
)
async def test_bad_bodies(http: httpx.AsyncClient, body: bytes, status: int, word: str) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(await http.post("/api/v1/rollouts", content=body, headers=headers), status, word)


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/api/v1/nothing", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/api/v1/rollouts/none", 404, "not-found"),
        ("DELETE", "/healthz", 405, "method"),
    ],
)
async def test_what_is_not_there(
    http: httpx.AsyncClient, method: str, path: str, status: int, word: str
) -> None:
    assert_problem(await http.request(method, path), status, word)


async def test_an_unforeseen_error_is_not_told(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.broken = RuntimeError("the secret is 42")
    cases.admit(ROLLOUT)
    document = assert_problem(await http.get(f"/api/v1/rollouts/{ROLLOUT}"), 500, "unexpected")
    assert "42" not in str(document)


async def test_a_store_that_cannot_be_read_is_not_the_callers_fault(
    http: httpx.AsyncClient, cases: MemoryUseCases
) -> None:
    cases.broken = StoreUnavailable("the disk is full", "free some space")
    response = await http.get(f"/api/v1/rollouts/{ROLLOUT}")
    assert assert_problem(response, 503, "store-unavailable")["advice"] == "free some space"
    assert response.headers["retry-after"] == "1"


async def test_what_a_newer_version_wrote_is_named(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.broken = UnreadableEvent(
        "rollout-1 has event 3, Teleported v1, of a newer rollway; start that version again"
    )
    document = assert_problem(await http.get(f"/api/v1/rollouts/{ROLLOUT}"), 501, "newer-log")
    assert "start that version again" in document["detail"]


async def test_health_readiness_and_metrics(http: httpx.AsyncClient, cases: MemoryUseCases) -> None:
    cases.admit(ROLLOUT)
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    assert (await http.head("/healthz")).status_code == 200
    assert (await http.get("/readyz")).status_code == 200
    cases.waiting = "adopting instances"
    assert assert_problem(await http.get("/readyz"), 503, "not-ready")["detail"] == "adopting instances"
    metrics = (await http.get("/metrics")).text
    assert 'rollway_http_requests_total{method="GET",route="/readyz",status="503"} 1.0' in metrics


async def test_openapi_names_every_route_and_the_shape_of_problems(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    assert {
        "/api/v1/rollouts",
        "/api/v1/rollouts/{id}/events",
        "/api/v1/artifacts/{digest}",
        "/api/v1/applications/{name}/environments/{environment}/rollback",
        "/api/v1/plans",
        "/api/v1/plugins",
        "/metrics",
    } <= set(document["paths"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert "422" not in operation["responses"], (path, method)
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/ProblemDocument"}
    assert {"ProblemDocument", "ProblemItem", "RefusalItem"} <= set(document["components"]["schemas"])
