"""What a router is told and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rollway.domain.effects import Mark, Token
from rollway.domain.split import EMPTY, Split


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where an instance or a listener answers."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Connections(StrEnum):
    """What becomes of a group's open connections."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RoutedGroup:
    """A group as a router knows it: identity, the release its metrics are labelled with, where its instances answer.

    `CLOSED` ends every connection of the group, long-lived ones too, whether or not its instances stop.
    """

    id: str
    release: str
    endpoints: tuple[Address, ...] = ()
    connections: Connections = Connections.OPEN


@dataclass(frozen=True, slots=True)
class Routing:
    """The whole of what one environment wants of its router; applying it twice changes nothing.

    `lifted` names the marked groups that a later Shift may raise again; any other marked group stays at 0. `marks` are
    those the writer knows of, so that a router which has forgotten them has them again, together with the routes.
    """

    environment: str
    settings: Mapping[str, object]
    groups: tuple[RoutedGroup, ...] = ()
    split: Split = EMPTY
    stable: str | None = None
    lifted: frozenset[str] = frozenset()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class RouterState:
    """What is in force for one environment; `split` is None where the router is not running or does not know it.

    `remembers` is False where nothing is left of what the router was ever given for it, marks neither.
    """

    running: bool
    split: Split | None = None
    marks: tuple[Mark, ...] = ()
    token: Token | None = None
    endpoints: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    remembers: bool = True


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cumulative latency buckets of a group: finite upper bounds in milliseconds and the count at or below each."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupCounters:
    """Cumulative counters of one group since its series began.

    `requests` that ended and, of these, `bad` ones: answered 5xx, reset, timed out or never answered. They may go
    back to 0 when the router restarts.
    """

    requests: int
    bad: int
    latency: Histogram | None = None
