"""The daemon dies at any instant of starting instances; another one finds all of them, none twice, none lost."""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rollway.api import Group, Health, Instance, Node
from rollway.testing.contracts.target import dead, effect, healthy, until
from rollway_plugins.process import adoption, kernel
from rollway_plugins.process.marks import marked
from rollway_plugins.process.records import Kept, Life, Record, Records
from rollway_plugins.process.target import ProcessTarget

SLEEPER = {"command": "sleep 1000", "health": {"interval": "1h"}}
LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    server.accept()
"""
SERVER = {
    "command": [sys.executable, "-c", LISTEN, "{port}"],
    "health": {"interval": "50ms", "healthy_after": 1},
}
GROUP = Group(id="group-1", application="shop", environment="prod", release="v1", settings=SLEEPER)

HOST = """
import asyncio, json, os, signal, sys
from pathlib import Path
from rollway.api import Effect, Group, Node, Token
from rollway_plugins.process.marks import marked
from rollway_plugins.process.target import ProcessTarget

KINDS = {"open", "os.mkdir", "os.rename", "os.scandir", "fcntl.flock", "socket.bind", "subprocess.Popen", "os.remove"}

def die_at(count):
    left = [count]
    def look(event, arguments):
        if event in KINDS:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(look)

def arm(order):
    if order.get("events"):
        die_at(order["events"])
    if order.get("seconds"):
        signal.setitimer(signal.ITIMER_REAL, order["seconds"])  # nobody waits for SIGALRM: it kills at once

async def run(order):
    if not order.get("stop"):
        arm(order)
    target = ProcessTarget(Node("here", Path(order["folder"])))
    group = Group(**order["group"])
    await target.open()
    starts = [target.start(group, name, Effect(name, Token(1, n))) for n, name in enumerate(order["names"])]
    await asyncio.gather(*starts)
    if order.get("stop"):
        arm(order)
        effect = Effect("end", Token(1, 99))
        await asyncio.gather(*(target.stop(group, name, effect) for name in order["names"]))
        await target.forget(group.id, effect)
    await target.close()

