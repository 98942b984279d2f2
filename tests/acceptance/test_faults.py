"""Bad input and faults, one test by name for each: a clear answer, nothing lost, nothing half-changed, no traceback.

The disk of the data folder that is full has a file of its own, test_full_disk.py; each of the others is here, on the
daemon and the command line as users have them, and in its many variants where its part is tested.
"""

import asyncio
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from rollway.artifact import Bounds
from rollway.cli.main import main
from tests.acceptance.harness import Site
from tests.acceptance.test_controls import rollway
from tests.acceptance.test_main_job import visitors

FILE = """\
version: 1
application: app
environments:
  prod:
    target: {use: process, command: python server.py, health: {path: /healthz}}
    strategy: {use: canary, steps: [{weight: 5%, hold: 1m}]}
"""


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Site]:
    """A site whose daemon does not run yet."""
    here = Site(tmp_path)
    try:
        yield here
    finally:
        here.close()


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that nothing is ever deployed to: it is shared by those that must be refused."""
    here = Site(tmp_path_factory.mktemp("standing"))
    try:
        here.start()
        here.apply()
        yield here
    finally:
        here.close()


def clean(text: str) -> str:
    """What a user is told; never a traceback."""
    assert "Traceback" not in text
    assert "unexpected" not in text
    return text


# --- deploy.yaml -------------------------------------------------------------------------------------------------


def place(text: str, what: str) -> str:
    """Where something stands in a file, as errors name it."""
    (number, line), *_ = [(n, line) for n, line in enumerate(text.splitlines(), 1) if what in line]
    return f"deploy.yaml:{number}:{line.index(what) + 1}: "


def refused(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> str:
    """What `validate` says of a file, in exit code and words."""
    (folder / "deploy.yaml").write_text(text)
    assert main(["validate", "-f", str(folder / "deploy.yaml")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return clean(err)


def test_a_mistyped_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILE.replace("weight", "wieght")
    said = refused(tmp_path, capsys, text)
    assert place(text, "wieght") + "environments.prod.strategy.steps[0].wieght: " in said
    assert "did you mean 'weight'?" in said


def test_an_unknown_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILE.replace("use: process", "use: proces")
    said = refused(tmp_path, capsys, text)
    assert place(text, "proces,") + "environments.prod.target.use: " in said
    assert "'proces'" in said
    assert "did you mean 'process'?" in said


def test_a_weight_of_101(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILE.replace("5%", "101")
    said = refused(tmp_path, capsys, text)
    assert place(text, "101") + "environments.prod.strategy.steps[0].weight: " in said
    assert "100" in said


def test_a_missing_environment_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_COMMAND", raising=False)
    text = FILE.replace("python server.py", "'${SHOP_COMMAND}'")
    said = refused(tmp_path, capsys, text)
    assert place(text, "'${SHOP") + "environments.prod.target.command: " in said
    assert "SHOP_COMMAND" in said
    assert "${SHOP_COMMAND:-" in said


# --- ports ---------------------------------------------------------------------------------------------------------


def test_the_port_of_the_api_in_use(bare: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = rollway(bare, "daemon", "--listen", f"127.0.0.1:{port}", "--data", str(bare.data))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{port} is in use by another program" in clean(done.stderr)
    assert "--listen" in done.stderr
    assert not bare.data.exists()


def test_the_port_of_the_router_in_use(site: Site) -> None:
    with socket.create_server((site.visitors.host, site.visitors.port)):
        rollout = site.ended(site.deploy("1.0"))
    assert rollout.phase == "failed"
    assert str(site.visitors) in (rollout.reason or "")
    assert "in use" in (rollout.reason or "")
    site.until(lambda: not site.running(), "nothing is left of it")
    site.stable("1.1")
    assert httpx.get(f"http://{site.visitors}/").text == "this is 1.1"


# --- commands and their health -------------------------------------------------------------------------------------


async def test_a_command_that_does_not_exist(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    site.command = "no-such-server {port}"
    await asyncio.to_thread(site.apply)
    async with visitors(site) as load:
        rollout = await asyncio.to_thread(lambda: site.ended(site.deploy("1.1")))
    assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
    assert "no-such-server" in (rollout.reason or "")
    assert load.failures == []
    assert set(load.releases) == {"1.0"}


async def test_a_command_that_dies_under_traffic(site: Site) -> None:
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        rollout = await asyncio.to_thread(lambda: site.ended(site.deploy("1.1", dies_after=20)))
        after = load.clock
        await load.reach(100)
    assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
    assert "1.1" in (rollout.reason or "") or "error-rate" in (rollout.reason or "")
    assert [attempt for attempt in load.attempts if attempt.at > after and attempt.release == "1.1"] == []
    assert [attempt for attempt in load.attempts if attempt.at > after and attempt.failed] == []


@pytest.mark.parametrize(
    ("health", "says"),
    [("404", "GET /healthz answered 404"), ("hangs", "GET /healthz: no answer within 0.3 s")],
    ids=["answers 404", "hangs"],
)
def test_a_health_path_that(site: Site, health: str, says: str) -> None:
    site.health = {"deadline": "2s", "timeout": "300ms"}
    site.apply()
    rollout = site.ended(site.deploy("1.0", health=health))
    assert rollout.phase == "failed"
    assert "0 of 2 instances of 1.0 healthy after 2 s" in (rollout.reason or "")
    assert says in (rollout.reason or "")


def test_a_health_path_that_redirects_is_an_answer(site: Site) -> None:
    assert site.ended(site.deploy("1.0", health="302")).phase == "promoted"


# --- artifacts -----------------------------------------------------------------------------------------------------


def project(folder: Path, more: str = "") -> Path:
    """That folder with an application and its file, of which no daemon knows yet."""
    (folder / "deploy.yaml").write_text(FILE + more)
    (folder / "server.py").write_text("print('serving')")
    return folder


def deploy(site: Site, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """`rollway deploy prod WORDS` in that folder."""
    return subprocess.run(
        [sys.executable, "-m", "rollway", "--server", f"http://{site.api}", "deploy", "prod", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def nothing_begun(site: Site) -> bool:
    """Whether the daemon has neither releases nor rollouts."""
    with site.client as client:
        return not list(client.rollouts()) and not list(client.releases("app"))


def test_a_build_artifact_that_leads_out_of_the_project(standing: Site, tmp_path: Path) -> None:
    done = deploy(standing, project(tmp_path, "build: {artifact: ../elsewhere}\n"))
    assert done.returncode == 2
    assert "deploy.yaml:7:19: build.artifact: leads out" in clean(done.stderr)
    assert nothing_begun(standing)


def tar_of(name: str, path: Path) -> Path:
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    return path


def test_an_archive_with_members_that_lead_out(standing: Site, tmp_path: Path) -> None:
    evil = tar_of("../../evil", tmp_path / "evil.tar")
    done = deploy(standing, project(tmp_path), "--artifact", str(evil))
    assert done.returncode == 2
    assert "'../../evil', which is outside of it" in clean(done.stderr)
    assert nothing_begun(standing)


def test_an_archive_with_such_members_that_came_past_the_command_line(site: Site) -> None:
    evil = tar_of("../../evil", site.folder / "evil.tar")
    digest = "sha256:" + hashlib.sha256(evil.read_bytes()).hexdigest()
    with site.client as client:
        client.put_artifact(digest, evil)
        client.register("app", "1.0", digest)
        rollout = site.ended(client.start("app", "prod", "1.0").id)
    assert rollout.phase == "failed"
    assert "outside of it" in (rollout.reason or "")
    assert list(site.folder.rglob("evil")) == []


def test_a_zip_bomb(standing: Site, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 20))
    head, found, entry = bomb.read_bytes().partition(
        b"PK\x01\x02"
    )  # what it announces stands there, zip64 for 8 EiB
    announced = (
        entry[:20] + b"\xff" * 4 + entry[24:26] + (entry[26] + 12).to_bytes() + entry[27:42] + entry[42:47]
    )
    zip64 = b"\x01\0\x08\0" + (1 << 62).to_bytes(8, "little")
    size = len(announced) + len(zip64)
    end = entry[47:]
    bomb.write_bytes(
        head + found + announced + zip64 + end[:12] + (size + 4).to_bytes(4, "little") + end[16:]
    )
    done = deploy(standing, project(tmp_path), "--artifact", str(bomb))
    assert done.returncode == 2
    assert f"more than {Bounds().bytes} bytes" in clean(done.stderr)
    assert nothing_begun(standing)


def test_an_artifact_deleted_behind_our_back(site: Site) -> None:
    site.steps, site.monitors = [{"weight": "50%"}], "none"
    site.apply()
    site.stable()
    site.release("1.1")
    for kept in (site.data / "artifacts").iterdir():
        kept.unlink()
    gone = rollway(site, "deploy", "app/prod", "--release", "1.1")
    assert gone.returncode == 10
    assert "the artifact of 1.1 is gone" in clean(gone.stderr)
    assert "--artifact" in gone.stderr
    site.processes()[0].kill()
    site.until(lambda: site.running() == {"1.0": 2}, "the dead instance is replaced")
    assert site.ended(site.deploy("1.1")).phase == "promoted", "sent again, it is there again"


def test_a_release_deleted_behind_our_back_is_unpacked_again(site: Site) -> None:
    site.stable()
    (folder,) = (site.data / "node/process/releases/app").iterdir()
    shutil.rmtree(folder)
    site.processes()[0].kill()
    site.until(lambda: site.running() == {"1.0": 2}, "the dead instance is replaced")
    assert folder.is_dir()


# --- the database and the machine ----------------------------------------------------------------------------------


def test_a_corrupt_database_file(bare: Site) -> None:
    bare.data.mkdir()
    database = bare.data / "rollway.db"
    database.write_bytes(b"SQLite format 3\0" + os.urandom(9000))
    before = database.read_bytes()
    done = rollway(bare, "daemon", "--listen", str(bare.api), "--data", str(bare.data))
    assert (done.returncode, done.stdout) == (1, "")
    assert str(database) in clean(done.stderr)
    assert "backup" in done.stderr
    assert database.read_bytes() == before


def test_a_database_that_is_damaged_while_the_daemon_was_away(site: Site) -> None:
    site.stable()
    assert site.stop() == 0
    database = site.data / "rollway.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    done = rollway(site, "daemon", "--listen", str(site.api), "--data", str(site.data))
    assert done.returncode == 1
    assert f"{database} cannot be used: the file is damaged" in clean(done.stderr)
    assert httpx.get(f"http://{site.visitors}/").text == "this is 1.0"
    database.write_bytes(whole)
    site.start()
    site.until(lambda: site.running() == {"1.0": 2}, "the same instances")


def test_a_data_folder_of_a_newer_version(bare: Site) -> None:
    bare.start()
    assert bare.stop() == 0
    database = bare.data / "rollway.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()
    done = rollway(bare, "daemon", "--listen", str(bare.api), "--data", str(bare.data))
    assert (done.returncode, done.stdout) == (1, "")
    assert "newer version of Rollway" in clean(done.stderr)
    assert database.read_bytes() == before


async def test_no_file_descriptors_left(site: Site, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    site.steps = [{"weight": "25%", "hold": "60s"}]
    await asyncio.to_thread(site.apply)
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1", breaks_with=str(flag))
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        await load.reach(300)
        with exhausted(site):
            flag.touch()
            await load.reach(900)
            gone = load.clock
            await load.reach(300)
            assert [a for a in load.attempts if a.at > gone and a.release == "1.1"] == []
        rollout = await asyncio.to_thread(site.ended, id_)
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
    assert [a for a in load.failures if a.release != "1.1"] == []
    await asyncio.to_thread(site.until, lambda: site.running() == {"1.0": 2}, "the bad release is stopped")


@contextmanager
def exhausted(site: Site) -> Iterator[None]:
    """The daemon may open nothing more."""
    assert site.process is not None
    daemon = psutil.Process(site.process.pid)
    limits = daemon.rlimit(psutil.RLIMIT_NOFILE)
    daemon.rlimit(psutil.RLIMIT_NOFILE, (daemon.num_fds(), limits[1]))
    try:
        yield
    finally:
        daemon.rlimit(psutil.RLIMIT_NOFILE, limits)


def test_more_clients_than_descriptors(site: Site) -> None:
    assert site.process is not None
    daemon = psutil.Process(site.process.pid)
    daemon.rlimit(psutil.RLIMIT_NOFILE, (100, daemon.rlimit(psutil.RLIMIT_NOFILE)[1]))
    with ExitStack() as held:
        for _ in range(150):
            held.enter_context(socket.create_connection((site.api.host, site.api.port)))
        assert "no more are taken" in problem(httpx.get(f"http://{site.api}/api/v1/rollouts"), 503)
        site.until(lambda: daemon.num_fds() < 50, "those that never say anything are ended")
        assert httpx.get(f"http://{site.api}/api/v1/rollouts").status_code == 200


CLOCK = """\
import os, time
_time, _ns, _back = time.time, time.time_ns, {flag!r}
time.time = lambda: _time() - 3600 * os.path.exists(_back)
time.time_ns = lambda: _ns() - 3600 * 10**9 * os.path.exists(_back)
"""


async def test_the_clock_set_back_an_hour(bare: Site) -> None:
    flag = bare.folder / "an-hour-back"
    (bare.folder / "sitecustomize.py").write_text(CLOCK.format(flag=str(flag)))
    await asyncio.to_thread(bare.start, PYTHONPATH=str(bare.folder))
    await asyncio.to_thread(bare.apply)
    await asyncio.to_thread(bare.stable)
    async with visitors(bare) as load:
        id_ = await asyncio.to_thread(bare.deploy, "1.1")
        await asyncio.to_thread(bare.until, lambda: bare.rollout(id_).weight == 25, "the first weight")
        flag.touch()
        set_back = load.clock
        rollout = await asyncio.to_thread(bare.ended, id_)
        assert rollout.phase == "promoted"
        assert load.clock - set_back < 30, "a hold is as long as it is"
        assert (
            await asyncio.to_thread(lambda: bare.ended(bare.deploy("1.2", faults=1.0)))
        ).phase == "rolled_back"
    assert [attempt for attempt in load.failures if attempt.release != "1.2"] == []
    with bare.client as client:
        assert [each.release for each in client.rollouts()] == ["1.2", "1.1", "1.0"], (
            "newest first all the same"
        )


# --- the API -------------------------------------------------------------------------------------------------------


def problem(answer: httpx.Response, status: int) -> str:
    """What a problem document says."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["status"] == status
    return str(document["detail"])


