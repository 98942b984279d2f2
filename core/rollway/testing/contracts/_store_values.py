"""What the store's suites write."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from pydantic import JsonValue

from rollway.store import NewEvent, Recorded, ReleaseRow, Store, Summary

OpenAnother: TypeAlias = Callable[[], Awaitable[Store]]

HOSTILE_TEXTS = [
    "",
    "Grüße, 世界 🚀, \u202eright to left",
    "NUL \x00 and bell \x07",
    "a lone surrogate \udc80, as in a program's undecodable output",
    "'; DROP TABLE events; --",
    "line\nfeed\tand \\ backslash \u2028",
]
HOSTILE_NUMBERS: list[JsonValue] = [0, -1, 2**63, -(2**80), 10**30, 0.1, 1e308, 5e-324, True, False, None]


def event(number: int = 0, data: dict[str, JsonValue] | None = None) -> NewEvent:
    """Return an event that can be told from others by its number."""
    return NewEvent(
        "Ticked", 1, "user:ada", {"number": number} if data is None else data, 1_700_000_000.25 + number
    )


def events(count: int, first: int = 1) -> tuple[NewEvent, ...]:
    """Return that many different events."""
    return tuple(event(number) for number in range(first, first + count))


def summary(stream: str, **others: object) -> Summary:
    """Return a summary of a running rollout of shop in prod, less what is given."""
    given = {
        "kind": "rollout",
        "application": "shop",
        "environment": "prod",
        "phase": "running",
        "weight": 500,
        "release": "1.2.0",
        "node": None,
        "updated": 1_700_000_000.5,
        "ended": False,
    }
    return Summary(stream=stream, **{**given, **others})  # type: ignore[arg-type]


def release(name: str, digest: str = "sha256:aa", at: float = 1.0) -> ReleaseRow:
    """Return a release of shop."""
    return ReleaseRow(
        "shop", name, digest, f"file:{name}.tar", {"revision": name}, {"port": 1}, "user:ada", at
    )


def numbers(log: Sequence[Recorded]) -> list[JsonValue]:
    """Return which events these are."""
    return [entry.data["number"] for entry in log]


def assert_gapless(log: Sequence[Recorded]) -> None:
    """Check that `seq` counts from 1."""
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
