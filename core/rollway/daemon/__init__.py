"""The daemon: engine, store, plugins and API composed into one process."""

from rollway.daemon.options import DaemonOptions


def run(options: DaemonOptions) -> int:
    """Serve until asked to stop; the exit code. Applications and their traffic go on without it."""
    from rollway.daemon.process import run as run_process

    return run_process(options)


__all__ = ["DaemonOptions", "run"]
