"""Ctrl-Z and Ctrl-C as a person presses them: in a shell, in a terminal."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect

from tests.acceptance.harness import Site

CTRL_C, CTRL_Z = "\x03", "\x1a"


@contextmanager
def shell() -> Iterator["pexpect.spawn[str]"]:
    """A person's shell, with job control."""
    terminal = pexpect.spawn("/bin/sh", ["-i"], encoding="utf-8", timeout=20, dimensions=(24, 100))
    try:
        yield terminal
    finally:
        terminal.close(force=True)


def test_ctrl_c_ctrl_z_and_fg(site: Site) -> None:
    site.steps = [{"weight": "25%", "hold": "60s"}]
    site.apply()
    site.stable()
    id_ = site.deploy("1.1")
    watch = shlex.join([sys.executable, "-m", "rollway", "--server", f"http://{site.api}", "watch", id_])
    with shell() as terminal:
        terminal.sendline(watch)
        terminal.expect("25 ?%")
        terminal.send(CTRL_C)
        terminal.expect("the rollout goes on; follow it: rollway watch " + id_)
        terminal.sendline("echo code-$?")
        terminal.expect("code-130")
        terminal.sendline(watch)
        terminal.expect("25 ?%")
        terminal.send(CTRL_Z)
        terminal.expect("Stopped|Suspended")
        assert site.rollout(id_).finished_at is None
        with site.client as client:
            client.abort(id_)
        site.ended(id_)
        terminal.sendline("fg")
        terminal.expect("aborted")
        terminal.sendline("echo code-$?")
        terminal.expect("code-4")
