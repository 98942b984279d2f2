"""What passes the router unchanged, and what little it adds."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rollway.testing.origin import Origin
from rollway.testing.traffic import Connection, request
from tests.integration.envoy_rig import STABLE, EnvoyRig, envoy_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EnvoyRig]:
    async with envoy_rig(tmp_path) as rig:
        yield rig


@pytest.fixture
async def origin(rig: EnvoyRig) -> Origin:
    origin = await rig.origin("v1")
    await rig.route({STABLE: origin})
    return origin


async def test_a_request_gains_two_headers_and_nothing_else(rig: EnvoyRig, origin: Origin) -> None:
    sent = (
        ("X-Request-Id", "mine-1"),
        ("X-WEIRD-Case", "a"),
        ("under_score", "b"),
        ("X-Envoy-Retry-On", "5xx"),
        ("x-envoy-upstream-rq-timeout-ms", "1"),
        ("X-Forwarded-Client-Cert", "By=x"),
    )
    await request(rig.listen, headers=sent, host="shop.test:8080")
    [received] = origin.received
    kept = tuple(header for header in sent if "envoy" not in header[0].lower())
    assert {header for header in received.headers if not header[0].lower().startswith("x-forwarded-")} == {
        ("Host", "shop.test:8080"),
        *(header for header in kept if "Forwarded" not in header[0]),
    }
    assert received.header("x-forwarded-for") == "127.0.0.1"
    assert received.header("x-forwarded-proto") == "http"
    assert received.header("x-forwarded-client-cert") == "By=x"


async def test_an_address_that_is_there_already_is_kept(rig: EnvoyRig, origin: Origin) -> None:
    await request(rig.listen, headers=(("X-Forwarded-For", "203.0.113.7"),))
    assert origin.received[0].header("x-forwarded-for") == "203.0.113.7,127.0.0.1"


async def test_an_answer_gains_nothing_but_a_missing_date(rig: EnvoyRig, origin: Origin) -> None:
    origin.headers = (
        ("Server", "shop/7"),
        ("DATE", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("X-Request-Id", "theirs"),
    )
    answer = await request(rig.listen)
    assert {name for name, _ in answer.headers} == {
        "X-Release",
        "Server",
        "DATE",
        "X-Request-Id",
        "Content-Length",
    }
    assert answer.header("server") == "shop/7"
    assert answer.header("date") == "Mon, 01 Jan 2024 00:00:00 GMT"
    origin.headers = ()
    assert {name for name, _ in (await request(rig.listen)).headers} == {
        "X-Release",
        "Content-Length",
        "date",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/a//b/../c",
        "/a%2Fb%5Cc",
        "/%zz",
        "/?q=%20&q=//",
        "/./x",
        "/a;b=1",
        "/\\x",
    ],
)
async def test_paths_pass_as_written(rig: EnvoyRig, origin: Origin, path: str) -> None:
    await request(rig.listen, path)
    assert origin.received[0].path == path


async def test_methods_pass_as_written(rig: EnvoyRig, origin: Origin) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "PURGE", "REPORT"):
        answer = await request(rig.listen, method=method)
        assert answer.status == 200
        assert origin.received[-1].line == f"{method} / HTTP/1.1"


async def test_large_bodies_pass_both_ways(rig: EnvoyRig, origin: Origin) -> None:
    body = os.urandom(5_000_000)
    assert (await request(rig.listen, method="POST", body=body)).status == 200
    assert origin.received[0].body == body
    assert len((await request(rig.listen, "/?bytes=7000000")).body) == 7_000_000


async def test_large_headers_pass(rig: EnvoyRig, origin: Origin) -> None:
    many = tuple((f"X-H{number}", "v" * 90) for number in range(400))
    assert (await request(rig.listen, headers=many)).status == 200
    assert len(origin.received[0].headers) >= 400


async def test_chunks_and_trailers_pass_both_ways(rig: EnvoyRig, origin: Origin) -> None:
    connection = await Connection.open(rig.listen)
    connection.writer.write(
        b"POST /trailers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n"
    )
    answer = await connection.answer()
    connection.close()
    assert (answer.body, answer.trailers) == (b"abc", (("x-sum", "7"),))
    assert (origin.received[0].body, origin.received[0].trailers) == (b"hello", (("x-sum", "5"),))


async def test_a_slow_upload_passes(rig: EnvoyRig, origin: Origin) -> None:
    connection = await Connection.open(rig.listen)
    connection.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
    for letter in b"hello":
        await asyncio.sleep(0.1)
        connection.writer.write(bytes([letter]))
    assert (await connection.answer()).status == 200
    connection.close()
    assert origin.received[0].body == b"hello"


async def test_expect_continue_is_answered_by_the_application(rig: EnvoyRig, origin: Origin) -> None:
    connection = await Connection.open(rig.listen)
    connection.writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    async with asyncio.timeout(5):
        assert b"100" in await connection.reader.readuntil(b"\r\n\r\n")
        connection.writer.write(b"ok")
        assert (await connection.answer()).status == 200
    connection.close()
    assert origin.received[0].header("expect") == "100-continue"


async def test_http_1_0_is_served(rig: EnvoyRig, origin: Origin) -> None:
    connection = await Connection.open(rig.listen)
    connection.writer.write(b"GET / HTTP/1.0\r\nHost: old.test\r\n\r\n")
    async with asyncio.timeout(5):
        assert b" 200 " in await connection.reader.read()
    connection.close()
    assert origin.received[0].header("host") == "old.test"


async def test_a_websocket_passes(rig: EnvoyRig, origin: Origin) -> None:
    connection = await upgraded(rig)
    connection.writer.write(b"\x81\x02hi")
    async with asyncio.timeout(5):
        assert await connection.reader.readexactly(4) == b"\x81\x02hi"
    connection.close()
    assert origin.received[0].header("sec-websocket-version") == "13"


async def test_an_event_stream_passes_as_it_is_made(rig: EnvoyRig, origin: Origin) -> None:
    connection = await Connection.open(rig.listen)
    connection.writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(5):
        head = await connection.reader.readuntil(b"\r\n\r\n")
        for _ in range(3):
            await connection.reader.readuntil(b"data: x\n\n")
    connection.close()
    assert b"Content-Type: text/event-stream" in head


async def test_the_environments_time_out_ends_a_request_and_without_one_none_is_ended(
    rig: EnvoyRig, origin: Origin
) -> None:
    origin.pause = 1.0
    assert (await request(rig.listen, "/slow")).status == 200
    await rig.route({STABLE: origin}, timeout="200ms")
    assert (await request(rig.listen, "/slow")).status == 504
    await rig.route({STABLE: origin})
    assert (await request(rig.listen, "/slow")).status == 200


async def upgraded(rig: EnvoyRig) -> Connection:
    """A WebSocket's connection, open."""
    connection = await Connection.open(rig.listen)
    key = base64.b64encode(os.urandom(16)).decode()
    answer = await connection.send(
        "x",
        "/socket",
        headers=(
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Version", "13"),
        ),
    )
    assert answer.status == 101
    return connection
