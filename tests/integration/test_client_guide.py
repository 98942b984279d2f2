"""The script of the guide to the client library, run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rollway.client import Client
from rollway.domain.words import Phase
from tests.integration.served_memory import Served, served
from tests.integration.test_cli import ending, good
from tests.integration.test_http_api import a_release

GUIDE = Path(__file__).parents[2] / "docs/how-to/script-a-rollout.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "night.py"
    path.write_text(code)
    return path


def run(script: Path, server: Served, release: str = "v2") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(script), server.url, "shop", "prod", release]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(("phase", "code"), [(Phase.PROMOTED, 0), (Phase.ROLLED_BACK, 1)])
def test_it_follows_to_the_end(script: Path, tmp_path: Path, phase: Phase, code: int) -> None:
    with served() as server:
        with Client(server.url) as client:
            a_release(client, tmp_path)
        server.cases.goes = good if phase is Phase.PROMOTED else ending(phase)
        done = run(script, server)
        again = run(script, server)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.splitlines()[0] == "1 RolloutAdmitted"
    assert done.stdout.splitlines()[-1].startswith(f"v2: {phase}: ")
    assert again.stdout == done.stdout, "the same call begins nothing"


def test_it_says_who_is_in_the_way(script: Path, tmp_path: Path) -> None:
    with served() as server:
        with Client(server.url) as client:
            a_release(client, tmp_path)
            client.start("shop", "prod", "v2")
        done = run(script, server)
    assert done.returncode == 1
    assert "holds shop/prod" in done.stderr
    assert "Traceback" not in done.stderr
