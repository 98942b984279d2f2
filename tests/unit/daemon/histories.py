"""A canary's life as facts, told to a witness as the journal tells them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from rollway.daemon.counting import Counting
from rollway.daemon.decisions import of_rollout as logged
from rollway.daemon.metrics import Gauges, Metrics, Sharing
from rollway.daemon.witness import Witness
from rollway.domain import events as e
from rollway.domain import rollout as rollouts
from rollway.domain.environment import EnvironmentState
from rollway.domain.rollout import RolloutState
from rollway.domain.split import Split
from rollway.domain.words import Phase, Verdict
from rollway.engine.journal import Appended
from rollway.engine.rollcall import RollCall
from rollway.engine.standing import Standing
from rollway.testing.playing import BEGAN, NEW, OLD, admitted, canary_plan

HERE = {"application": "shop", "environment": "prod"}
STABLE_ALONE = Split({OLD: 10_000})


@dataclass
class Telling:
    """`standing` is what the gauges are told of environments."""

    standing: list[Standing] = field(default_factory=list)
    daemons: RollCall = field(default_factory=RollCall)
    state: RolloutState | None = None

    def __post_init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        counting = Counting(self.metrics)
        self.witness = Witness((counting.of_rollout, logged), (counting.of_environment,))
        self.registry.register(Gauges(lambda: self.standing, self.witness.under_way))
        self.registry.register(Sharing(lambda: self.daemons, lambda: ("web-6", "web-7")))

    def tell(self, *events: tuple[float, e.RolloutEvent], actor: str = "user:ada") -> None:
        """Each event is appended by itself, so many seconds after the beginning."""
        for after, event in events:
            before = self.state
            fact = e.Fact(before.seq + 1 if before else 1, BEGAN + after, actor, event)
            self.witness.heard(Appended(before, (fact,), EnvironmentState("shop", "prod"), ()))
            self.state = rollouts.apply(before, fact)

    def tell_environment(self, *events: e.EnvironmentEvent) -> None:
        """Facts of the environment's own stream."""
        facts = tuple(e.Fact(i, BEGAN, "system:engine", event) for i, event in enumerate(events, 1))
        self.witness.heard(Appended(None, (), EnvironmentState("shop", "prod"), facts))

    def value(self, name: str, **labels: str) -> float | None:
        """A sample, of shop/prod unless the labels say otherwise."""
        return self.registry.get_sample_value(f"rollway_{name}", {**HERE, **labels})


def under_way(hold: float = 60.0) -> list[tuple[float, e.RolloutEvent]]:
    """A canary that gets its first traffic 4 s after it began, and is being observed since 5 s."""
    return [
        (0.0, admitted(canary_plan((hold,)))),
        (1.0, e.StepStarted(step=1, key="r2:1")),
        (1.0, e.StepFinished(step=1)),
        (1.0, e.StepStarted(step=2, key="r2:2")),
        (4.0, e.StepFinished(step=2)),
        (4.0, e.StepStarted(step=3, key="r2:3")),
        (4.5, e.StepFinished(step=3)),
        (5.0, e.StepStarted(step=4, key="r2:4")),
    ]


def failing(at: float) -> list[tuple[float, e.RolloutEvent]]:
    """A monitor fails then; 0.2 s later the release is at weight 0, 2 s later it is over."""
    verdict = e.VerdictReached(step=4, monitor="error-rate", verdict=Verdict.FAIL, reason="5 % fail")
    return [
        (at, verdict),
        (at, e.RollbackStarted(because=e.Because.VERDICT, reason="5 % fail")),
        *lowered(at + 0.2),
        *ended(at + 2.0, Phase.ROLLED_BACK),
    ]


def lowered(at: float) -> Iterable[tuple[float, e.RolloutEvent]]:
    """The new group is at weight 0."""
    return [(at, e.WeightLowered(group=NEW, split=STABLE_ALONE, reason="so"))]


def ended(at: float, phase: Phase) -> Iterable[tuple[float, e.RolloutEvent]]:
    """What follows a lowering."""
    return [
        (at, e.ConnectionsClosed(group=NEW)),
        (at, e.GroupRetired(group=NEW, hard=True)),
        (at, e.RolloutEnded(rollout="r2", phase=phase, reason="so")),
    ]
