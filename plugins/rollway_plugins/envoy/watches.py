"""Whether Envoy may watch one more file.

It takes an inotify instance for each environment's route file. A user has 128 of them by default, shared with every
other program of that user, and an Envoy that gets none aborts and takes all traffic with it; so one asks before.
"""

import ctypes
import os
from pathlib import Path

from rollway.api import PluginError

RESERVE = 4
"""Instances that must be free besides: for whatever else this user starts in the same moment."""
LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")


def demand_watch() -> None:
    """Raises PluginError where there is no room for one file more; elsewhere than on Linux there always is."""
    begin = getattr(ctypes.CDLL(None), "inotify_init1", None)
    if begin is None:
        return
    taken: list[int] = []
    try:
        while len(taken) <= RESERVE:
            handle = int(begin(os.O_CLOEXEC))
            if handle < 0:
                raise PluginError(
                    f"this user may watch no more files, and each environment needs one: {LIMIT} says "
                    f"{_limit()}; raise it, for example: sysctl -w fs.inotify.max_user_instances=1024"
                )
            taken.append(handle)
    finally:
        for handle in taken:
            os.close(handle)


def _limit() -> str:
    try:
        return LIMIT.read_text().strip()
    except OSError:
        return "nothing"