def memory(site: Site) -> int:
    assert site.process is not None
    rss: int = psutil.Process(site.process.pid).memory_info().rss
    return rss


def test_a_web_page_of_another_origin_that_posts(standing: Site) -> None:
    call = f"http://{standing.api}/api/v1/applications/app/environments/prod/rollback"
    for origin in ("http://evil.example", "null", f"http://{standing.visitors}", f"https://{standing.api}"):
        detail = problem(httpx.post(call, json={}, headers={"Origin": origin}), 403)
        assert "another origin" in detail
    preflight = httpx.options(call, headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in preflight.headers
    problem(httpx.post(call, json={}, headers={"Host": "evil.example"}), 421)
    assert nothing_begun(standing)


def test_a_request_body_of_1_gb(standing: Site) -> None:
    before, sent = memory(standing), 0

    def gigabyte() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1024):
            sent += 1 << 20
            yield b"x" * (1 << 20)

    call, kind = f"http://{standing.api}/api/v1/rollouts", {"Content-Type": "application/json"}
    problem(httpx.post(call, content=gigabyte(), headers=kind), 413)
    problem(httpx.post(call, content=gigabyte(), headers={**kind, "Content-Length": str(1 << 30)}), 413)
    assert sent < 1 << 29, "it is refused before it has come"
    assert memory(standing) - before < 64 << 20


