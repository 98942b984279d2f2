"""What every request must keep before anything else looks at it.

A web page of another origin cannot send `application/json` or a loopback `Host` without the browser asking first, and
is never told yes: together with the check of `Origin` that keeps it from a daemon without access control.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Final

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway.http.problems import Refused, response

API: Final = "/api/"
ARTIFACTS: Final = "/api/v1/artifacts/"
MOST_BYTES: Final = 1 << 20
"""Of a JSON body: as much as a deploy.yaml may have."""
MUTATING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Guard:
    """Refuses what comes from elsewhere, is no JSON, or is too large; hands JSON bodies on whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            check_host(headers.get("host"))
            if scope["method"] in MUTATING:
                receive = await _checked(scope["path"], headers, receive)
        except Refused as refused:
            await response(refused.document, {"Connection": "close"})(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _checked(path: str, headers: Headers, receive: Receive) -> Receive:
    check_origin(headers.getlist("origin"), headers.get("host"))
    if path.startswith(ARTIFACTS):
        check_content_type(headers.get("content-type"), "application/x-tar")
        return receive
    check_content_type(headers.get("content-type"), "application/json")
    return _replay(check_json(await _body(headers, receive)), receive)


def check_host(host: str | None) -> None:
    """Refused (421) unless it names loopback: a name that was rebound to 127.0.0.1 does not."""
    name = (host or "").rpartition(":")[0] if _has_port(host or "") else (host or "")
    if name.lower().rstrip(".") == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Refused(
            421,
            "host",
            f"this daemon answers on loopback only, not as {(host or 'nobody')[:200]!r}",
            "ask for http://127.0.0.1:PORT",
        )


def _has_port(host: str) -> bool:
    head, colon, port = host.rpartition(":")
    return bool(colon) and port.isascii() and port.isdigit() and (":" not in head or head.endswith("]"))


def check_origin(origins: list[str], host: str | None) -> None:
    """Refused (403) where a web page of another origin sends it."""
    if origins and origins != [f"http://{host}"]:
        raise Refused(403, "origin", "a page of another origin may not change anything here")


def check_content_type(given: str | None, expected: str) -> None:
    """Refused (415) for any other media type; parameters do not matter."""
    if (given or "").partition(";")[0].strip().lower() != expected:
        raise Refused(415, "content-type", f"send this with Content-Type: {expected}")


def check_json(body: bytes) -> bytes:
    """Refused (400) for what is not strict JSON: no NaN, no infinity, not nested beyond measure."""
    if not body:
        return body
    try:
        json.dumps(from_json(body, allow_inf_nan=False), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "json", f"the body is not JSON: {error}") from None
    return body


async def _body(headers: Headers, receive: Receive) -> bytes:
    declared = headers.get("content-length", "")
    body = bytearray()
    more = not declared.isdigit() or int(declared[:20]) <= MOST_BYTES
    while more and len(body) <= MOST_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if len(body) > MOST_BYTES or (declared.isdigit() and int(declared[:20]) > MOST_BYTES):
        raise Refused(413, "body-too-large", f"the body is larger than {MOST_BYTES} bytes")
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then what the server has to say."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
