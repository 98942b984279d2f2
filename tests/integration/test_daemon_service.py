"""The daemon as a service: what it tells systemd, what it logs and shows, what survives it, what never leaks."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from rollway.demo.leftovers import end_all
from tests.acceptance.harness import Site

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/how-to/run-the-daemon.md").read_text("utf-8")
SECRET = "correct-horse-battery-staple"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site whose daemon does not run yet."""
    site = Site(tmp_path, steps=[{"weight": "25%", "hold": "1s"}])
    try:
        yield site
    finally:
        site.close()


def launch(site: Site, *options: str, **environment: str) -> None:
    """Start the daemon with options and wait until it is ready."""
    command = [sys.executable, "-m", "rollway", "daemon", "--listen", str(site.api), "--data", str(site.data)]
    with (site.folder / "daemon.log").open("ab") as log:
        site.process = subprocess.Popen(
            [*command, *options], cwd=site.folder, stdout=log, stderr=log, env={**os.environ, **environment}
        )
    site.until(lambda: status(site, "/readyz") == 200, "the daemon is ready")


def status(site: Site, path: str) -> int:
    try:
        return httpx.get(f"http://{site.api}{path}", trust_env=False).status_code
    except httpx.HTTPError:
        return 0


def sample(site: Site, name: str, **labels: str) -> float | None:
    """A sample of /metrics, of app/prod."""
    wanted = {"application": "app", "environment": "prod", **labels}
    for line in httpx.get(f"http://{site.api}/metrics", trust_env=False).text.splitlines():
        if line.startswith(f"{name}{{") and dict(re.findall(r'(\w+)="([^"]*)"', line)) == wanted:
            return float(line.rpartition(" ")[2])
    return None


def test_systemd_is_told_and_nobody_else_speaks_for_the_daemon(site: Site) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(20)
        systemd.bind(str(site.folder / "notify"))
        launch(site, NOTIFY_SOCKET=str(site.folder / "notify"))
        told = systemd.recv(4096).decode().splitlines()
        assert "READY=1" in told
        assert f"STATUS=listening on http://{site.api}" in told
        site.apply()
        site.stable()
        for child in psutil.Process(site.process.pid if site.process else 0).children():
            assert "NOTIFY_SOCKET" not in child.environ()
        assert site.stop() == 0
        assert "STOPPING=1" in systemd.recv(4096).decode().splitlines()


def test_a_decision_is_a_line_with_its_fields(site: Site) -> None:
    launch(site, "--log-format", "json")
    site.apply()
    site.stable()
    rollout = site.deploy("next")
    with site.client as client:
        client.abort(rollout, "not today")
    assert site.ended(rollout).phase == "aborted"
    assert site.stop() == 0
    lines = [json.loads(line) for line in (site.folder / "daemon.log").read_text().splitlines()]
    mine = [line for line in lines if line.get("rollout") == rollout and line["logger"] == "rollway.rollout"]
    assert mine[0]["event"] == "rollout started, 1.0 is stable"
    assert [line["event"] for line in mine if line.get("actor") and "abort" in line["event"]] == [
        "abort asked for: not today"
    ]
    assert mine[-1]["event"].startswith("rollout ended, aborted")
    assert {line["environment"] for line in mine} == {"app/prod"}
    assert all(line["step"] >= 1 for line in mine)
    assert all({"timestamp", "level", "logger", "event"} <= line.keys() for line in lines)


def test_what_was_served_before_is_shown_after_a_restart(site: Site) -> None:
    launch(site)
    site.apply()
    site.stable()
    assert sample(site, "rollway_rollouts_ended_total", phase="promoted") == 1
    before, envoys = site.running(), [envoy.pid for envoy in site.envoys()]
    assert site.stop() == 0
    assert site.running() == before == {"1.0": 2}
    launch(site)
    site.until(lambda: sample(site, "rollway_instances", state="ready") == 2, "both instances are ready")
    assert site.running() == before
    assert [envoy.pid for envoy in site.envoys()] == envoys


