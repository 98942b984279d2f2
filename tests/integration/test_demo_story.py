"""The demo against a stub of the daemon: what it tells, what it leaves behind, and how it takes failures."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from rollway.demo.leftovers import MARK, end_all

STUB = Path(__file__).with_name("stub_daemon.py")
PLAY = """
import json, sys
from rollway.demo import Options, run
changes = json.loads(sys.argv[1])
sys.exit(run(Options(**{**changes, "command": tuple(changes["command"])})))
"""


@dataclass
class Demo:
    """A demo in a process of its own, whose temporary folders lie in `folder`."""

    process: subprocess.Popen[str]
    folder: Path

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=100)
        return self.process.returncode, out, err

    def running(self) -> list[psutil.Process]:
        """Whatever works for this demo, or for any that lies in the folder."""
        return [each for each in psutil.process_iter() if _mark(each).startswith(str(self.folder))]

    @property
    def place(self) -> Path:
        (place,) = self.folder.glob("rollway-demo-*/")
        return place


def _mark(process: psutil.Process) -> str:
    try:
        return process.environ().get(MARK, "") if process.status() != psutil.STATUS_ZOMBIE else ""
    except psutil.Error:
        return ""


class Stage:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.demos: list[Demo] = []

    def play(self, mood: str = "well", **options: object) -> Demo:
        told = {"command": [sys.executable, str(STUB), mood], "rate": 150, "output": "json", **options}
        process = subprocess.Popen(
            [sys.executable, "-c", PLAY, json.dumps(told)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(self.folder)},
        )
        self.demos.append(Demo(process, self.folder))
        return self.demos[-1]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    for demo in stage.demos:
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.communicate()
    for place in stage.folder.glob("rollway-demo-*/"):
        end_all(place)


def nothing_is_left(demo: Demo) -> bool:
    return not demo.running() and not list(demo.folder.glob("rollway-demo-*/"))


def test_a_good_release_is_promoted_and_a_bad_one_rolled_back(stage: Stage) -> None:
    demo = stage.play(bad_errors=0.3)
    code, out, err = demo.end()
    assert code == 0, err
    document = json.loads(out)
    assert out.count("\n") == 1
    assert (document["promoted"], document["rolled_back"], document["failed_other"]) == (True, True, 0)
    assert document["requests"] > 500
    assert document["failed"] >= 3
    assert 0 <= document["seconds_to_safety"] < 30
    for sentence in ("1.1     promoted", "1.2     error-rate: FAIL, canary fails", "1.2     rolled back"):
        assert sentence in err
    assert nothing_is_left(demo)


def test_a_bad_release_that_is_good_ends_with_1(stage: Stage) -> None:
    demo = stage.play(bad_errors=0.0, output="text")
    code, out, _ = demo.end()
    assert code == 1
    assert "Not as it should be: the bad release was not rolled back." in out
    assert nothing_is_left(demo)


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("broken", "the database is locked, said the daemon"),
        ("refuses", "422: environments.prod.strategy: no such thing"),
        ("dies", "no more, said the daemon"),
    ],
)
def test_a_daemon_that_fails_is_told_with_its_last_words(stage: Stage, mood: str, told: str) -> None:
    demo = stage.play(mood)
    code, out, err = demo.end()
    assert (code, out) == (1, "")
    assert told in err
    assert "Traceback" not in err
    (log,) = demo.folder.glob("rollway-demo-*.log")
    assert str(log) in err
    assert nothing_is_left(demo)


def test_a_release_that_nobody_decides_ends_with_1(stage: Stage) -> None:
    demo = stage.play("stuck", patience=2)
    code, out, err = demo.end()
    assert (code, json.loads(out)["promoted"]) == (1, False)
    assert "1.1     not decided after 2 s: running" in err
    assert nothing_is_left(demo)


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_takes_everything_down(stage: Stage, number: signal.Signals, expected: int) -> None:
    demo = stage.play("stuck")
    until(lambda: len(demo.running()) >= 3)  # the daemon, its instance, the load
    demo.process.send_signal(number)
    demo.process.send_signal(number)
    code, out, err = demo.end()
    assert (code, out) == (expected, ""), err
    assert "Traceback" not in err
    assert nothing_is_left(demo)


def test_what_is_kept_answers_until_it_is_stopped(stage: Stage) -> None:
    demo = stage.play(bad_errors=0.3, keep=True, output="text")
    code, out, err = demo.end()
    assert code == 0, err
    words = dict(line.split(None, 1) for line in out.splitlines() if line.startswith(("console", "shop")))
    assert httpx.get(f"{words['console'].strip()}/readyz", trust_env=False).status_code == 200
    assert httpx.get(words["shop"].strip(), trust_env=False).headers["x-release"] == "1.1"
    stop = [sys.executable, "-m", "rollway.demo", "stop", str(demo.place)]
    assert " ".join(stop) in out
    assert subprocess.run(stop, check=False).returncode == 0
    assert nothing_is_left(demo)
    assert subprocess.run(stop, check=False, capture_output=True).returncode == 2


def test_only_a_demo_is_stopped(tmp_path: Path) -> None:
    stopped = subprocess.run(
        [sys.executable, "-m", "rollway.demo", "stop", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert stopped.returncode == 2
    assert "is not the folder of a demo" in stopped.stderr
    assert tmp_path.exists()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
