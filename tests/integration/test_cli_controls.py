"""The controls on the command line against a real server: what they print, how they exit, and who may leave when."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

import pytest

from rollway.domain import events as e
from rollway.domain.words import Phase
from tests.integration.served_memory import Served
from tests.integration.test_cli import Run, ending, good, project, rollway, run, server
from tests.unit.http.memory_usecases import HEALTHY_CANARY, promotion, taking_back

__all__ = ["project", "run", "server"]

NO_DATA = e.EvidenceAwaited(step=4, reason="error-rate is no_data: no request reached the canary")


@pytest.fixture
def going(project: Path, server: Served, run: Run) -> str:
    """A rollout in its first hold."""
    server.cases.goes = lambda id_: HEALTHY_CANARY
    id_: str = json.loads(run("deploy", "prod", "--detach", "-o", "json").out)["id"]
    return id_


def test_pause_resume_and_promote(going: str, server: Served, run: Run) -> None:
    paused = run("pause", "prod", "--reason", "let me look")
    assert (paused.code, paused.out) == (
        0,
        f"rollout {going} is paused at 5%, monitors go on; let it go on: rollway resume {going}\n",
    )
    assert json.loads(run("get", "prod", "-o", "json").out)["waiting_for"] == "person"
    assert f"rollway watch {going}" in run("resume", "prod").out
    refused = run("resume", "prod")
    assert (refused.code, refused.out) == (8, "")
    assert json.loads(run("promote", "prod", "-o", "json").out)["id"] == going
    assert "past every hold" in run("promote", going, "--full").out
    said = [type(fact.event) for fact in server.cases.happened[going][-4:]]
    assert said == [e.PauseRequested, e.ResumeRequested, e.PromoteRequested, e.FullPromotionRequested]


@pytest.mark.parametrize(
    ("goes", "code"), [(good, 0), (ending(Phase.ROLLED_BACK), 3), (ending(Phase.FAILED), 5)]
)
def test_a_retry_is_followed_to_its_end(
    going: str, server: Served, run: Run, goes: Callable[[str], list[e.RolloutEvent]], code: int
) -> None:
    assert run("retry", "prod").code == 8
    server.do(lambda: server.cases.happen(going, *taking_back(going)))
    server.cases.goes = goes
    done = run("retry", going, "--reason", "the network is mended", "-o", "json")
    assert done.code == code
    assert json.loads(done.out)["retry_of"] == going


def test_status_waits_for_the_end_or_finds_it(going: str, server: Served, run: Run) -> None:
    over = run("status", "prod", "--wait", "--timeout", "200ms")
    assert over.code == 9
    assert "not over after 0.2 s; the rollout goes on" in over.err
    server.do(lambda: server.cases.happen(going, *promotion(going)))
    assert run("status", "prod", "--wait").code == 0
    assert run("status", "--wait").code == 2


def test_a_list_is_filtered_and_cut(project: Path, server: Served, run: Run) -> None:
    server.cases.goes = ending(Phase.ROLLED_BACK)
    for release in ("v1", "v2", "v3"):
        run("deploy", "prod", "--release", release)
    rows = json.loads(run("list", "-o", "json").out)
    assert [row["release"] for row in rows] == ["v3", "v2", "v1"]
    cut = run("list", "shop/prod", "--limit", "2")
    assert "v3" in cut.out
    assert "v1" not in cut.out
    assert "--limit" in cut.err
    assert json.loads(run("list", "--phase", "promoted", "-o", "json").out) == []
    assert len(json.loads(run("list", "--phase", "rolled_back", "--phase", "failed", "-o", "json").out)) == 3
    assert run("list", "--running").out == "no such rollout\n"
    assert run("list", "--phase", "nonsense").code == 2
    assert run("list", "nowhere").code == 10


def test_history_tells_who_when_and_how_it_ended(project: Path, server: Served, run: Run) -> None:
    run("apply")
    assert "nothing was deployed to shop/prod yet" in run("history", "prod").out
    server.cases.goes = ending(Phase.ROLLED_BACK)
    run("deploy", "prod", "--release", "v2", "--unwatched", "--reason", "the monitors are wrong")
    told = run("history", "prod").out
    assert "unwatched: the monitors are wrong" in told
    assert "rolled_back" in told
    (row,) = json.loads(run("history", "shop/prod", "-o", "json").out)
    assert (row["release"], row["unwatched"], row["phase"]) == ("v2", True, "rolled_back")
    assert {"actor", "started_at", "finished_at", "reason", "rollout"} <= set(row)


def test_the_output_of_instances(going: str, server: Served, run: Run) -> None:
    server.cases.written = [f"GET /{n}" for n in range(30)]
    told = run("logs", "prod", "--lines", "2").out.splitlines()
    assert told == ["canary v2 i1  GET /28", "canary v2 i1  GET /29", "stable v1 i0  v1 \ufffd[31mends"]
    document = json.loads(run("logs", going, "-o", "json").out)
    assert [each["role"] for each in document["instances"]] == ["canary", "stable"]
    assert run("logs", going, "--follow", "-o", "json").code == 2
    server.do(lambda: server.cases.happen(going, *taking_back(going)))
    followed = run("logs", going, "--follow", "--lines", "1")
    assert (followed.code, followed.out.splitlines()[0]) == (0, "canary v2 i1  GET /29")


def test_what_is_not_built_yet_says_so(going: str, run: Run) -> None:
    done = run("retry", going, "--from-step", "3")
    assert done.code == 2
    assert "--from-step is not built yet" in done.err


def test_the_plan_names_the_release_that_a_deploy_would_make(project: Path, server: Served, run: Run) -> None:
    run("apply")
    planned = json.loads(run("plan", "prod", "-o", "json").out)["release"]
    assert planned in run("plan", "prod").out
    assert server.cases.made == {}
    server.cases.goes = good
    run("deploy", "prod")
    assert [name for _, name in server.cases.made] == [planned]


@contextmanager
def follower(project: Path, server: Served, *words: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "ROLLWAY_SERVER": server.url}
    with subprocess.Popen(
        rollway(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=project,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_a_reader_that_leaves_ends_the_output_and_nothing_else(project: Path, server: Served) -> None:
    with follower(project, server, "schema") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "{\n"
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_reader_that_leaves_a_follower_is_not_told_that_all_is_well(going: str, server: Served) -> None:
    here = Path.cwd()
    with follower(here, server, "watch", going) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        server.do(lambda: server.cases.happen(going, NO_DATA))
        assert process.wait(20) == 9
        assert process.stderr is not None
        assert "the rollout goes on" in process.stderr.read()


def test_a_closed_terminal_ends_the_follower_and_not_the_rollout(going: str, server: Served) -> None:
    with follower(Path.cwd(), server, "watch", going) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        assert process.wait(20) == -signal.SIGHUP
    assert not server.do(lambda: server.cases._view(going)).state.phase.ended


def test_a_follower_that_was_stopped_goes_on_where_it_was(going: str, server: Served) -> None:
    with follower(Path.cwd(), server, "watch", going) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        server.do(lambda: server.cases.happen(going, *promotion(going)))
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1].endswith("promoted: v2 is stable")


def test_time_in_which_the_follower_was_stopped_is_not_held_against_the_daemon() -> None:
    from rollway.client.following import SILENCE, Follower
    from rollway.client.transport import Transport

    transport = Transport("http://127.0.0.1:1", None, None)
    now = time.monotonic()
    stopped = Follower(transport, "/", 0, 15.0, None, heard=now - 3600)
    assert SILENCE <= stopped._lost_for() < 15
    transport.close()


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_follower_says_for_whom_and_for_what_it_waits(going: str, server: Served, output: str) -> None:
    with follower(Path.cwd(), server, "watch", going, "-o", output) as process:
        server.do(lambda: server.cases.happen(going, NO_DATA))
        assert process.stderr is not None
        assert process.stderr.readline() == (
            f"rollway: it waits for evidence: {NO_DATA.reason}; go on without it: rollway promote {going}, "
            f"observe anew: rollway resume {going}, stop it: rollway abort {going}\n"
        )
        server.do(lambda: server.cases.happen(going, *taking_back(going, Phase.ABORTED)[1:]))
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (4, "")
    assert "aborted" in out


ON_ITS_TERMINAL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes the pseudo terminal the controlling one, so that it sends signals, then becomes the command."""


