"""Envoy replaced by another binary or bootstrap while visitors come and go."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import psutil
import pytest

from rollway.api import Node
from rollway.testing.traffic import Connection, Load, request
from rollway_plugins.envoy import launch, starting, succession
from rollway_plugins.envoy.bootstrap import bootstrap
from rollway_plugins.envoy.identity import Identity, found
from rollway_plugins.envoy.router import EnvoyRouter
from tests.integration.envoy_rig import CANARY, PLACE, STABLE, EnvoyRig, envoy_rig

HALF = {STABLE: 5_000, CANARY: 5_000}
CRASH = """
import asyncio, os, pathlib, sys
from rollway.api import Node
from rollway_plugins.envoy import launch
from rollway_plugins.envoy.router import EnvoyRouter

binary, folder, when = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
launch.binary = lambda: binary
launch.FORMER_ENDS = 3
spawn, write = launch.Launch.spawn, launch.Launch.write
router = EnvoyRouter(Node("here", folder))

def die(*_):
    os._exit(9)

def spawned(self, log):
    pid = spawn(self, log)
    if when == "spawned":
        die()
    return pid

launch.Launch.spawn = die if when == "checked" else spawned
if when == "ready":
    router._process.starting._until_listening = die
asyncio.run(router.open())
"""


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EnvoyRig]:
    (tmp_path / "node").mkdir()
    async with envoy_rig(tmp_path / "node") as rig:
        stable, canary = await rig.origin("v1", pause=1.0), await rig.origin("v2", pause=1.0)
        await rig.route({STABLE: stable, CANARY: canary}, HALF)
        yield rig
        await rig.router.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A former Envoy is seen off sooner than in life."""
    monkeypatch.setattr(launch, "FORMER_ENDS", 3)


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another binary, which this version would start."""
    path = tmp_path / "newer" / "envoy"
    path.parent.mkdir()
    shutil.copyfile(launch.binary(), path)
    path.chmod(0o755)
    with path.open("ab") as file:
        file.write(b"another build")
    monkeypatch.setattr(launch, "binary", lambda: path)
    return path


async def reopened(rig: EnvoyRig) -> EnvoyRouter:
    """The daemon ends and another comes."""
    await rig.router.close()
    rig.router = EnvoyRouter(rig.node)
    await rig.router.open()
    return rig.router


def serving(rig: EnvoyRig) -> Identity:
    identity = rig.router._process.current.identity
    assert identity is not None
    return identity


def program(one: Identity) -> Path:
    return Path(psutil.Process(one.pid).exe())


async def alone(rig: EnvoyRig) -> Identity:
    """The one Envoy that is left when all is over."""
    async with asyncio.timeout(20):
        while len(envoys := found(rig.node.folder)) != 1 or rig.router._process.succession.former:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)
    assert envoys[0] == serving(rig)
    return envoys[0]


async def test_another_binary_takes_over_without_a_failed_request(rig: EnvoyRig, newer: Path) -> None:
    former = serving(rig)
    async with (
        Load(rig.listen, rate=150) as kept,
        Load(rig.listen, rate=150, keep_alive=False) as closed,
    ):
        await closed.reach(100)
        idle = [await Connection.open(rig.listen) for _ in range(20)]
        slow = [asyncio.create_task(request(rig.listen, "/slow")) for _ in range(20)]
        await kept.reach(50)
        await reopened(rig)
        # The former still answers on the connections that it has, and asks to end them.
        answers = [await connection.send("shop.test") for connection in idle]
        assert {(one.status, one.header("connection")) for one in answers} == {(200, "close")}
        assert {(await one).status for one in slow} == {200}
        for connection in idle:
            connection.close()
        now = await alone(rig)
        await closed.reach(100)
    assert (kept.failures, closed.failures) == ([], [])
    assert (now.epoch, now.pid != former.pid) == (1, True)
    assert program(now) == newer
    assert (await rig.router.observe(PLACE)).split is not None


async def test_another_bootstrap_takes_over_again_and_again(
    rig: EnvoyRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = ["0.3s"]

    def changed(*arguments: object) -> Mapping[str, object]:
        return {**bootstrap(*arguments), "stats_flush_interval": flush[0]}  # type: ignore[arg-type]

    monkeypatch.setattr(launch, "bootstrap", changed)
    monkeypatch.setattr(launch, "FORMER_ENDS", 1)
    async with Load(rig.listen, rate=200) as load:
        for epoch in range(1, 5):
            flush[0] = f"0.{epoch + 2}s"
            await reopened(rig)
            assert (await alone(rig)).epoch == epoch
            await load.reach(50)
    assert load.failures == []


async def test_one_that_still_sees_its_former_off_is_replaced_after_that(
    rig: EnvoyRig, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third would have the first ended before its requests are."""
    async with Load(rig.listen, rate=200) as load:
        slow = [asyncio.create_task(request(rig.listen, "/slow")) for _ in range(10)]
        await load.reach(20)
        await reopened(rig)
        monkeypatch.setattr(launch, "OPTIONS", (*launch.OPTIONS, "--log-format-escaped"))
        await reopened(rig)
        assert serving(rig).epoch == 1
        assert {(await one).status for one in slow} == {200}
        async with asyncio.timeout(20):
            while (await alone(rig)).epoch != 2:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.1)
        await load.reach(20)
    assert load.failures == []
    assert {path.name for path in rig.node.folder.glob("bootstrap*")} == {"bootstrap-2.json"}


