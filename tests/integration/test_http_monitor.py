"""The monitor http against real servers, good and hostile."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from rollway.api import CANARY, STABLE, Address, Tick, Value
from rollway_monitors.http import http
from rollway_monitors.pages import MOST_READ

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(head: str, body: bytes = b"") -> Answer:
    """A server that gives this answer to whatever it is asked."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def breaks_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-len")


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff ssh-2.0\r\n\r\n")
    await writer.drain()


async def endless_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nx-long: ")
    while not writer.is_closing():
        writer.write(b"a" * 65_536)
        await writer.drain()


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body that never ends, a little at a time."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncIterator[list[Address]]:
    """Instances, one for each way to answer."""
    async with AsyncExitStack() as stack:
        addresses = []
        for each in answers:
            server = await asyncio.start_server(_closing(each), "127.0.0.1", 0)
            stack.push_async_callback(_ended, server)
            addresses.append(Address("127.0.0.1", server.sockets[0].getsockname()[1]))
        yield addresses


def _closing(answer: Answer) -> Answer:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return serve


async def _ended(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


def refused() -> Address:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", probe.getsockname()[1])


async def asked(addresses: list[Address], **settings: object) -> Value:
    monitor = http.factory({"timeout": "400ms", **settings})
    found = await monitor.sample(Tick(None, {CANARY: addresses}))
    assert isinstance(found, Value)
    return found


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        (says("200 OK"), {}),
        (says("204 No Content"), {}),
        (says("302 Found\r\nlocation: /login"), {}),
        (says("404 Not Found"), {"expect": 404}),
        (says("201 Created"), {"expect": [200, 201]}),
        (says("200 OK", b"the basket is empty"), {"contains": "basket"}),
        (says("200 OK", "für alle".encode()), {"contains": "für"}),
        (says("200 OK", b"." * (MOST_READ - 100) + b"basket" + b"." * MOST_READ), {"contains": "basket"}),
    ],
)
async def test_a_right_answer(answer: Answer, settings: dict[str, object]) -> None:
    async with serving(answer) as addresses:
        assert await asked(addresses, **settings) == Value(0.0)


@pytest.mark.parametrize(
    ("answer", "settings", "said"),
    [
        (says("500 Internal Server Error"), {}, "answered 500"),
        (says("404 Not Found"), {}, "answered 404"),
        (says("302 Found\r\nlocation: /"), {"expect": 200}, "answered 302"),
        (says("200 OK", b"maintenance"), {"contains": "basket"}, "answered 200 without 'basket'"),
        (says("200 OK", b"." * 5 * MOST_READ + b"basket"), {"contains": "basket"}, "answered 200 without"),
        (silent, {}, "gave no whole answer in 0.4 s"),
        (drips, {"contains": "basket"}, "gave no whole answer in 0.4 s"),
        (breaks_off, {}, "gave no answer"),
        (no_http, {}, "gave no answer"),
        (endless_header, {}, "gave no"),
    ],
)
async def test_a_wrong_answer_says_what_was_wrong(
    answer: Answer, settings: dict[str, object], said: str
) -> None:
    async with serving(answer) as [address]:
        found = await asked([address], **settings)
    assert found.canary == 1.0
    assert found.detail.startswith(f"{address} {said}")


async def test_nobody_listens() -> None:
    address = refused()
    found = await asked([address])
    assert found.canary == 1.0
    assert found.detail.startswith(f"{address} gave no answer: ")


async def test_a_redirect_to_itself_is_asked_once() -> None:
    asked_for: list[bytes] = []

    async def to_itself(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked_for.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 301 Moved\r\nlocation: /a\r\ncontent-length: 0\r\n\r\n")

    async with serving(to_itself) as addresses:
        assert (await asked(addresses, path="/a?b=c", expect=200)).canary == 1.0
    [request] = asked_for
    assert request.startswith(b"GET /a?b=c HTTP/1.1\r\n")


async def test_each_instance_is_asked_and_the_slow_do_not_wait_for_each_other() -> None:
    async with asyncio.timeout(5.0):  # one after the other would take 30 times the time-out
        async with serving(says("200 OK"), *[silent] * 29) as addresses:
            found = await asked(addresses, timeout="500ms")
    assert found.canary == 29.0
    assert found.detail.startswith("29 of 30 instances, ")


async def test_only_the_new_release_is_asked() -> None:
    async with serving(says("200 OK")) as [good]:
        tick = Tick(None, {CANARY: [good], STABLE: [refused()]})
        assert await http.factory({}).sample(tick) == Value(0.0)


async def test_a_proxy_of_the_daemon_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{refused()}")
    async with serving(says("200 OK")) as addresses:
        assert await asked(addresses) == Value(0.0)


async def test_a_sample_that_is_given_up_leaves_nothing_open() -> None:
    async with serving(silent) as addresses:
        sampling = asyncio.create_task(asked(addresses, timeout="30s", interval="30s"))
        done, _ = await asyncio.wait({sampling}, timeout=0.2)
        assert not done
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
