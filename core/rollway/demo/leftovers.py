"""Finds and ends whatever a demo has started.

A daemon leaves applications and proxy running when it ends, on purpose. A demo is over when it is over: its folder has a
name that nothing else on this machine has, and everything that works for the demo carries it.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from rollway.demo.errors import DemoError
from rollway.demo.outside import Outside

MARK = "ROLLWAY_DEMO"
"""In the environment of the daemon and, inherited, of what it starts: the demo's folder."""
INSTANCE = "ROLLWAY_INSTANCE"
GRACE = 5.0
ROUNDS = 5


def end_all(folder: Path, grace: float = GRACE) -> None:
    """End all that belongs to the demo in `folder`: SIGTERM, `grace` seconds, SIGKILL.

    Looked for again until nothing is found, as one of them may just have started another; then what they kept outside
    of the folder is removed. Raises DemoError for what even SIGKILL does not end.
    """
    outside: set[Outside] = set()
    for _ in range(ROUNDS):
        found = belonging(folder)
        if not found:
            for one in outside:
                one.remove()
            return
        outside |= {Outside.of(command) for process in found if (command := _proxy(process))}
        for process in found:
            _signal(process, kill=False)
        for process in _outlasting(found, grace):
            _signal(process, kill=True)
        _outlasting(found, grace)
    left = ", ".join(str(process.pid) for process in belonging(folder))
    if left:
        raise DemoError(f"these processes of the demo do not end: {left}", advice=f"They belong to {folder}.")


def belonging(folder: Path) -> list[psutil.Process]:
    """The processes of the demo in `folder`, but never this one."""
    processes = (process for process in psutil.process_iter() if process.pid != os.getpid())
    return [process for process in processes if _belongs(process, str(folder))]


def belongs(folder: str, command: Sequence[str], working: str, environment: Mapping[str, str]) -> bool:
    """Whether a process is of the demo in `folder`.

    By the mark in its environment; or as an instance that works in the folder; or as a proxy started with files from it.
    A shell or an editor that somebody opened there is none of these.
    """
    if environment.get(MARK) == folder:
        return True
    inside = working == folder or working.startswith(folder + os.sep)
    if INSTANCE in environment and inside:
        return True
    return _is_proxy(command) and any(folder + os.sep in argument for argument in command)


def _is_proxy(command: Sequence[str]) -> bool:
    return bool(command) and "envoy" in Path(command[0]).name


def _proxy(process: psutil.Process) -> Sequence[str]:
    """The command of a proxy; empty for any other."""
    with suppress(psutil.Error, OSError):
        command = process.cmdline()
        return command if _is_proxy(command) else ()
    return ()


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        return _alive(process) and belongs(folder, process.cmdline(), process.cwd(), process.environ())
    except (psutil.Error, OSError):
        return False  # another user's, or gone meanwhile


def _alive(process: psutil.Process) -> bool:
    # A zombie that nobody waits for would be waited for in vain.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _outlasting(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _signal(process: psutil.Process, *, kill: bool) -> None:
    with suppress(psutil.Error):  # gone meanwhile
        process.kill() if kill else process.terminate()
