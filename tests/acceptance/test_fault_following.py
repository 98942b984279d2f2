"""Two who deploy at once, and those who follow while their terminal or the daemon goes away."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.acceptance.faults import clean
from tests.acceptance.harness import Site
from tests.acceptance.test_controls import rollway


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
