"""Bad input and faults, one test by name for each: a clear answer, nothing lost, nothing half-changed, no traceback.

The disk of the data folder that is full has a file of its own, test_full_disk.py; each of the others is here, on the
daemon and the command line as users have them, and in its many variants where its part is tested.
"""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

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