def test_a_secret_is_in_the_instance_and_nowhere_else(site: Site) -> None:
    launch(site, "--log-level", "debug", TOKEN=SECRET)
    (site.data / "secrets").mkdir()
    (site.data / "secrets" / "OTHER").write_text(f"{SECRET}-too\n")
    site.apply()
    with site.client as client:
        settings = dict(client.application("app").settings)
        target = settings["environments"]["prod"]["target"]  # type: ignore[index, call-overload]
        target["environment"] = {"A": {"secret": "TOKEN"}, "B": {"secret": "OTHER"}}  # type: ignore[index, call-overload]
        client.apply("app", settings)
    site.stable()
    found = {process.environ().get("B") for process in instances(site)}
    assert found == {f"{SECRET}-too"}
    with site.client as client:
        target["environment"] = {"A": {"secret": "NOBODY_SET_IT"}}  # type: ignore[index, call-overload]
        client.apply("app", settings)
    failed = site.ended(site.deploy("2.0"))
    assert "NOBODY_SET_IT" in (failed.reason or "")
    shown = [
        httpx.get(f"http://{site.api}{path}", trust_env=False).text
        for path in (
            "/api/v1/applications/app",
            "/api/v1/rollouts",
            "/metrics",
            "/api/v1/releases?application=app",
        )
    ]
    shown += [event.model_dump_json() for event in site.events(failed.id)]
    assert site.stop() == 0
    assert SECRET not in "".join(shown)
    for path in site.folder.rglob("*"):
        if path.is_file() and path.parent.name != "secrets":
            assert SECRET.encode() not in path.read_bytes(), f"{path} holds a secret"


def instances(site: Site) -> list[psutil.Process]:
    """The processes of instances."""
    children = psutil.Process(site.process.pid if site.process else 0).children()
    return [child for child in children if "ROLLWAY_INSTANCE" in child.environ()]


def test_a_backup_brings_everything_back(site: Site, tmp_path: Path) -> None:
    launch(site)
    site.apply()
    site.stable()
    backup, restore = re.findall(
        r"^```\n(.*?)^```$", section(GUIDE, "### Back up and restore"), re.MULTILINE | re.DOTALL
    )
    for command in backup.splitlines():
        type_in(command, site, tmp_path)
    stop, *commands, start = restore.splitlines()
    assert (stop, start) == ("systemctl stop rollway", "systemctl start rollway")
    assert site.stop() == 0
    for command in commands:
        type_in(command, site, tmp_path)
    assert answers(site)
    launch(site)
    site.until(lambda: site.running() == {"1.0": 2}, "the instances go on")
    assert answers(site)
    assert site.stop() == 0
    # As if on another machine: nothing runs there, and nothing is known but the copy and its artifacts.
    end_all(site.folder, grace=0.5)
    shutil.rmtree(site.data / "node")
    launch(site)
    site.until(lambda: site.running() == {"1.0": 2}, "the instances run again")
    site.until(lambda: answers(site), "visitors are served again")


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its rank."""
    return re.split(r"^#{2,3} ", page.partition(f"{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def type_in(command: str, site: Site, tmp_path: Path) -> None:
    """A line of the guide, as typed, but for its places and its user, whom this machine does not have."""
    for there, here in (
        ("/opt/rollway/bin/rollway", f"{sys.executable} -m rollway"),
        ("/var/lib/rollway", str(site.data)),
        ("/var/backups", str(tmp_path)),
        (" -o rollway -g rollway", ""),
    ):
        command = command.replace(there, here)
    subprocess.run(command, shell=True, check=True)  # noqa: S602 - the line of the guide


def answers(site: Site) -> bool:
    try:
        return httpx.get(f"http://{site.visitors}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_database_that_is_taken_away_is_not_ready(site: Site) -> None:
    launch(site)
    with sqlite3.connect(site.data / "rollway.db") as database:
        database.execute("ALTER TABLE keyed_values RENAME TO taken_away")
    site.until(lambda: status(site, "/readyz") == 503, "the daemon says that it is not ready")
    assert status(site, "/healthz") == 200


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("this machine cannot: there is no systemd")
    unit = (ROOT / "examples/systemd/rollway.service").read_text("utf-8")
    assert "ExecStart=/opt/rollway/bin/rollway daemon" in unit
    here = tmp_path / "rollway.service"
    here.write_text(unit.replace("/opt/rollway/bin/rollway", sys.executable))
    checked = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_unit_leaves_applications_running() -> None:
    unit = (ROOT / "examples/systemd/rollway.service").read_text("utf-8").splitlines()
    assert {"Type=notify", "KillMode=process", "Restart=always", "OOMPolicy=continue"} <= set(unit)


def test_options_of_the_unit_are_options_of_the_daemon() -> None:
    unit = (ROOT / "examples/systemd/rollway.service").read_text("utf-8")
    told = set(re.findall(r"--[a-z-]+", next(line for line in unit.splitlines() if "ExecStart" in line)))
    told |= set(re.findall(r"`(--[a-z-]+)", GUIDE))
    shown = subprocess.run(
        [sys.executable, "-m", "rollway", "daemon", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert {option for option in told if option not in shown} == set()
