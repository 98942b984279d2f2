"""The kinds of plugin and the few verbs of each.

Every verb is async, idempotent and may be cancelled; each that changes something outside has one that observes it.
Errors a plugin foresees are `PluginError` with a text for an operator; anything else is caught at the boundary.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from rollway.config.secrets import Secret
from rollway.domain.effects import Effect, Mark
from rollway.domain.instances import Group, Instance
from rollway.domain.plan import Plan, PlanContext
from rollway.domain.traffic import Address, GroupCounters, RouterState, Routing
from rollway.errors import PluginError
from rollway.evidence.counts import Reading, Value
from rollway.evidence.specification import Limit, Specification
from rollway.plugin.secrets import Secrets


@dataclass(frozen=True, slots=True)
class Node:
    """Where a plugin lives: this machine's name and a folder of its own (absolute, existing, kept over restarts).

    `reveal` gives the value of a secret when it is used; it raises PluginError for one that nobody set.
    """

    name: str
    folder: Path
    reveal: Callable[[Secret], str] = field(default_factory=Secrets)


class Target(Protocol):
    """Runs instances of groups somewhere."""

    async def start(self, group: Group, instance: str, effect: Effect) -> None:
        """Start the instance with this id; returns when it was started, healthy or not.

        An id that is already known is left alone, dead or alive: an instance is started once in its life. A token
        lower than the last seen for the environment is refused with `StaleToken`.
        """
        ...

    async def stop(self, group: Group, instance: str, effect: Effect, *, hard: bool = False) -> None:
        """Stop it: gracefully by the release's settings, or at once when `hard`; returns when it is gone.

        An unknown or dead instance is no error. Afterwards `observe` no longer lists it.
        """
        ...

    async def observe(self, place: str) -> Sequence[Instance]:
        """Every instance of an environment (`application/environment`) this target knows, dead ones until stopped.

        Cheap enough to be called every 250 ms; health is checked in the background.
        """
        ...

    async def output(self, place: str, instance: str, lines: int = 20) -> Sequence[str]:
        """The last lines an instance wrote; empty where there are none or it is unknown."""
        ...

    async def forget(self, group: str, effect: Effect) -> None:
        """The group is gone for good: stop what still runs of it, and remove what is kept for it."""
        ...

    async def open(self) -> None:
        """Begin: adopt what already runs. Called once, before anything else."""
        ...

    async def close(self) -> None:
        """The daemon ends; instances go on."""
        ...


class Router(Protocol):
    """Sends shares of an environment's requests to groups."""

    async def reconcile(self, routing: Routing, effect: Effect) -> None:
        """Bring the environment to this routing; returns when it is in force.

        Raises the receiving side before it lowers the other. Marked groups stay at 0 unless `routing.lifted` names
        them; `routing.marks` are left as marks with it, and marks of groups that it does not name go. Before any weight above 0 for a group that is not stable, what takes it back lies ready. A token lower
        than the last seen for the environment is refused with `StaleToken`.
        """
        ...

    async def lower(self, environment: str, mark: Mark) -> None:
        """Take `mark.group` to weight 0 now, leaving the mark; returns when in force.

        Needs no token, no free disk, no earlier call in this process; does nothing where nothing is routed. Refused with
        `PluginError` for the stable group.
        """
        ...

    async def sever(self, environment: str, group: str) -> None:
        """End all connections of a group that is at weight 0, whether or not its instances stop."""
        ...

    async def remove(self, environment: str, effect: Effect) -> None:
        """Forget the environment: listener, groups and files."""
        ...

    async def observe(self, environment: str) -> RouterState:
        """What is in force."""
        ...

    async def counters(self) -> Mapping[str, GroupCounters]:
        """Cumulative counters by group id, of every environment on this node; a group without traffic may be absent.

        Raises `PluginError` where they cannot be read now.
        """
        ...

    async def open(self) -> None:
        """Begin: adopt the running router or start it with the last routing in force. Called once."""
        ...

    async def close(self) -> None:
        """The daemon ends; traffic goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Tick:
    """One reading of the router, shared by all monitors of a rollout: cumulative counters by role.

    None where they could not be read in this tick. `addresses` are, by role, where the instances that get requests
    answer; nothing before the new release has had traffic.
    """

    counters: Mapping[str, GroupCounters] | None
    addresses: Mapping[str, Sequence[Address]] = field(default_factory=dict)


class Monitor(Protocol):
    """A source of evidence about one rollout; the judge its specification names is run by the core."""

    @property
    def specification(self) -> Specification:
        """Which judge reads this monitor."""
        ...

    async def sample(self, tick: Tick) -> Reading | Value | None:
        """One reading; None where it cannot be read now."""
        ...


@runtime_checkable
class LimitedMonitor(Monitor, Protocol):
    """A monitor that may bring a second test: the same readings against a limit, counted as a test of its own."""

    @property
    def limit(self) -> Limit | None:
        """What the canary may do at most, whatever stable does; None: no second test."""
        ...


@runtime_checkable
class PacedMonitor(Monitor, Protocol):
    """A monitor with a pace of its own: asked beside the others, which never wait for it, one sample at a time."""

    @property
    def interval(self) -> float:
        """Seconds from one sample to the next."""
        ...


class Strategy(Protocol):
    """A compiler from settings to a plan."""

    def plan(self, settings: Mapping[str, object], context: PlanContext) -> Plan:
        """The whole plan, before anything happens. Pure. Raises ValueError with a sentence for the user."""
        ...


class StaleToken(PluginError):
    """An effect came from a writer whose time is over; nothing was changed."""
