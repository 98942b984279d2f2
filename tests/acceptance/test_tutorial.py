"""The tutorial, followed to the letter: its files are saved, its commands typed into one shell, its answers looked for."""

import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from rollway.demo.leftovers import belonging, end_all
from tests.acceptance.harness import free_port

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SAVED_AS = re.compile(r"# (\S+\.\w+)\n")
GAP = "…"
GOOD = {"Hello", "Good morning", "Good evening"}
FAULT = "HTTP Error 500: Internal Server Error"
VARIES: Sequence[tuple[str, str]] = (
    (r"\b(?=[a-z]*\d)[a-z0-9]{12,26}\b", "ID"),
    (r"user:\S+", "SOMEBODY"),
    (r"paused by \S+", "paused by SOMEBODY"),
    (r"\d[\d.,:-]*", "N"),
    (r"\s+", " "),
)
"""What differs from walk to walk."""


@dataclass(frozen=True)
class Fence:
    """A block of the page, in its order."""

    language: str
    body: str


class Shell:
    """One bash, as a reader has it, with the virtual environment of these tests on its path."""

    def __init__(self, folder: Path, server: str) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "ROLLWAY_SERVER": server, "COLUMNS": "400"}
        self.process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def type(self, commands: str, timeout: float = 50.0) -> str:
        """Everything the commands print, until the last has ended."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{commands}\necho 'the prompt'\n")
        self.process.stdin.flush()
        printed, deadline = "", time.monotonic() + timeout
        while not printed.endswith("the prompt\n"):
            try:
                printed += self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"after {timeout:g} s not over:\n{commands}\n{printed}")
        return printed.removesuffix("the prompt\n")

    def close(self) -> None:
        """End the shell and what it runs, whatever it is doing."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)


@dataclass(frozen=True)
class Walk:
    """A reader in an empty folder; `name` is of this walk alone, so that its clean-up meets nobody else's processes."""

    folder: Path
    api: int
    visitors: int
    shell: Shell

    @property
    def hello(self) -> Path:
        """The folder that the tutorial makes."""
        return self.folder / "hello"

    def own(self, text: str) -> str:
        """The text with ports and names that are free on this machine."""
        for theirs, ours in (
            ("127.0.0.1:8080", f"127.0.0.1:{self.visitors}"),
            ("rollway daemon", f"rollway daemon --listen 127.0.0.1:{self.api}"),
            ("hello.py", f"hello_{self.visitors}.py"),
        ):
            text = text.replace(theirs, ours)
        return text

    def save(self, text: str) -> None:
        """Save a file as the reader is told to."""
        named = SAVED_AS.match(text)
        assert named, f"no name on the first line:\n{text}"
        (self.hello / self.own(named[1])).write_text(self.own(text))

    def serves(self) -> bool:
        """Whether the daemon is ready."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.api}/readyz").is_success
        except httpx.TransportError:
            return False

    def has_visitors(self) -> bool:
        """Whether the visitors have written what they got."""
        return bool(self.answers())

    def answers(self) -> set[str]:
        """Everything that any visitor got."""
        log = self.hello / "visitors.log"
        return set(re.findall(r"\d+ x ([^,\n]+)", log.read_text())) if log.exists() else set()


@pytest.fixture
def walk(temporary_files: Path) -> Iterator[Walk]:
    """In a folder as short as a reader's: what the tutorial clears away by hand is all in it."""
    api = free_port()
    with tempfile.TemporaryDirectory(dir=temporary_files, prefix="walk-") as name:
        shell = Shell(Path(name), f"http://127.0.0.1:{api}")
        try:
            yield Walk(Path(name), api, free_port(), shell)
        finally:
            shell.close()
            end_all(Path(name) / "hello", grace=0.5)


def fences() -> list[Fence]:
    """The blocks that have a language; one without is for the reader alone."""
    found = FENCE.finditer(TUTORIAL.read_text(encoding="utf-8"))
    return [Fence(each["language"], each["body"]) for each in found]


def until(condition: Callable[[], bool], what: str, timeout: float = 20.0) -> None:
    """Wait for what a reader's slowness gives for nothing."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout:g} s for {what}"
        time.sleep(0.02)


def same_everywhere(line: str) -> str:
    """A line without what differs from walk to walk."""
    for pattern, word in VARIES:
        line = re.sub(pattern, word, line)
    return line.strip()


def assert_answers(shown: str, printed: str) -> None:
    """Every line that the page shows was printed, in this order, whatever its numbers; a gap may be of no line."""
    rest = iter([same_everywhere(line) for line in printed.splitlines()])
    for line in filter(GAP.__ne__, shown.splitlines()):
        wanted = same_everywhere(line.replace(GAP, ""))
        assert any(wanted in each for each in rest), f"not printed: {line!r}\nbut:\n{printed}"


def test_the_tutorial_as_written(walk: Walk) -> None:
    printed = ""
    for fence in fences():
        if fence.language == "sh":
            printed = walk.shell.type(walk.own(fence.body))
            if "rollway daemon" in fence.body:
                until(walk.serves, "the daemon")
            if "visitors.py" in fence.body:
                until(walk.has_visitors, "visitors")
        elif fence.language == "text":
            assert_answers(walk.own(fence.body), printed)
        else:
            walk.save(fence.body)
    assert printed == "", "the clean-up has something to say"
    until(lambda: not belonging(walk.hello), "the end of everything the walk began")
    assert GOOD - {"Good evening"} | {FAULT} <= walk.answers() <= GOOD | {FAULT}
