"""The daemon: engine, store, plugins and API composed into one process."""

import gc

from rollway.daemon.options import DaemonOptions


def run(options: DaemonOptions) -> int:
    """Serve until asked to stop; the exit code. Applications and their traffic go on without it."""
    gc.disable()  # until it answers: nothing that is made meanwhile is garbage, and looking costs a fifth of the time
    from rollway.daemon.process import run as run_process

    return run_process(options)


__all__ = ["DaemonOptions", "run"]
