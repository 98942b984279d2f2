"""`--timeout` and `--no-wait` as a pace."""

from rollway.cli.exits import UsageError
from rollway.cli.following import Pace


def pace(timeout: str | None, no_wait: bool) -> Pace:
    """Raises UsageError for what is no duration."""
    from rollway.config.durations import parse_duration

    try:
        return Pace(None if timeout is None else parse_duration(timeout), no_wait)
    except ValueError as error:
        raise UsageError(f"--timeout {timeout}: {error}") from error