for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        asyncio.run(run(order))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def host() -> Iterator[subprocess.Popen[str]]:
    """Hosts targets in processes that die when told to; an order is a line, its answer the exit code."""
    with subprocess.Popen(
        [sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


def order(host: subprocess.Popen[str], folder: Path, names: list[str], **death: float) -> int:
    """Have a daemon start instances and die; its exit code, 0 if it was not killed before it was done."""
    group = {
        name: getattr(GROUP, name) for name in ("id", "application", "environment", "release", "settings")
    }
    assert host.stdin
    assert host.stdout
    host.stdin.write(json.dumps({"folder": str(folder), "names": names, "group": group, **death}) + "\n")
    host.stdin.flush()
    return int(host.stdout.readline())


def running(instance: str) -> list[int]:
    found = marked().items()
    return [process.pid for mark, processes in found if mark.instance == instance for process in processes]


def new_names(count: int) -> list[str]:
    word = secrets.token_hex(4)
    return [f"{word}-{number}" for number in range(count)]


async def shows(target: ProcessTarget, name: str) -> None:
    """The kernel shows the mark of a process only a moment after its start."""
    await until(target, GROUP, lambda _: bool(running(name)))


@pytest.fixture
async def daemons(tmp_path: Path) -> AsyncIterator[list[ProcessTarget]]:
    """Targets opened in a test; what the last one knows at the end is killed."""
    opened: list[ProcessTarget] = []
    yield opened
    if opened:
        for instance in await opened[-1].observe(GROUP.place):
            await opened[-1].stop(GROUP, instance.id, effect(0, epoch=99), hard=True)
        await opened[-1].close()


async def daemon(folder: Path, daemons: list[ProcessTarget]) -> ProcessTarget:
    """A daemon comes back: the one before is closed, the next one open."""
    if daemons:
        await daemons[-1].close()
    daemons.append(ProcessTarget(Node("here", folder)))
    await daemons[-1].open()
    return daemons[-1]


async def come_back(folder: Path, names: list[str]) -> None:
    """A new daemon finds exactly what runs, makes what is missing, and can end all of it."""
    target = ProcessTarget(Node("here", folder))
    await target.open()
    try:
        seen = {instance.id: instance for instance in await target.observe(GROUP.place)}
        alive = {name for name, instance in seen.items() if instance.health is not Health.DEAD}
        assert {name: len(running(name)) for name in names} == {name: int(name in alive) for name in names}
        for name in names:
            await target.start(GROUP, name, effect(1, epoch=2))
        again = {instance.id for instance in await target.observe(GROUP.place)}
        assert again == set(names)
        wanted = {name: int(name in alive or name not in seen) for name in names}
        async with asyncio.timeout(5):  # the environment of a new process shows a moment after its start
            while {name: len(running(name)) for name in names} != wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        for name in names:
            await target.stop(GROUP, name, effect(2, epoch=2), hard=True)
        await target.close()
    assert [running(name) for name in names] == [[] for _ in names]


@pytest.mark.parametrize("start", range(1, 6))
async def test_killed_at_any_step_of_starting(
    host: subprocess.Popen[str], tmp_path: Path, start: int
) -> None:
    """Each system call that leaves a trace is a step; each of the five runs dies at every fifth of them."""
    code, step = -signal.SIGKILL, start
    while code == -signal.SIGKILL:
        names = new_names(2)
        code = order(host, tmp_path / str(step), names, events=step)
        await come_back(tmp_path / str(step), names)
        step += 5
    assert code == 0
    assert step > 40


def living(seen: Mapping[str, Instance]) -> set[str]:
    return {id_ for id_, instance in seen.items() if instance.health is not Health.DEAD}


async def gone_at_last(folder: Path, names: list[str]) -> None:
    """A new daemon knows what still runs, and the same calls once more end all of it."""
    target = ProcessTarget(Node("here", folder))
    await target.open()

    # What ends just now may be gone a moment before it is known to be.
    await until(target, GROUP, lambda seen: {name for name in names if running(name)} == living(seen))
    for name in names:
        await target.stop(GROUP, name, effect(1, epoch=2))
    await target.forget(GROUP.id, effect(2, epoch=2))
    await target.close()
    assert [running(name) for name in names] == [[] for _ in names]
    assert files(folder) == [folder / "tokens/shop.prod"]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("start", range(1, 4))
async def test_killed_at_any_step_of_stopping_and_forgetting(
    host: subprocess.Popen[str], tmp_path: Path, start: int
) -> None:
    code, step = -signal.SIGKILL, start * 6
    while code == -signal.SIGKILL:
        names = new_names(2)
        code = order(host, tmp_path / str(step), names, events=step, stop=True)
        await gone_at_last(tmp_path / str(step), names)
        step += 18
    assert code == 0


@pytest.mark.parametrize("milliseconds", [3, 8, 13, 18, 24, 31, 40])
async def test_killed_at_any_time(host: subprocess.Popen[str], tmp_path: Path, milliseconds: int) -> None:
    names = new_names(6)
    order(host, tmp_path, names, seconds=milliseconds / 1000)
    await come_back(tmp_path, names)


async def test_the_daemon_is_killed_and_instances_go_on(
    host: subprocess.Popen[str], tmp_path: Path, daemons: list[ProcessTarget]
) -> None:
    names = new_names(3)
    assert order(host, tmp_path, names) == 0
    before = [running(name) for name in names]
    target = await daemon(tmp_path, daemons)
    assert [running(name) for name in names] == before
    seen = await target.observe(GROUP.place)
    assert sorted((i.id, i.health) for i in seen) == [(name, Health.STARTING) for name in names]
    os.kill(before[0][0], signal.SIGKILL)
    assert "how is not known" in (await dead(target, GROUP, names[0])).detail


async def test_it_was_healthy_and_still_is(tmp_path: Path, daemons: list[ProcessTarget]) -> None:
    """Traffic must not be taken from stable because the daemon came back."""
    target = await daemon(tmp_path, daemons)
    group = replace(GROUP, settings=SERVER)
    await target.start(group, "one", effect(1))
    await healthy(target, group, {"one"})
    target = await daemon(tmp_path, daemons)
    assert [instance.health for instance in await target.observe(GROUP.place)] == [Health.HEALTHY]


EXECUTES_LATER = """
import fcntl, os, sys
fcntl.flock(1, fcntl.LOCK_EX)
os.write(2, b".")
sys.stdin.read(1)
marks = {"ROLLWAY_INSTANCE": sys.argv[1], "ROLLWAY_START": sys.argv[2]}
os.execvpe("sleep", ["sleep", "1000"], {**os.environ, **marks})
"""


@contextmanager
def forked(record: Record) -> Iterator[subprocess.Popen[bytes]]:
    """A child as it is between fork and exec; it executes its command when its standard input ends."""
    with (
        Path(record.log).open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-c", EXECUTES_LATER, record.id, record.start],
            stdin=subprocess.PIPE, stdout=log, stderr=subprocess.PIPE, start_new_session=True,
        ) as child,
    ):  # fmt: skip
        assert child.stderr
        child.stderr.read(1)
        yield child
        child.kill()


async def test_forked_but_its_command_not_executed_yet(tmp_path: Path, daemons: list[ProcessTarget]) -> None:
    """The daemon dies between fork and exec: nothing tells whose the child is, but its log is locked."""
    target = await daemon(tmp_path, daemons)
    await target.start(GROUP, "early", effect(1))
    (kept,) = list(Records(tmp_path / "instances").read())
    assert isinstance(kept, Kept)
    await target.stop(GROUP, "early", effect(2), hard=True)
    with forked(kept.record) as child:
        scene = await asyncio.to_thread(adoption.look)
        adopting = asyncio.create_task(asyncio.to_thread(adoption.adopt, replace(kept, life=Life()), scene))
        assert child.stdin
        child.stdin.close()
        life = await adopting
    assert life.process is not None
    assert (life.process.pid, life.ended) == (child.pid, "")


async def test_recorded_and_never_started_is_dead_for_ever(
    tmp_path: Path, daemons: list[ProcessTarget]
) -> None:
    target = await daemon(tmp_path, daemons)
    await target.start(GROUP, "one", effect(1))
    await target.stop(GROUP, "one", effect(2), hard=True)
    folder = tmp_path / "instances/one"
    (folder / "stopped.json").rename(folder / "record.json")
    (folder / "life.json").unlink()
    (folder / "output.log").unlink()
    target = await daemon(tmp_path, daemons)
    await target.start(GROUP, "one", effect(3))
    assert (await dead(target, GROUP, "one")).detail == adoption.NEVER


def edit(path: Path, **changes: object) -> None:
    life = json.loads(path.read_text())
    path.write_text(json.dumps({**life, "process": {**life["process"], **changes}}))


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("hard", [False, True])
async def test_a_pid_that_another_process_has_by_now_is_left_alone(
    tmp_path: Path, daemons: list[ProcessTarget], stranger: subprocess.Popen[bytes], hard: bool
) -> None:
    (name,) = new_names(1)
    target = await daemon(tmp_path, daemons)
    await target.start(GROUP, name, effect(1))
    await shows(target, name)
    await target.close()
    (own,) = running(name)
    os.kill(own, signal.SIGKILL)
    edit(tmp_path / f"instances/{name}/life.json", pid=stranger.pid)
    target = await daemon(tmp_path, daemons)
    assert (await dead(target, GROUP, name)).detail == adoption.GONE
    await target.stop(GROUP, name, effect(2), hard=hard)
    assert stranger.poll() is None


async def test_after_a_restart_of_the_machine_nothing_is_adopted(
    tmp_path: Path, daemons: list[ProcessTarget], stranger: subprocess.Popen[bytes]
) -> None:
    target = await daemon(tmp_path, daemons)
    await target.start(GROUP, "one", effect(1))
    await target.stop(GROUP, "one", effect(2), hard=True)
    await target.close()
    folder = tmp_path / "instances/one"
    (folder / "stopped.json").rename(folder / "record.json")
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps({**record, "boot": "an-earlier-one"}))
    found = kernel.identify(stranger.pid)
    assert found
    life = {"process": {"pid": found.pid, "started": found.started, "boot": "an-earlier-one"}}
    (folder / "life.json").write_text(json.dumps(life))
    target = await daemon(tmp_path, daemons)
    assert (await dead(target, GROUP, "one")).detail == adoption.REBOOTED
    await target.stop(GROUP, "one", effect(3))
    assert stranger.poll() is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"id": 1}', "\0" * 100])
