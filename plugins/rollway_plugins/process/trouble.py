"""What an operator reads when the disk or the kernel says no."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from rollway.api import PluginError

_ADVICE = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "raise the quota or free some space",
    errno.EROFS: "the disk is mounted read-only",
    errno.EACCES: "give the daemon's user the right to do that",
    errno.EPERM: "give the daemon's user the right to do that",
    errno.EMFILE: "raise the daemon's limit of open files (ulimit -n)",
    errno.ENFILE: "raise this machine's limit of open files",
    errno.EAGAIN: "raise the limit of processes of the daemon's user (ulimit -u)",
}


@contextmanager
def foreseen(what: str) -> Iterator[None]:
    """Turn an OSError into a PluginError that says what was done, what is wrong, where, and what to do."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        advice = _ADVICE.get(error.errno or 0)
        raise PluginError(
            f"{what}: {error.strerror or error}{where}{f'; {advice}' if advice else ''}"
        ) from error
