"""Starting a process that owes nothing to the daemon."""

import errno
import fcntl
import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_UMASK = 0o022


def spawn(command: Sequence[str], directory: Path, environment: Mapping[str, str], log: Path) -> int:
    """Start the command and return its pid. Raises OSError; `trouble` puts that into words.

    Its own session, no terminal, nothing open but /dev/null and its log, which it writes itself (O_APPEND); default
    actions for SIGPIPE and its like, umask 022. It is a child only until the daemon ends.

    The log is locked (flock) from before the fork until everyone who writes to it has ended. So a daemon that comes
    back knows, also of a process that was forked and had not executed its command yet, that somebody is there. It is made
    once: where a daemon that came later has made it by `never_begins`, nothing is started.
    """
    fd = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=fd, stderr=fd,
            start_new_session=True, close_fds=True, restore_signals=True, umask=_UMASK,
        )  # fmt: skip
    finally:
        os.close(fd)
    # Popen would complain about a child that outlives it, and reap it; that is done elsewhere
    process.returncode = 0
    return process.pid


def never_begins(log: Path) -> bool:
    """Keep whoever has not begun to start this from ever doing so; False where it has begun."""
    try:
        os.close(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640))
    except FileExistsError:
        return False
    except OSError:
        return not log.exists()
    return True


def somebody_writes(log: Path) -> bool:
    """Whether a process that was spawned with this log, or a child of it, still lives."""
    try:
        fd = os.open(log, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def trouble(error: OSError | ValueError, command: Sequence[str], directory: Path, path: str) -> str:
    """Why it could not be started, for an operator."""
    if not directory.is_dir():
        return f"there is no folder {directory}"
    program = command[0]
    if not isinstance(error, OSError):  # a NUL or a lone surrogate where none can be
        return f"{program} could not be started: {error}"
    if error.errno == errno.ENOENT:
        return _not_found(program, directory, path)
    if error.errno == errno.EACCES:
        return f"{program} may not be executed; in the artifact it needs its executable bit (chmod +x)"
    if error.errno == errno.ENOEXEC:
        return f"{program} is neither a program for this machine nor a script that starts with #!"
    return f"{program} could not be started: {error.strerror or error}"


def _not_found(program: str, directory: Path, path: str) -> str:
    if "/" not in program:
        return f"command not found: {program} (looked in {path})"
    with suppress(OSError):
        if (directory / program).exists():
            return f"the interpreter that {program} names in its first line is not installed"
    return f"command not found: {program} (in {directory})"