async def test_a_record_that_is_not_whole_was_never_started(
    tmp_path: Path, daemons: list[ProcessTarget], damage: str
) -> None:
    folder = tmp_path / "instances/one"
    folder.mkdir(parents=True)
    (folder / "record.json").write_text(damage)
    target = await daemon(tmp_path, daemons)
    assert await target.observe(GROUP.place) == []
    await target.start(GROUP, "one", effect(1))
    assert len(await target.observe(GROUP.place)) == 1


async def test_what_became_of_it_is_unreadable_and_its_process_is_found_by_its_mark(
    tmp_path: Path, daemons: list[ProcessTarget]
) -> None:
    (name,) = new_names(1)
    target = await daemon(tmp_path, daemons)
    await target.start(GROUP, name, effect(1))
    await shows(target, name)
    before = running(name)
    await target.close()
    (tmp_path / "instances" / name / "life.json").write_text("{")
    target = await daemon(tmp_path, daemons)
    assert [instance.health for instance in await target.observe(GROUP.place)] == [Health.STARTING]
    assert running(name) == before


async def test_two_daemons_on_one_machine_may_use_the_same_ids(
    tmp_path: Path, daemons: list[ProcessTarget]
) -> None:
    mine = await daemon(tmp_path / "mine", daemons)
    theirs = ProcessTarget(Node("here", tmp_path / "theirs"))
    await theirs.open()
    for target in (mine, theirs):
        await target.start(GROUP, "one", effect(1))
    await theirs.stop(GROUP, "one", effect(2), hard=True)
    await theirs.close()
    assert [instance.health for instance in await mine.observe(GROUP.place)] == [Health.STARTING]


async def test_the_data_folder_under_another_name_still_finds_its_own(
    tmp_path: Path, daemons: list[ProcessTarget]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "other-name").symlink_to("data")
    group = replace(GROUP, settings={"command": ["sh", "-c", "pwd; exec sleep 1000"]})
    target = await daemon(tmp_path / "data", daemons)
    await target.start(group, "one", effect(1))
    async with asyncio.timeout(20):
        while not (before := await target.output(GROUP.place, "one")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    target = await daemon(tmp_path / "other-name", daemons)
    assert await target.output(GROUP.place, "one") == before == [str(tmp_path / "data/groups/group-1")]
    await target.start(group, "two", effect(2))
    async with asyncio.timeout(20):
        while not (again := await target.output(GROUP.place, "two")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert again == before
