"""From facts to metrics: what one fact of the log adds to which of them."""

from rollway.daemon.metrics import Metrics
from rollway.domain import events as e
from rollway.domain.rollout import RolloutState


class Counting:
    """Counts and times what a `Witness` hears.

    Of a rollout that an earlier daemon began, the moments it does not know are not guessed: such a rollout is left out
    of time to safety, or of exposure.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._exposed: dict[str, float] = {}
        self._decided: dict[str, float] = {}

    def of_rollout(self, before: RolloutState | None, fact: e.Fact, after: RolloutState) -> None:
        """See `OfRollout`."""
        where = (after.admitted.application, after.admitted.environment)
        match fact.event:
            case e.RolloutAdmitted():
                self._metrics.started.labels(*where).inc()
            case e.StepStarted():
                self._expose(before, fact, after)
            case e.StepFinished():
                self._finish(where, before, fact)
            case e.VerdictReached(monitor=monitor, verdict=verdict):
                self._metrics.verdicts.labels(*where, monitor, verdict.value).inc()
            case e.AbortRequested() | e.StepFailed() | e.RollbackStarted():
                self._decided.setdefault(after.id, fact.at)
            case e.WeightLowered():
                self._safe(where, fact, after)
            case e.RolloutEnded(phase=phase):
                self._metrics.ended.labels(*where, phase.value).inc()
                self._forget(after.id)

    def of_environment(self, application: str, environment: str, fact: e.Fact) -> None:
        """See `OfEnvironment`."""
        if isinstance(fact.event, e.InstanceDied):
            self._metrics.deaths.labels(application, environment).inc()

    def _expose(self, before: RolloutState | None, fact: e.Fact, after: RolloutState) -> None:
        if after.weight and before is not None and not before.shifted:
            self._exposed[after.id] = fact.at

    def _finish(self, where: tuple[str, str], before: RolloutState | None, fact: e.Fact) -> None:
        if before is not None and before.current is not None:
            kind = type(before.current.does).__name__.lower()
            self._metrics.steps.labels(*where, kind).observe(max(0.0, fact.at - before.step_started_at))

    def _safe(self, where: tuple[str, str], fact: e.Fact, after: RolloutState) -> None:
        if not after.shifted or after.cause is None:
            return
        if (decided := self._decided.pop(after.id, None)) is not None:
            seconds = max(0.0, fact.at - decided)
            self._metrics.safety.labels(*where, after.cause.because.value).observe(seconds)
        if (exposed := self._exposed.pop(after.id, None)) is not None:
            self._metrics.exposure.labels(*where).observe(max(0.0, fact.at - exposed))

    def _forget(self, rollout: str) -> None:
        self._exposed.pop(rollout, None)
        self._decided.pop(rollout, None)
