"""The tests of a rollout: one for each monitor, a second for one with a limit, each with a judge of its own.

How many decide is fixed before the rollout starts: the judges' threshold rises with their number.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

from rollway.config import MonitorUse as ConfiguredMonitor
from rollway.domain.events import MonitorUse, Policy
from rollway.errors import PluginError
from rollway.evidence.counts import Reading, Value
from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification
from rollway.plugin.kinds import LimitedMonitor, Monitor, PacedMonitor, Tick

MAX = "max"
"""The second test of a monitor, in `MonitorUse.test` and behind its name: `error-rate/max`."""

Make: TypeAlias = Callable[[str, Mapping[str, object]], Monitor]
"""A monitor by its plugin's name and its settings. Raises PluginError."""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The tests of one rollout: how each is used, and the judge that its specification names."""

    uses: tuple[MonitorUse, ...]
    specifications: Mapping[str, Specification]

    @property
    def deciding(self) -> tuple[MonitorUse, ...]:
        """Those with a say."""
        return tuple(use for use in self.uses if not use.dry_run)

    @property
    def comparing(self) -> frozenset[str]:
        """The names of those that mean nothing without a stable that has traffic."""
        return frozenset(name for name, spec in self.specifications.items() if compares(spec))

    def without(self, names: Collection[str]) -> "Monitoring":
        """All but these."""
        uses = tuple(use for use in self.uses if use.name not in names)
        return Monitoring(uses, {use.name: self.specifications[use.name] for use in uses})


def compares(specification: Specification) -> bool:
    """Whether a judge needs stable beside the canary."""
    if isinstance(specification, Scalar):
        return specification.times_stable
    return isinstance(specification, Comparison | Latency)


def monitoring(configured: Iterable[ConfiguredMonitor], make: Make) -> Monitoring:
    """The tests that these monitors bring. Raises PluginError, also where two would bear the same name."""
    uses: list[MonitorUse] = []
    specifications: dict[str, Specification] = {}
    for each in configured:
        monitor = make(each.use, cast("Mapping[str, object]", each.settings))
        first = _use(each, each.name, "")
        uses.append(first)
        specifications[first.name] = monitor.specification
        if isinstance(monitor, LimitedMonitor) and monitor.limit is not None:
            second = _use(each, f"{each.name}/{MAX}", MAX)
            uses.append(second)
            specifications[second.name] = monitor.limit
    twice = [name for name, count in Counter(use.name for use in uses).items() if count > 1]
    if twice:
        raise PluginError(
            f"two monitors would be called {twice[0]!r}", advice="give one of them another 'name'"
        )
    return Monitoring(tuple(uses), specifications)


def _use(configured: ConfiguredMonitor, name: str, test: str) -> MonitorUse:
    return MonitorUse(
        name=name,
        use=configured.use,
        test=test,
        settings=cast("Mapping[str, object]", configured.settings),
        dry_run=configured.dry_run,
        extend=float(configured.extend),
        min_requests=configured.min_requests,
        on_no_data=Policy(configured.on_no_data),
        on_error=Policy(configured.on_error),
        on_inconclusive=Policy(configured.on_inconclusive),
    )


@dataclass(frozen=True, slots=True)
class SecondTest:
    """A monitor's readings, judged by its limit."""

    monitor: Monitor
    specification: Limit

    async def sample(self, tick: Tick) -> Reading | Value | None:
        """As `Monitor.sample`."""
        return await self.monitor.sample(tick)


def at_work(use: MonitorUse, make: Make) -> Monitor:
    """The monitor of one test. Raises PluginError."""
    monitor = make(use.use, use.settings)
    if use.test != MAX:
        return monitor
    if not isinstance(monitor, LimitedMonitor) or monitor.limit is None:
        raise PluginError(f"monitor {use.use} has no {MAX} any more, which {use.name} is about")
    return SecondTest(monitor, monitor.limit)


def pace(monitor: Monitor) -> float | None:
    """Seconds between samples of a monitor with a pace of its own; None: it goes with the router's readings."""
    inner = monitor.monitor if isinstance(monitor, SecondTest) else monitor
    return inner.interval if isinstance(inner, PacedMonitor) else None
