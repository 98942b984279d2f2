"""A daemon that is stopped while it holds a lock of its node: another goes on, and the first changes nothing any more."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollway.api import PluginError, Token
from rollway_plugins import locking
from rollway_plugins.envoy.files import NodeFiles, load
from rollway_plugins.process.spawning import never_begins
from rollway_plugins.process.tokens import Tokens

ROUTER = """
import os, signal, sys
from pathlib import Path
from rollway.api import StaleToken, Token
from rollway_plugins.envoy import files
here = files.NodeFiles(Path(sys.argv[1])).environment("shop/prod")
here.make()
with files.locked(here.lock):
    here.admit(Token(1, 1))
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        here.save(here.routes, {"by": "the frozen one"})
    except StaleToken as refused:
        print("refused")
"""

TARGET = """
import os, signal, sys
from pathlib import Path
from rollway.api import Token
from rollway_plugins.process.spawning import spawn
from rollway_plugins.process.tokens import Tokens
folder = Path(sys.argv[1])
with Tokens(folder / "tokens").held("shop/prod", Token(1, 1)):
    os.kill(os.getpid(), signal.SIGSTOP)
    try:
        spawn(["touch", str(folder / "started")], folder, dict(os.environ), folder / "output.log")
    except FileExistsError:
        print("refused")
"""


@contextmanager
def frozen(program: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has stopped itself."""
    child = subprocess.Popen([sys.executable, "-c", program, folder], stdout=subprocess.PIPE, text=True)
    try:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield child
    finally:
        child.kill()
        child.communicate()


def awake(child: "subprocess.Popen[str]") -> str:
    """What it says once it goes on."""
    os.kill(child.pid, signal.SIGCONT)
    said, _ = child.communicate(timeout=20)
    assert child.returncode == 0
    return said.strip()


def test_the_routes_of_whoever_took_over_stay(tmp_path: Path) -> None:
    with frozen(ROUTER, tmp_path) as child:
        here = NodeFiles(tmp_path).environment("shop/prod")
        with locking.held(here.lock, here.room, patience=0.1):
            here.admit(Token(2, 1))
            here.save(here.routes, {"by": "another"})
        assert awake(child) == "refused"
    assert load(here.routes) == {"by": "another"}
    assert here.last_token() == Token(2, 1)


def test_an_instance_that_was_given_up_is_not_started_after_all(tmp_path: Path) -> None:
    """Taken over within the time that a daemon is given to be silent."""
    with frozen(TARGET, tmp_path) as child:
        tokens = Tokens(tmp_path / "tokens")
        tokens.check("shop/prod", Token(2, 1))
        assert never_begins(tmp_path / "output.log")
        assert awake(child) == "refused"
        tokens.check("shop/prod", Token(2, 2))
    assert not (tmp_path / "started").exists()


def test_a_lock_is_handed_on_as_soon_as_it_is_free_and_never_taken_from_this_process(tmp_path: Path) -> None:
    """Its own threads are no daemons that froze: one that waits for its disk is waited for, or the act fails."""
    path, inside, free = tmp_path / "lock", threading.Event(), threading.Event()

    def hold() -> None:
        with locking.held(path):
            inside.set()
            free.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(20)
    with pytest.raises(PluginError, match="this daemon itself"), locking.held(path, patience=0.05):
        pytest.fail("two at once")
    free.set()
    with locking.held(path, patience=20.0):
        holder.join()
