"""Two daemons of two nodes share a database; one of them is killed, and the other tells what that means."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollway.cli.main import main
from rollway.testing.postgres import PostgresServer
from tests.acceptance.harness import Site

pytestmark = pytest.mark.timeout(90)


@dataclass
class NodeSite(Site):
    """A site whose daemon is one of several of a database, by a node's name of its own."""

    node: str = "web-6"
    database: str = ""

    def start(self, **environment: str) -> None:
        options = {
            "--listen": self.api,
            "--data": self.data,
            "--node": self.node,
            "--database": self.database,
        }
        words = [str(word) for option in options.items() for word in option]
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rollway", "daemon", *words],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
            )
        self.until(self._serves, "the daemon serves")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@contextmanager
def running(folder: Path, node: str, database: str) -> Iterator[NodeSite]:
    """A node whose daemon runs."""
    (folder / node).mkdir()
    steps: list[dict[str, object]] = [{"weight": "50%", "hold": "500ms"}]
    site = NodeSite(folder / node, steps, instances=1, node=node, database=database)
    try:
        site.start()
        yield site
    finally:
        site.close()


@pytest.fixture
def there(tmp_path: Path, postgres_url: str) -> Iterator[NodeSite]:
    """web-7."""
    with running(tmp_path, "web-7", postgres_url) as site:
        yield site


@pytest.fixture
def here(tmp_path: Path, postgres_url: str) -> Iterator[NodeSite]:
    """web-6."""
    with running(tmp_path, "web-6", postgres_url) as site:
        yield site


@pytest.fixture
def ask(
    here: NodeSite,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Said]:
    """`rollway WORDS`, asked of the daemon of web-6, in a folder without a deploy.yaml."""
    monkeypatch.chdir(tmp_path)

    def ask(*words: str) -> Said:
        capsys.readouterr()
        code = main([*words, "--server", f"http://{here.api}"])
        return Said(code, *capsys.readouterr())

    return ask


def test_the_loss_of_a_node_is_told_as_what_it_is(
    here: NodeSite, there: NodeSite, ask: Callable[..., Said]
) -> None:
    there.monitors = "none"
    there.apply()
    there.stable()

    elsewhere = ask("status")
    assert "?/1" in elsewhere.out, "only the daemon that drives it sees its instances"
    assert [line.split()[0] for line in elsewhere.out.splitlines() if "this one" in line] == ["web-6"]
    assert "web-7  " in elsewhere.out
    assert elsewhere.err == ""
    rollout = json.loads(ask("list", "app/prod", "-o", "json").out)[0]["id"]
    assert f"there: rollway logs {rollout} --server http://{there.api}" in ask("logs", rollout).err

    there.kill()

    def lost() -> Said | None:
        said = ask("status")
        return said if "is lost" in said.out else None

    status = here.until(lost, "the loss is seen", 20, every=0.3)
    assert "nobody: node web-7 is lost" in status.out
    assert "silent for " in status.out
    assert "app/prod: waiting for a daemon of node web-7; none has been heard for " in status.err
    assert "start one there: rollway daemon --node web-7 --database postgresql://" in status.err
    assert "swordfish" not in status.err + status.out
    [told] = json.loads(ask("status", "-o", "json").out)
    assert (told["node"], told["daemon"], told["groups"][0]["ready"]) == ("web-7", None, None)
    assert told["problem"].startswith("waiting for a daemon of node web-7; none has been heard for ")

    here.release("2.0")
    deployed = ask("deploy", "app/prod", "--release", "2.0", "--detach")
    assert deployed.code == 0
    assert "waiting for a daemon of node web-7" in deployed.err
    assert "start one there" in deployed.err
    followed = ask("watch", "app/prod", "--timeout", "1s")
    assert (followed.code, "waiting for a daemon of node web-7" in followed.err) == (9, True)
    rollout = json.loads(ask("get", "app/prod", "-o", "json").out)
    assert rollout["phase"] == "running"
    assert rollout["problem"].startswith("waiting for a daemon of node web-7")
    diagnosis = ask("doctor")
    assert diagnosis.code == 5
    assert "node web-7 is lost" in diagnosis.out

    there.start()
    watched = ask("watch", "app/prod")
    assert watched.code == 0
    assert "2.0 is stable now" in watched.out
    here.until(lambda: "2 share the database" in ask("doctor").out, "it is well again", 20, every=1)
    assert ask("status").err == ""


def test_another_machine_of_the_same_name_is_refused(
    there: NodeSite, tmp_path: Path, postgres: PostgresServer, postgres_database: str
) -> None:
    postgres.execute(
        "UPDATE keyed_values SET value = '\"the boot of another machine\"' WHERE key = 'machine:web-7'",
        postgres_database,
    )
    words = ["--listen", "127.0.0.1:0", "--data", str(tmp_path / "twin"), "--database", there.database]
    command = [sys.executable, "-m", "rollway", "daemon", *words, "--node", "web-7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 8, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("rollway: another machine is called web-7 as well: its daemon web-7:")
    assert last.endswith("is alive; give this one a name of its own: --node NAME")