def test_a_header_of_1_mb(standing: Site) -> None:
    before = memory(standing)
    said = problem(
        httpx.get(f"http://{standing.api}/api/v1/rollouts", headers={"X-Long": "x" * (1 << 20)}), 431
    )
    assert "header" in said
    assert memory(standing) - before < 32 << 20


def test_deeply_nested_json(standing: Site) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        body = opening * 100_000 + b"1" + closing * 100_000
        answer = httpx.post(
            f"http://{standing.api}/api/v1/plans", content=body, headers={"Content-Type": "application/json"}
        )
        assert "not JSON" in problem(answer, 400)


# --- two at once, and those who follow -----------------------------------------------------------------------------


def test_two_deploys_at_the_same_instant(site: Site) -> None:
    site.stable()
    site.release("1.1")
    site.release("1.2")
    with ThreadPoolExecutor() as pool:
        words = ("deploy", "app/prod", "--detach", "-o", "json", "--release")
        calls = [pool.submit(rollway, site, *words, release) for release in ("1.1", "1.2")]
        won, lost = sorted((call.result() for call in calls), key=lambda done: done.returncode)
    assert (won.returncode, lost.returncode, lost.stdout) == (0, 8, "")
    assert f"rollout {json.loads(won.stdout)['id']} of" in clean(lost.stderr)
    with site.client as client:
        assert len(list(client.rollouts())) == 2


