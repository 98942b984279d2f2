"""Whatever is sent, the API answers; never with a 5xx, and always with a problem document."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from rollway.http import create_app
from tests.unit.http.memory_usecases import MemoryUseCases

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([
    "application", "environment", "environments", "release", "name", "artifact", "settings", "source",
    "reason", "to", "on_busy", "unwatched", "version",
])  # fmt: skip
BODIES = (
    ANY_JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(KEYS, ANY_JSON, max_size=5).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
)
NAMES = st.text(min_size=1, max_size=12)
CALLS = st.sampled_from([
    ("PUT", "/api/v1/applications/{}"),
    ("POST", "/api/v1/releases"),
    ("POST", "/api/v1/rollouts"),
    ("POST", "/api/v1/plans"),
    ("POST", "/api/v1/rollouts/{}/abort"),
    ("POST", "/api/v1/applications/{}/environments/{}/rollback"),
    ("PUT", "/api/v1/artifacts/{}"),
    ("GET", "/api/v1/rollouts/{}"),
    ("GET", "/api/v1/rollouts/{}/events"),
    ("GET", "/api/v1/applications/{}/environments/{}"),
])  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(
        ["limit", "cursor", "phase", "after", "application", "environment", "unfinished", "name"]
    ),
    st.text(max_size=12) | st.integers().map(str),
    max_size=4,
)
LISTS = st.sampled_from(["/api/v1/rollouts", "/api/v1/releases", "/api/v1/applications", "/api/v1/plugins"])


APP = create_app(MemoryUseCases())


async def answer(method: str, path: str, **named: Any) -> httpx.Response:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.request(method, path, **named)


def assert_well_answered(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code


@settings(max_examples=60, deadline=None)
@given(call=CALLS, names=st.tuples(NAMES, NAMES), body=BODIES, tar=st.booleans())
async def test_any_body(call: tuple[str, str], names: tuple[str, str], body: bytes, tar: bool) -> None:
    method, path = call
    url = path.format(*(quote(name, safe="") for name in names))
    kind = "application/x-tar" if tar else "application/json"
    assert_well_answered(await answer(method, url, content=body, headers={"Content-Type": kind}))


@settings(max_examples=60, deadline=None)
@given(path=LISTS, query=QUERIES)
async def test_any_query(path: str, query: dict[str, str]) -> None:
    assert_well_answered(await answer("GET", path, params=query))


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["Host", "Origin", "Content-Type", "Idempotency-Key", "X-Rollway-Actor", "Accept"]),
    value=st.binary(max_size=30),
)
async def test_any_header(name: str, value: bytes) -> None:
    headers = {"Content-Type": b"application/json", name: value}
    assert_well_answered(await answer("POST", "/api/v1/plans", content=b"{}", headers=headers))
