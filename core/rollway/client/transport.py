"""Calls over HTTP: one logical call may take several attempts, under one key, while the connection cannot be had."""

from __future__ import annotations

import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx

from rollway import __version__
from rollway.client.answers import error_of, misunderstood
from rollway.client.messages import Message, messages
from rollway.errors import RollwayError, UnreachableError

PAUSES: Final = (0.1, 0.4)
"""Seconds before each further attempt of a call whose connection failed."""
RETURN_AFTER: Final = 0.5
"""Seconds before a lost stream is asked for again."""

TOKEN: Final = re.compile(r"[!-~]+")
"""What a token can be: it goes into a header."""

Params = Mapping[str, str | int | list[str]]


class StillGoing(RollwayError):
    """The time given to following is over; the rollout goes on."""


class Transport:
    """A connection to one daemon. Raises the errors of `rollway.errors`, UnreachableError where it does not answer."""

    def __init__(self, server: str, token: str | None, actor: str | None) -> None:
        url = httpx.URL(server)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"{server!r} is no address of a daemon; write http://HOST:PORT")
        if token and not TOKEN.fullmatch(token):
            raise ValueError("a token is made of visible ASCII characters")  # without it: it may be a secret
        headers = {"User-Agent": f"rollway/{__version__}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if actor:
            headers["X-Rollway-Actor"] = actor
        self.server = server
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=httpx.Timeout(60, connect=5),
            trust_env=not _loopback(
                url.host
            ),  # a proxy of the environment cannot reach this machine's loopback
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def get(self, path: str, params: Params | None = None) -> httpx.Response:
        """Read something."""
        return self._attempts(lambda: self._http.get(path, params=params or {}))

    def head(self, path: str) -> bool:
        """Whether something is there."""
        response = self._retried(lambda: self._http.head(path))
        if response.status_code == 404:
            return False
        return self._checked(response).is_success

    def send(self, method: str, path: str, body: object, key: str | None = None) -> httpx.Response:
        """Change something; the Idempotency-Key makes sure that it is changed once."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        return self._attempts(lambda: self._http.request(method, path, json=body, headers=headers))

    def upload(self, path: str, size: int, content: Callable[[], Iterable[bytes]]) -> httpx.Response:
        """Send a tar of `size` bytes; `content` gives it anew for each attempt."""
        headers = {"Content-Type": "application/x-tar", "Content-Length": str(size)}
        return self._attempts(lambda: self._http.put(path, content=content(), headers=headers))

    @contextmanager
    def stream(self, path: str, last: str, read_timeout: float) -> Iterator[Iterator[Message] | None]:
        """Server-sent events after the one called `last`; None where nothing is left to come."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": last, "Cache-Control": "no-store"}
        timeout = httpx.Timeout(5, read=read_timeout)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
            self._checked(response)
            yield None if response.status_code == 204 else messages(response.iter_bytes())

    def _attempts(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        return self._checked(self._retried(call))

    def _retried(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        for pause in PAUSES:
            try:
                return call()
            except httpx.TimeoutException as error:
                raise self.unreachable(error) from error
            except httpx.TransportError:
                time.sleep(pause)
        try:
            return call()
        except httpx.TransportError as error:
            raise self.unreachable(error) from error

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if not response.is_success:
            raise error_of(self.server, response.status_code, response.content)
        return response

    def misunderstood(self) -> UnreachableError:
        """That the answer to a call that went well is not what a daemon says."""
        return misunderstood(self.server, 200)

    def unreachable(self, error: Exception) -> UnreachableError:
        """That the daemon does not answer, and what to do."""
        return UnreachableError(
            f"no daemon answers at {self.server}: {error}",
            advice="start one with: rollway daemon, or name another with --server or $ROLLWAY_SERVER",
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
