"""The target `process` with real processes: what an instance gets, how it ends, what an operator reads."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from rollway.api import Group, Health, Node, PluginError
from rollway.testing.contracts.target import dead, effect, healthy, until
from rollway_plugins.process import kernel
from rollway_plugins.process.marks import marked
from rollway_plugins.process.target import ProcessTarget

# Instances are looked for by name on the whole machine: these tests keep out of each other's way.
pytestmark = pytest.mark.xdist_group("processes")

GROUP = Group(id="group-1", application="shop", environment="prod", release="v1")
QUICK = {"interval": "50ms", "healthy_after": 1}

LISTEN = "import os, socket; server = socket.create_server(('127.0.0.1', int(os.environ['PORT'])));"


def python(code: str, **more: object) -> Group:
    return replace(GROUP, settings={"command": [sys.executable, "-c", code], "health": QUICK, **more})


def shell(line: str, **more: object) -> Group:
    return replace(GROUP, settings={"command": ["sh", "-c", line], "health": QUICK, **more})


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[ProcessTarget]:
    target = ProcessTarget(Node("here", tmp_path / "node"))
    await target.open()
    yield target
    for instance in await target.observe(GROUP.place):
        await target.stop(GROUP, instance.id, effect(0, epoch=99), hard=True)
    await target.close()


async def soon(condition: Callable[[], bool]) -> None:
    """Wait until it holds; fails after 20 s."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it is about other processes
            await asyncio.sleep(0.01)