@contextmanager
def following(site: Site, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`rollway WORDS` beside the test, from its first line on."""
    command = [sys.executable, "-m", "rollway", "--server", f"http://{site.api}", *words]
    with subprocess.Popen(command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[bytes]") -> tuple[int, str, str]:
    """How it ended, and what it wrote since its first line."""
    out, err = process.communicate(timeout=40)
    return process.returncode, out.decode(), clean(err.decode())


def test_ctrl_c_ctrl_z_and_a_closed_terminal_while_following(site: Site) -> None:
    site.stable()
    id_ = site.deploy("1.1")
    with (
        following(site, "watch", id_) as interrupted,
        following(site, "watch", id_) as left,
        following(site, "watch", id_) as stopped,
    ):
        stopped.send_signal(signal.SIGSTOP)
        interrupted.send_signal(signal.SIGINT)
        code, _, err = said(interrupted)
        assert code == 130
        assert f"the rollout goes on; follow it: rollway watch {id_}" in err
        left.send_signal(signal.SIGHUP)
        assert left.wait(20) == -signal.SIGHUP
        assert site.rollout(id_).finished_at is None
        with site.client as client:
            client.abort(id_)
        site.ended(id_)
        stopped.send_signal(signal.SIGCONT)
        code, out, err = said(stopped)
        assert (code, err) == (4, "")
        assert "aborted" in out


def test_the_daemon_gone_while_following(site: Site) -> None:
    site.steps = [{"weight": "25%", "hold": "60s"}]
    site.apply()
    site.stable()
    id_ = site.deploy("1.1")
    with following(site, "watch", id_) as patient:
        site.until(lambda: site.rollout(id_).weight == 25, "the first weight")
        site.kill()
        site.start()
        with site.client as client:
            client.abort(id_)
        code, out, err = said(patient)
        assert (code, err) == (4, "")
        told = [line.partition("  ")[2] for line in out.splitlines()]
        assert len(told) == len(set(told)), "nothing is told twice"
        assert "aborted" in out
    site.ended(id_)
    id_ = site.deploy("1.1")
    with following(site, "watch", id_) as waiting:
        site.kill()
        code, _, err = said(waiting)
        assert code == 6
        assert f"no daemon answers at http://{site.api}" in err
