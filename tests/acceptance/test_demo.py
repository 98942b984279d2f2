"""The demo as a newcomer runs it: the good release stays, the bad one does not, and nothing is left behind."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROLLWAY = [sys.executable, "-m", "rollway"]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo makes its folder; a short name, as sockets have room for no more."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


def left_over(folder: Path) -> list[str]:
    """Processes that have to do with a folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
        if any(str(folder) in word for word in words):
            found.append(" ".join(words))
    return found


def test_the_good_release_stays_and_the_bad_one_comes_back(temporary: Path) -> None:
    done = subprocess.run([*ROLLWAY, "demo", "-o", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) >= {"promoted", "rolled_back", "requests", "failed", "failed_other", "seconds_to_safety"}
    assert (told["promoted"], told["rolled_back"], told["failed_other"]) == (True, True, 0)
    assert told["requests"] > 5000
    assert 0 < told["failed"] < 100
    assert told["seconds_to_safety"] > 0
    assert left_over(temporary) == []
    assert list(temporary.iterdir()) == []


def test_a_release_that_is_not_bad_is_not_taken_back_and_the_demo_says_so(temporary: Path) -> None:
    done = subprocess.run(
        [*ROLLWAY, "demo", "--bad-errors", "0%"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert left_over(temporary) == []


def test_ctrl_c_leaves_nothing_behind(temporary: Path) -> None:
    demo = subprocess.Popen([*ROLLWAY, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "requests a second" in line:
            break
    demo.send_signal(signal.SIGINT)
    _, said = demo.communicate(timeout=60)
    assert demo.returncode == 130, said
    assert "Traceback" not in said
    deadline = time.monotonic() + 10
    while left_over(temporary) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_over(temporary) == []