async def test_the_same_envoy_is_left_alone(rig: EnvoyRig) -> None:
    former = serving(rig)
    await reopened(rig)
    assert found(rig.node.folder) == [former]


async def test_counters_begin_anew_and_the_router_goes_on_as_before(rig: EnvoyRig, newer: Path) -> None:
    await rig.send(40)
    await reopened(rig)
    before = sum(one.requests for one in (await rig.router.counters()).values())
    await rig.send(10)
    async with asyncio.timeout(5):
        while sum(one.requests for one in (await rig.router.counters()).values()) < before + 10:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert before == 0
    third = await rig.origin("v3")
    await rig.route({STABLE: third}, {STABLE: 10_000})
    assert await rig.send(10) == {"v3": 10}


async def test_streams_through_the_former_end_when_their_group_is_severed(
    rig: EnvoyRig, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "FORMER_ENDS", 30)
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 0, CANARY: 10_000})
    stream = await Connection.open(rig.listen)
    stream.writer.write(b"GET /stream HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    await stream.reader.readuntil(b"\r\n\r\n")
    await reopened(rig)
    assert len(found(rig.node.folder)) == 2
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 10_000, CANARY: 0})
    await rig.router.sever(PLACE, CANARY)
    async with asyncio.timeout(2):
        await stream.reader.read()
    stream.close()
    assert await rig.send(10) == {"v1": 10}


async def test_envoy_lives_on_when_whoever_started_it_is_killed(tmp_path: Path) -> None:
    """One that can hand over asks the kernel to be ended with its parent."""
    program = (
        "import asyncio, os, pathlib, sys\n"
        "from rollway.api import Node\n"
        "from rollway_plugins.envoy.router import EnvoyRouter\n"
        "asyncio.run(EnvoyRouter(Node('here', pathlib.Path(sys.argv[1]))).open())\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(tmp_path)], timeout=30, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    before = found(tmp_path)
    router = EnvoyRouter(Node("here", tmp_path))
    await router.open()
    try:
        assert [router._process.current.identity] == before
    finally:
        await router.shutdown()


@pytest.mark.parametrize("when", ["checked", "spawned", "ready"])
async def test_a_daemon_that_dies_in_the_middle_leaves_one_envoy_in_the_end(
    rig: EnvoyRig, newer: Path, when: str
) -> None:
    await rig.router.close()
    async with Load(rig.listen, rate=200) as load:
        await load.reach(50)
        command = [sys.executable, "-c", CRASH, str(newer), str(rig.node.folder), when]
        ended = await asyncio.to_thread(subprocess.run, command, timeout=30, check=False)
        assert ended.returncode == 9
        await reopened(rig)
        now = await alone(rig)
        await load.reach(50)
    assert load.failures == []
    assert now.epoch == 1
    assert program(now) == newer


async def test_a_binary_that_cannot_start_leaves_the_former_serving(
    rig: EnvoyRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    former = serving(rig)
    broken = tmp_path / "envoy"
    broken.write_text("#!/bin/sh\necho no such instruction >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(launch, "binary", lambda: broken)
    await reopened(rig)
    assert found(rig.node.folder) == [former]
    assert "outdated and stays" in caplog.text
    await rig.route({STABLE: await rig.origin("v3")})
    assert await rig.send(5) == {"v3": 5}


async def test_a_successor_that_dies_on_the_way_is_followed_by_one_that_serves(
    rig: EnvoyRig, newer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = launch.Launch.spawn

    def doomed(self: launch.Launch, log: Path) -> int:
        pid = original(self, log)
        if self.epoch:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pid

    monkeypatch.setattr(launch.Launch, "spawn", doomed)
    await reopened(rig)
    await alone(rig)
    answered = await rig.send(20)
    assert sum(answered.values()) == 20


async def test_one_that_cannot_hand_over_stays_and_the_log_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "node").mkdir()
    monkeypatch.setattr(launch, "SHARED_MEMORY", tmp_path / "none")
    async with envoy_rig(tmp_path / "node") as rig:
        former = serving(rig)
        assert former.epoch is None
        monkeypatch.setattr(succession, "FORMER_LATE", 0.0)
        monkeypatch.setattr(launch, "OPTIONS", (*launch.OPTIONS, "--log-format-escaped"))
        await reopened(rig)
        assert found(rig.node.folder) == [former]
        assert "end it to have a new one started" in caplog.text


async def test_one_that_hands_over_otherwise_stays(
    rig: EnvoyRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    former = serving(rig)
    other = tmp_path / "envoy"
    other.write_text("#!/bin/sh\necho 99.1\n")
    other.chmod(0o755)
    monkeypatch.setattr(launch, "binary", lambda: other)
    await reopened(rig)
    assert found(rig.node.folder) == [former]
    assert "takes over as 99.1" in caplog.text


async def test_an_envoy_that_can_be_asked_nothing_is_started_anew(
    rig: EnvoyRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = serving(rig)
    await rig.router.close()
    await asyncio.to_thread(Path(former.admin).unlink)
    monkeypatch.setattr(starting, "DEADLINE", 0.0)
    rig.router = EnvoyRouter(rig.node)
    await rig.router._process.adopt()
    assert (found(rig.node.folder), rig.router._process.current.identity) == ([], None)
    monkeypatch.undo()
    await rig.router.open()
    answered = await rig.send(10)
    assert sum(answered.values()) == 10
