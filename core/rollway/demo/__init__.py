"""The whole story on this machine: a good release goes out by itself, a bad one comes back by itself."""

from rollway.demo.options import Options

__all__ = ["Options", "run"]


def run(options: Options) -> int:
    """Play the demo; the exit code: 0 only if the good release was promoted and the bad one rolled back.

    1 otherwise, 130 after Ctrl-C, 143 after SIGTERM. Prints by itself; with `output="json"` standard output gets the
    one JSON document, everything else goes to standard error. Leaves nothing running unless `keep` is set.
    """
    from rollway.demo.performance import perform

    return perform(options)
