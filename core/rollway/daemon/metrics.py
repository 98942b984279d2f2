"""Every metric of the daemon: its name, unit, help and labels. The API's own are in `rollway.http.metrics`.

Labels are names that stand in a `deploy.yaml` (application, environment, monitor) or words of a fixed list; never an
id of a rollout, a release or an instance, of which there is no end.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rollway._version import __version__
from rollway.domain.words import ENDS, Phase
from rollway.engine.rollcall import RollCall
from rollway.engine.standing import Standing

WHERE = ("application", "environment")
UNDER_WAY = tuple(phase for phase in Phase if phase not in ENDS)

SECONDS_OF_STEPS = (0.1, 0.5, 2.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
SECONDS_OF_SAFETY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
SECONDS_OF_EXPOSURE = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
SECONDS_OF_DECISIONS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
SECONDS_OF_WORK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """What is counted and timed as it happens."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(name, told, labels, registry=registry)

        def histogram(name: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(name, told, labels, buckets=buckets, registry=registry)

        Gauge("rollway_build_info", "The version of this daemon", ["version"], registry=registry).labels(
            __version__
        ).set(1)
        self.started = counter("rollway_rollouts_started", "Rollouts that began", *WHERE)
        self.ended = counter("rollway_rollouts_ended", "Rollouts that ended, by how", *WHERE, "phase")
        self.steps = histogram(
            "rollway_step_seconds", "From the start of a step to its end", SECONDS_OF_STEPS, *WHERE, "step"
        )
        self.verdicts = counter(
            "rollway_verdicts", "Verdicts that were recorded", *WHERE, "monitor", "verdict"
        )
        self.safety = histogram(
            "rollway_time_to_safety_seconds",
            "From what took a release back (the failing verdict, the abort, the failed step) until it was recorded at "
            "weight 0; only releases that had traffic",
            SECONDS_OF_SAFETY,
            *WHERE,
            "because",
        )
        self.exposure = histogram(
            "rollway_exposure_seconds",
            "From the first traffic of a release that was taken back until it was recorded at weight 0",
            SECONDS_OF_EXPOSURE,
            *WHERE,
        )
        self.deaths = counter(
            "rollway_instance_deaths", "Instances that ended by themselves or could not be started", *WHERE
        )
        self.lag = histogram(
            "rollway_event_loop_lag_seconds",
            "How much later than asked the event loop ran what was due",
            SECONDS_OF_WORK,
        )
        self.decisions = histogram(
            "rollway_decision_lag_seconds",
            "From when a rollout or environment was to be looked at until all that was decided then was done",
            SECONDS_OF_DECISIONS,
        )
        self.commits = histogram(
            "rollway_store_commit_seconds", "Time to make a group of writes durable", SECONDS_OF_WORK
        )
        self.writes = counter("rollway_store_writes", "Writes in those groups")
        self.unavailable = counter("rollway_store_failures", "Groups of writes that could not be committed")

    @contextmanager
    def commit(self, writes: int) -> Iterator[None]:
        """Around a transaction of so many writes."""
        began = perf_counter()
        try:
            yield
        except BaseException:
            self.unavailable.inc()
            raise
        self.commits.observe(perf_counter() - began)
        self.writes.inc(writes)

    def keep_only(self, places: Collection[tuple[str, str]]) -> None:
        """Drop the series of environments (application, environment) that are no more."""
        for metric in (
            self.started,
            self.ended,
            self.steps,
            self.verdicts,
            self.safety,
            self.exposure,
            self.deaths,
        ):
            for application, environment in _places(metric) - set(places):
                metric.remove_by_labels({"application": application, "environment": environment})


def _places(metric: Collector) -> set[tuple[str, str]]:
    labels = (sample.labels for family in metric.collect() for sample in family.samples)
    return {(found["application"], found["environment"]) for found in labels}


class Gauges(Collector):
    """What stands now, read at each scrape, so that nothing of a gone environment is left to be shown."""

    def __init__(
        self,
        standing: Callable[[], Iterable[Standing]],
        under_way: Callable[[], Iterable[tuple[str, str, Phase]]],
    ) -> None:
        self._standing, self._under_way = standing, under_way

    def collect(self) -> Iterator[Metric]:
        """As prometheus_client asks for them."""
        standing = list(self._standing())
        yield self._rollouts(standing)
        instances = GaugeMetricFamily(
            "rollway_instances", "Instances of groups that are not retired", labels=[*WHERE, "state"]
        )
        weight = GaugeMetricFamily(
            "rollway_rollout_weight_ratio",
            "Share of requests, 0 to 1, of the release that a rollout under way brings; 0 at rest",
            labels=WHERE,
        )
        age = GaugeMetricFamily(
            "rollway_evidence_age_seconds",
            "Since every monitor of the rollout under way could last be read",
            labels=WHERE,
        )
        for one in standing:
            where = [one.application, one.environment]
            instances.add_metric([*where, "wanted"], one.wanted)
            instances.add_metric([*where, "ready"], one.ready)
            weight.add_metric(where, one.weight)
            if one.evidence_age is not None:
                age.add_metric(where, one.evidence_age)
        yield from (instances, weight, age)

    def _rollouts(self, standing: Iterable[Standing]) -> Metric:
        count = {(one.application, one.environment, phase): 0 for one in standing for phase in UNDER_WAY}
        for key in self._under_way():
            count[key] = count.get(key, 0) + 1
        family = GaugeMetricFamily(
            "rollway_rollouts", "Rollouts that have not ended, by phase", labels=[*WHERE, "phase"]
        )
        for (application, environment, phase), number in sorted(count.items()):
            family.add_metric([application, environment, phase.value], number)
        return family

    def describe(self) -> Iterator[Metric]:
        """Names only: asking for values when this is registered would be too early."""
        for name in ("rollouts", "instances", "rollout_weight_ratio", "evidence_age_seconds"):
            yield GaugeMetricFamily(f"rollway_{name}", "")


class Sharing(Collector):
    """The daemons of one database as this one sees them, and the `nodes` on which environments work."""

    def __init__(self, daemons: Callable[[], RollCall], nodes: Callable[[], Iterable[str]]) -> None:
        self._daemons, self._nodes = daemons, nodes

    def collect(self) -> Iterator[Metric]:
        """As prometheus_client asks for them."""
        found = self._daemons()
        count = GaugeMetricFamily("rollway_daemons", "Daemons of this database", labels=["state"])
        for state, alive in (("alive", True), ("silent", False)):
            count.add_metric([state], sum(each.alive is alive for each in found.daemons))
        held = sum(len(each.leases) for each in found.daemons if each.me)
        lost = len(found.lost(self._nodes()))
        yield count
        yield GaugeMetricFamily("rollway_leases_held", "Leases that this daemon holds", value=held)
        yield GaugeMetricFamily("rollway_nodes_lost", "Nodes whose things no daemon drives", value=lost)

    def describe(self) -> Iterator[Metric]:
        """Names only, as above."""
        for name in ("daemons", "leases_held", "nodes_lost"):
            yield GaugeMetricFamily(f"rollway_{name}", "")