CURSOR = b"\x1b[?25h"


@contextmanager
def on_a_terminal(server: Served, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], FileIO]]:
    """`rollway WORDS` with a terminal of its own, and the other end of that terminal."""
    ours, theirs = pty.openpty()
    with (
        FileIO(ours, "r+") as terminal,
        subprocess.Popen(
            [sys.executable, "-c", ON_ITS_TERMINAL, *rollway(*words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "ROLLWAY_SERVER": server.url, "TERM": "xterm", "COLUMNS": "80"},
            start_new_session=True,
        ) as process,
    ):
        os.close(theirs)
        try:
            yield process, terminal
        finally:
            if process.poll() is None:
                process.kill()


def shown_until(terminal: FileIO, what: bytes) -> bytes:
    """What the terminal shows until this is on it; all there is where it is closed before."""
    seen = b""
    with suppress(OSError):
        while what not in seen:
            ready, _, _ = select.select([terminal], [], [], 20)
            assert ready, seen
            seen += terminal.read(4096)
    return seen


def test_live_on_a_terminal_ctrl_c_leaves_the_rollout_going(going: str, server: Served) -> None:
    with on_a_terminal(server, "watch", going) as (process, terminal):
        seen = shown_until(terminal, b"then 100%")
        assert b"v1 -> " in seen
        if CURSOR not in seen:
            shown_until(terminal, CURSOR)  # so that it is there after Ctrl-Z
        terminal.write(b"\x03")
        assert b"the rollout goes on" in shown_until(terminal, f"rollway watch {going}".encode())
        shown_until(terminal, b"nothing more")
        assert process.wait(20) == 130


def test_live_on_a_terminal_that_is_closed(going: str, server: Served) -> None:
    with on_a_terminal(server, "watch", going) as (process, terminal):
        shown_until(terminal, b"then 100%")
        terminal.close()
        assert process.wait(20) == -signal.SIGHUP
    assert not server.do(lambda: server.cases._view(going)).state.phase.ended
