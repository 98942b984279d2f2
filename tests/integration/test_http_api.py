"""The API as the daemon serves it: sockets, streams that grow, and the client library on top."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollway.client import Client, StillGoing
from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.errors import (
    ConfigurationError,
    ConflictError,
    DigestMismatchError,
    NotBuiltError,
    NotFoundError,
    RollwayError,
    UnreachableError,
)
from rollway.http.serving import bind
from tests.integration.served_memory import Served, served
from tests.unit.http.memory_usecases import HEALTHY_CANARY, MemoryUseCases, promotion, taking_back

ROLLOUT = "r00000000000"
SETTINGS: dict[str, Any] = {"version": 1, "application": "shop", "environments": {"prod": {}}}


@pytest.fixture
def server() -> Iterator[Served]:
    with served() as running:
        yield running


@pytest.fixture
def client(server: Served) -> Iterator[Client]:
    with Client(server.url, actor="ann") as made:
        yield made


def a_release(client: Client, folder: Path, name: str = "v2") -> str:
    tar = folder / "artifact.tar"
    tar.write_bytes(b"t" * 700_000)
    digest = "sha256:" + hashlib.sha256(tar.read_bytes()).hexdigest()
    client.apply("shop", SETTINGS)
    assert client.has_artifact(digest) is False
    assert client.put_artifact(digest, tar).created
    assert client.has_artifact(digest)
    return client.register("shop", name, digest, source={"revision": "2f1c9ab"}).name


def test_from_an_application_to_a_promoted_rollout(server: Served, client: Client, tmp_path: Path) -> None:
    name = a_release(client, tmp_path)
    assert [each.name for each in client.releases("shop")] == [name]
    assert client.release("shop", name).source == {"revision": "2f1c9ab"}
    assert client.plan("shop", "prod").steps[2].weight == 5
    rollout = client.start("shop", "prod", name)
    assert server.cases.actors[-1] == "user:ann"
    assert client.environment("shop", "prod").rollout == rollout.id
    server.do(lambda: server.cases.happen(rollout.id, *HEALTHY_CANARY, *promotion(rollout.id)))
    followed = list(client.follow(rollout.id))
    assert [event.seq for event in followed] == list(range(1, len(followed) + 1))
    assert followed == client.events(rollout.id)
    assert client.rollout(rollout.id).phase is Phase.PROMOTED
    assert [each.id for each in client.rollouts(application="shop", phases=["promoted"])] == [rollout.id]
    assert list(client.rollouts(unfinished=True)) == []
    assert [each.application for each in client.applications()] == ["shop"]
    assert [each.environment for each in client.environments("shop")] == ["prod"]
    assert [each.name for each in client.plugins()] == ["canary", "moon"]


def test_events_reach_a_follower_as_they_happen(server: Served, client: Client) -> None:
    server.do(lambda: server.cases.admit(ROLLOUT))
    following = client.follow(ROLLOUT)
    assert next(following).type == "RolloutAdmitted"
    for event in (*HEALTHY_CANARY, *taking_back(ROLLOUT)):
        server.do(lambda event=event: server.cases.happen(ROLLOUT, event))  # type: ignore[misc]
        assert next(following).type == type(event).__name__
    assert list(following) == []


def test_a_follower_survives_a_restart_of_the_daemon_and_misses_nothing(client: Client) -> None:
    cases = MemoryUseCases()
    cases.admit(ROLLOUT)
    with served(cases) as first:
        following = Client(first.url).follow(ROLLOUT, patience=20)
        assert next(following).seq == 1
    cases.happen(ROLLOUT, *HEALTHY_CANARY, *promotion(ROLLOUT))
    with served(cases, first.url.removeprefix("http://")):
        rest = [event.seq for event in following]
    assert rest == list(range(2, len(cases.happened[ROLLOUT]) + 1))


def test_following_ends_when_the_daemon_stays_away(server: Served) -> None:
    server.do(lambda: server.cases.admit(ROLLOUT))
    following = Client(server.url).follow(ROLLOUT, patience=0.2)
    next(following)
    server.end()
    with pytest.raises(UnreachableError):
        list(following)


def test_following_ends_when_its_time_is_over(server: Served, client: Client) -> None:
    server.do(lambda: server.cases.admit(ROLLOUT))
    with pytest.raises(StillGoing):
        list(client.follow(ROLLOUT, timeout=0.3))


def test_a_stopping_daemon_ends_its_streams(server: Served) -> None:
    server.do(lambda: server.cases.admit(ROLLOUT))
    seen: list[str] = []
    begun = threading.Event()

    def read() -> None:
        url = f"{server.url}/api/v1/rollouts/{ROLLOUT}/events"
        with httpx.stream("GET", url, headers={"Accept": "text/event-stream"}, timeout=20) as response:
            for text in response.iter_text():
                seen.append(text)
                begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(10)
    server.end()
    reader.join(10)
    assert not reader.is_alive()
    assert "event: RolloutAdmitted" in "".join(seen)


def test_text_with_every_kind_of_line_break_survives_a_stream(server: Served, client: Client) -> None:
    reason = "a\u2028b\x85c\nd\x0be\r\nf 😀"
    server.do(lambda: server.cases.admit(ROLLOUT))
    server.do(lambda: server.cases.happen(ROLLOUT, e.AbortRequested(reason=reason)))
    following = client.follow(ROLLOUT)
    next(following)
    assert next(following).data == {"reason": reason}


def test_errors_arrive_as_what_they_were(server: Served, client: Client, tmp_path: Path) -> None:
    name = a_release(client, tmp_path)
    with pytest.raises(ConfigurationError) as wrong:
        client.apply("shop", {**SETTINGS, "wrong": 1})
    assert [(each.path, each.suggestion) for each in wrong.value.problems] == [("wrong", "right")]
    assert [each.path for each in wrong.value.refusals] == ["pipeline"]
    with pytest.raises(NotBuiltError):
        client.apply("shop", {**SETTINGS, "pipeline": []})
    with pytest.raises(NotFoundError) as missing:
        client.application("cart")
    assert missing.value.advice == "register it with: rollway apply"
    client.start("shop", "prod", name)
    with pytest.raises(ConflictError):
        client.start("shop", "prod", name)
    other = tmp_path / "other.tar"
    other.write_bytes(b"other")
    with pytest.raises(DigestMismatchError):
        client.put_artifact("sha256:" + "0" * 64, other)


def test_a_call_whose_answer_was_lost_is_made_once(
    server: Served, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = a_release(client, tmp_path)
    real = httpx.Client.request
    lost: list[httpx.Response] = []

    def losing(self: httpx.Client, *given: object, **named: object) -> httpx.Response:
        response = real(self, *given, **named)  # type: ignore[arg-type]
        if not lost:
            lost.append(response)
            raise httpx.ReadError("the connection broke")
        return response

    monkeypatch.setattr(httpx.Client, "request", losing)
    rollout = client.start("shop", "prod", name)
    assert rollout.id == lost[0].json()["id"]
    assert len(server.cases.happened) == 1


def test_what_is_no_daemon_is_said_to_be_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def answer() -> None:
            for status in (b"404 Not Found", b"200 OK"):
                connection, _ = listening.accept()
                with connection:
                    connection.recv(65536)
                    body = b"<html>"
                    head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (
                        status,
                        len(body),
                    )
                    connection.sendall(head + body)

        answering = threading.Thread(target=answer)
        answering.start()
        with Client(f"http://127.0.0.1:{port}") as client:
            for _ in range(2):
                with pytest.raises(UnreachableError, match="no Rollway daemon"):
                    client.application("shop")
        answering.join(10)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as client, pytest.raises(UnreachableError) as error:
        client.application("shop")
    assert "rollway daemon" in (error.value.advice or "")


@pytest.mark.parametrize("server_name", ["", "127.0.0.1:7700", "ftp://127.0.0.1", "http://"])
def test_what_is_no_address_is_refused(server_name: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Client(server_name)


def test_a_port_in_use_is_told(server: Served) -> None:
    with pytest.raises(RollwayError, match="in use"):
        bind(server.url.removeprefix("http://"))


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "7700", "127.0.0.1:", "127.0.0.1:99999", "a b:1"])
def test_only_loopback_is_listened_on(listen: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        bind(listen)
    assert refused.value.problems[0].path == "--listen"


def test_a_body_without_end_is_cut_off(server: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"application": "'
        for _ in range(64):
            yield b"x" * 65536

    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{server.url}/api/v1/rollouts", content=endless(), headers=headers)
    assert response.status_code == 413
    assert response.json()["type"] == "urn:rollway:problem:body-too-large"


def test_a_body_that_claims_a_gigabyte_is_refused_unread(server: Served) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /api/v1/rollouts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1073741824\r\n\r\n{"
        )
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["status"] == 413


def test_an_upload_that_breaks_off_leaves_nothing(server: Served, client: Client) -> None:
    digest = "sha256:" + hashlib.sha256(b"whole").hexdigest()
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            f"PUT /api/v1/artifacts/{digest} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/x-tar\r\nContent-Length: 5\r\n\r\nwho".encode()
        )
    assert client.has_artifact(digest) is False
    assert httpx.get(f"{server.url}/healthz").status_code == 200