async def said(target: ProcessTarget, instance: str, line: str) -> None:
    """Wait until an instance has written this line."""
    async with asyncio.timeout(20):
        while line not in await target.output(GROUP.place, instance):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def processes() -> list[kernel.Status]:
    """All of this machine."""
    found = (kernel.status(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [process for process in found if process]


def files(folder: Path) -> list[Path]:
    """Everything below it that is no folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


OURS: list[Path] = []
"""Where the instances of this run work; somebody else may run these very tests on this machine."""


@pytest.fixture(autouse=True)
def ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    OURS[:] = [tmp_path_factory.getbasetemp()]


def running(instance: str) -> list[int]:
    found = [each for mark, processes in marked().items() if mark.instance == instance for each in processes]
    return [process.pid for process in found if _is_ours(process.pid)]


def _is_ours(pid: int) -> bool:
    with suppress(psutil.Error):
        return any(Path(psutil.Process(pid).cwd()).is_relative_to(place) for place in OURS)
    return False


async def test_what_an_instance_finds_around_it(
    target: ProcessTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "hunter2")
    monkeypatch.setenv("ANOTHER_KEY_OF_THE_DAEMON", "hunter3")
    told = tmp_path / "told.json"
    code = f"""
import json, os, signal
told = {{
    "environment": dict(os.environ), "session": os.getsid(0) == os.getpid(), "open": sorted(os.listdir("/proc/self/fd")),
    "umask": os.umask(0), "in": os.readlink("/proc/self/fd/0"), "out": os.readlink("/proc/self/fd/1"),
    "append": bool(__import__("fcntl").fcntl(1, __import__("fcntl").F_GETFL) & os.O_APPEND), "cwd": os.getcwd(),
    "ignored": [line.split()[1] for line in open("/proc/self/status") if line.startswith("SigBlk")],
}}
open({str(told)!r} + ".new", "w").write(json.dumps(told)); os.rename({str(told)!r} + ".new", {str(told)!r})
{LISTEN} signal.pause()
"""
    variables = {"KEY": {"secret": "API_KEY"}, "LISTEN": "{address}"}
    await target.start(python(code, environment=variables), "around", effect(1))
    found = (await healthy(target, GROUP, {"around"}))["around"]
    await soon(told.exists)
    instance = json.loads(told.read_text())
    assert found.address is not None
    assert instance["environment"].items() >= {
        "ROLLWAY_INSTANCE": "around", "ROLLWAY_RELEASE": "v1", "ROLLWAY_ENVIRONMENT": "prod",
        "ROLLWAY_APPLICATION": "shop", "PORT": str(found.address.port), "LISTEN": str(found.address),
        "KEY": "hunter2",
    }.items()  # fmt: skip
    assert "ANOTHER_KEY_OF_THE_DAEMON" not in instance["environment"]
    assert instance["session"]
    assert instance["open"] == ["0", "1", "2", "3"]  # the last is the look itself
    assert (instance["umask"], instance["in"], instance["append"]) == (0o022, "/dev/null", True)
    assert instance["out"].startswith(str(tmp_path / "node"))
    assert instance["ignored"] == ["0000000000000000"]


async def test_a_secret_is_never_on_disk(
    target: ProcessTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("API_KEY", "hunter2")
    group = python(f"{LISTEN} import signal; signal.pause()", environment={"KEY": {"secret": "API_KEY"}})
    await target.start(group, "secretive", effect(1))
    await healthy(target, GROUP, {"secretive"})
    assert "record.json" in {path.name for path in files(tmp_path)}
    assert not [path for path in files(tmp_path) if b"hunter2" in path.read_bytes()]
    assert "hunter2" not in caplog.text


async def test_a_missing_secret_starts_nothing(target: ProcessTarget) -> None:
    with pytest.raises(PluginError, match="NO_SUCH_KEY"):
        await target.start(shell("exit", environment={"KEY": {"secret": "NO_SUCH_KEY"}}), "none", effect(1))
    assert await target.observe(GROUP.place) == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"command": "no-such-program --port {port}"}, "command not found: no-such-program (looked in "),
        ({"command": "./no-such-script"}, "command not found: ./no-such-script (in "),
        ({"command": "./plain"}, "./plain may not be executed; in the artifact it needs its executable bit"),
        ({"command": "./odd"}, "the interpreter that ./odd names in its first line is not installed"),
        ({"command": "./binary"}, "./binary is neither a program for this machine nor a script"),
        ({"command": "true", "directory": "nowhere"}, "there is no folder "),
        ({"command": "true", "directory": "out"}, "out leads out of the artifact"),
        ({"command": ["sh", "-c", "exit 3"]}, "exited with code 3 after "),
        ({"command": ["sh", "-c", "kill -9 $$"]}, "killed by SIGKILL after "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_cannot_run_is_dead_and_says_why(
    target: ProcessTarget, tmp_path: Path, settings: dict[str, object], why: str
) -> None:
    folder = tmp_path / "node" / "groups" / GROUP.id
    folder.mkdir(parents=True)
    (folder / "plain").write_text("#!/bin/sh\n")
    for name, content in (("odd", b"#!/no/such/interpreter\n"), ("binary", b"\x7fELF nonsense")):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)
    (folder / "out").symlink_to("/")
    await target.start(replace(GROUP, settings=settings), "one", effect(1))
    found = await dead(target, GROUP, "one")
    assert found.detail.startswith(why)
    await target.stop(GROUP, "one", effect(2))
    assert await target.observe(GROUP.place) == []


@pytest.mark.parametrize(
    ("code", "health", "why"),
    [
        ("import time; time.sleep(99)", {}, "connection refused on 127.0.0.1:"),
        ("import time; time.sleep(99)", {"path": "/healthz"}, "connection refused on 127.0.0.1:"),
        (
            f"{LISTEN}\nwhile 1: c = server.accept()[0]; c.recv(999); c.send(b'HTTP/1.1 503 Busy\\r\\n\\r\\n'); c.close()",
            {"path": "/healthz"},
            "GET /healthz answered 503",
        ),
        (f"{LISTEN} import time; time.sleep(99)", {"path": "/", "timeout": "50ms"}, "GET /: no answer within 0.05 s"),
        (
            f"{LISTEN}\nwhile 1: c = server.accept()[0]; c.recv(999); c.send(b'SSH-2.0\\r\\n\\r\\n'); c.close()",
            {"path": "/"},
            "GET /: what came back is not HTTP",
        ),
        (
            f"{LISTEN}\nwhile 1: c = server.accept()[0]; c.recv(999); c.close()",
            {"path": "/"},
            "GET /: the connection was closed without an answer",
        ),
    ],
)  # fmt: skip
async def test_what_is_not_healthy_says_why(
    target: ProcessTarget, code: str, health: dict[str, object], why: str
) -> None:
    await target.start(python(code, health={**QUICK, **health}), "one", effect(1))
    found = await until(target, GROUP, lambda seen: seen["one"].detail.startswith(why))
    assert found["one"].health is Health.STARTING


async def test_health_goes_and_comes_back(target: ProcessTarget, tmp_path: Path) -> None:
    flag = tmp_path / "ill"
    code = f"""
import os
{LISTEN}
while True:
    client = server.accept()[0]
    client.recv(999)
    client.sendall(b"HTTP/1.1 %s\\r\\n\\r\\n" % (b"500 Ill" if os.path.exists({str(flag)!r}) else b"302 Fine"))
    client.close()
"""
    await target.start(python(code, health={**QUICK, "path": "/", "unhealthy_after": 2}), "one", effect(1))
    await healthy(target, GROUP, {"one"})
    flag.touch()
    found = await until(target, GROUP, lambda seen: seen["one"].health is Health.UNHEALTHY)
    assert found["one"].detail == "GET / answered 500"
    flag.unlink()
    assert (await healthy(target, GROUP, {"one"}))["one"].detail == ""


async def test_asked_to_stop_it_may_finish(target: ProcessTarget) -> None:
    code = f"""
import signal, sys
def finish(*_):
    print("finished", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, finish)
{LISTEN} signal.pause()
"""
    await target.start(python(code), "one", effect(1))
    await healthy(target, GROUP, {"one"})
    await target.stop(GROUP, "one", effect(2))
    assert list(await target.output(GROUP.place, "one")) == ["finished"]


async def test_the_signal_is_the_releases_choice(target: ProcessTarget) -> None:
    code = f"""
import signal, sys
signal.signal(signal.SIGUSR1, lambda *_: (print("told", flush=True), sys.exit()))
{LISTEN} signal.pause()
"""
    await target.start(python(code, stop={"signal": "USR1"}), "one", effect(1))
    await healthy(target, GROUP, {"one"})
    await target.stop(GROUP, "one", effect(2))
    assert list(await target.output(GROUP.place, "one")) == ["told"]


STUBBORN = f"""
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{LISTEN}
while True: signal.pause()
"""


async def test_who_does_not_end_in_time_is_killed(target: ProcessTarget) -> None:
    await target.start(python(STUBBORN, stop={"grace": "100ms"}), "stubborn", effect(1))
    await healthy(target, GROUP, {"stubborn"})
    await target.stop(GROUP, "stubborn", effect(2))
    assert running("stubborn") == []


async def test_hard_does_not_wait(target: ProcessTarget) -> None:
    await target.start(python(STUBBORN, stop={"grace": "1d"}), "stubborn", effect(1))
    await healthy(target, GROUP, {"stubborn"})
    await target.stop(GROUP, "stubborn", effect(2), hard=True)
    assert running("stubborn") == []


async def test_hard_ends_a_stop_that_waits(target: ProcessTarget) -> None:
    await target.start(python(STUBBORN, stop={"grace": "1d"}), "stubborn", effect(1))
    await healthy(target, GROUP, {"stubborn"})
    gentle = asyncio.create_task(target.stop(GROUP, "stubborn", effect(2)))
    await asyncio.sleep(0)  # it was made first
    await target.stop(GROUP, "stubborn", effect(3), hard=True)
    await gentle
    assert await target.observe(GROUP.place) == []


async def test_a_stop_that_is_cancelled_can_be_made_again(target: ProcessTarget) -> None:
    await target.start(python(STUBBORN, stop={"grace": "1d"}), "stubborn", effect(1))
    await healthy(target, GROUP, {"stubborn"})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await target.stop(GROUP, "stubborn", effect(2))
    assert len(await target.observe(GROUP.place)) == 1
    await target.stop(GROUP, "stubborn", effect(3), hard=True)
    assert running("stubborn") == []


async def test_the_grace_counts_from_the_first_call(target: ProcessTarget) -> None:
    await target.start(python(STUBBORN, stop={"grace": "600ms"}), "stubborn", effect(1))
    await healthy(target, GROUP, {"stubborn"})
    calls = 0
    while await target.observe(GROUP.place):
        calls += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(0.4):
                await target.stop(GROUP, "stubborn", effect(2))
    assert calls > 1


async def test_children_go_with_it_also_those_in_a_session_of_their_own(target: ProcessTarget) -> None:
    line = "sleep 100 & setsid sleep 100 & env -i sleep 100 & wait"
    await target.start(shell(line), "parent", effect(1))
    await soon(lambda: len(running("parent")) == 3)
    leader = running("parent")[0]
    await target.stop(GROUP, "parent", effect(2))
    assert running("parent") == []
    assert [process for process in processes() if process.session == leader and process.alive] == []


async def test_a_child_that_still_works_is_given_the_grace(target: ProcessTarget, tmp_path: Path) -> None:
    """As with `npm start`: the one in front ends at once, the server behind it finishes its requests."""
    done = tmp_path / "done"
    line = f"(trap 'sleep 0.3; touch {done}; exit' TERM; echo ready; while :; do sleep 0.05; done) & wait"
    await target.start(shell(line), "front", effect(1))
    await said(target, "front", "ready")
    await target.stop(GROUP, "front", effect(2))
    assert done.exists()


async def test_children_of_the_dead_go_when_it_is_stopped(target: ProcessTarget) -> None:
    await target.start(shell("sleep 100 & exit 1"), "gone", effect(1))
    await dead(target, GROUP, "gone")
    assert len(running("gone")) == 1
    await target.stop(GROUP, "gone", effect(2))
    assert running("gone") == []


async def test_no_zombies_stay(target: ProcessTarget, tmp_path: Path) -> None:
    await target.start(shell("exit 0"), "short", effect(1))
    await dead(target, GROUP, "short")
    life = json.loads((tmp_path / "node/instances/short/life.json").read_text())
    assert kernel.status(life["process"]["pid"]) is None


async def test_ports_are_given_to_one_each(target: ProcessTarget) -> None:
    other = replace(shell("sleep 100"), id="group-2", environment="beta")
    await asyncio.gather(
        *(target.start(shell("sleep 100"), f"prod-{n}", effect(n)) for n in range(5)),
        *(target.start(other, f"beta-{n}", effect(n)) for n in range(5)),
    )
    seen = [*await target.observe("shop/prod"), *await target.observe("shop/beta")]
    assert len({instance.address for instance in seen}) == 10
    for instance in await target.observe("shop/beta"):
        await target.stop(other, instance.id, effect(9), hard=True)


async def test_one_whose_port_was_taken_dies_as_others_do(target: ProcessTarget) -> None:
    code = f"import time\ntime.sleep(0.3)\n{LISTEN}"
    await target.start(python(code), "late", effect(1))
    address = (await target.observe(GROUP.place))[0].address
    assert address is not None
    with socket.create_server((address.host, address.port)):
        assert (await dead(target, GROUP, "late")).detail.startswith("exited with code 1")
        assert "Address already in use" in " ".join(await target.output(GROUP.place, "late"))


async def test_a_start_that_is_cancelled_is_made_or_not_but_never_by_halves(target: ProcessTarget) -> None:
    for number in range(12):
        name = f"cut-{number}"
        start = asyncio.create_task(target.start(shell("sleep 100"), name, effect(number)))
        for _ in range(number):
            await asyncio.sleep(0.001)
        start.cancel()
        await asyncio.gather(start, return_exceptions=True)
        await target.stop(GROUP, name, effect(number))
        assert name not in {instance.id for instance in await target.observe(GROUP.place)}
        assert running(name) == []


async def test_settings_of_another_kind_are_refused_in_words(target: ProcessTarget) -> None:
    with pytest.raises(PluginError, match="command: Field required"):
        await target.start(replace(GROUP, settings={"image": "shop:1"}), "one", effect(1))


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "x" * 200, "né"])
async def test_names_that_could_leave_the_folder_are_refused(target: ProcessTarget, name: str) -> None:
    with pytest.raises(PluginError):
        await target.start(shell("exit"), name, effect(1))
    with pytest.raises(PluginError):
        await target.start(replace(shell("exit"), id=name), "one", effect(1))


async def test_a_full_disk_starts_nothing_and_says_what_to_do(
    target: ProcessTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    await target.start(shell("exit"), "before", effect(1))  # what does not depend on the instance is there

    def full(fd: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(PluginError, match="No space left on device; free some space"):
            await target.start(shell("sleep 100"), "full-disk", effect(2))
    assert [instance.id for instance in await target.observe(GROUP.place)] == ["before"]
    assert running("full-disk") == []
    await target.start(shell("sleep 100"), "full-disk", effect(3))
    assert running("full-disk")


async def test_output_of_what_was_stopped_stays_until_its_group_is_forgotten(
    target: ProcessTarget, tmp_path: Path
) -> None:
    await target.start(shell("echo boom"), "one", effect(1))
    await dead(target, GROUP, "one")
    await target.stop(GROUP, "one", effect(2))
    assert list(await target.output(GROUP.place, "one")) == ["boom"]
    await target.forget(GROUP.id, effect(3))
    assert files(tmp_path / "node") == [tmp_path / "node/tokens/shop.prod"]


async def test_one_that_dies_again_and_again_does_not_fill_the_disk(
    target: ProcessTarget, tmp_path: Path
) -> None:
    for number in range(25):
        await target.start(shell("exit 1"), f"try-{number}", effect(number))
        await target.stop(GROUP, f"try-{number}", effect(number), hard=True)
    assert len(list((tmp_path / "node/instances").iterdir())) == 20
