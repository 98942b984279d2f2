"""Looks at the traffic every now and then: what may be wrong for a moment may not stay so in calm weather."""

from collections.abc import Callable, Iterator, Sequence

from rollway.domain.environment import EnvironmentState
from rollway.domain.rollout import RolloutState
from rollway.testing.simulation.life import Life
from rollway.testing.simulation.outside import BEAT, Outside
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.weather import Weather
from rollway.testing.simulation.witness import Witness

NOTICED = 4.0
"""Seconds of calm within which a daemon notices what has become of instances."""

FOUND = 14.0
"""Seconds of calm within which a daemon notices that the router has forgotten what it was given."""

RECORDED = 6.0
"""Seconds of calm within which a lowering that came first stands in the log."""

SAFE = 6.0
"""Seconds of calm within which a bad release with enough traffic has lost it."""

ENOUGH = 20.0
"""Failed requests a second that are enough to find a bad release so fast."""


class Watchman:
    """Counts for how long something has been wrong."""

    def __init__(
        self, witness: Witness, outside: Outside, weather: Weather, fail: Callable[[Problem], None]
    ) -> None:
        self._witness = witness
        self._outside = outside
        self._weather = weather
        self._fail = fail
        self._since: dict[str, float] = {}

    def look(self, living: Sequence[Life]) -> None:
        """With every burst of visitors; `living` daemons are at work."""
        wrong: set[str] = set()
        for place, state in self._witness.environments.items():
            for what in self._unanswered(place, state):
                wrong.add(what)
                patience = FOUND if "does not know" in what else NOTICED
                if self._weather.calm() > patience and self._for(what) > patience and living:
                    self._fail(Problem(Rule.ANSWERED, what))
            for what in self._exposed(place, state, living):
                wrong.add(what)
                if self._weather.calm(but_for_the_store=True) > SAFE and self._for(what) > SAFE:
                    self._fail(Problem(Rule.SAFETY, what))
            for what in self._unrecorded(place, state):
                wrong.add(what)
                if self._weather.calm() > RECORDED and self._for(what) > RECORDED and living:
                    self._fail(Problem(Rule.MARKED, what))
        self._since = {what: seconds for what, seconds in self._since.items() if what in wrong}

    def _for(self, what: str) -> float:
        self._since[what] = self._since.get(what, 0.0) + BEAT
        return self._since[what]

    def _unanswered(self, place: str, state: EnvironmentState) -> Iterator[str]:
        known = self._outside.node.environments.get(place)
        if known is None:
            if state.split.shares and any(self._well(group) for group in state.split.shares):
                yield f"the router does not know {place}"
            return
        for group, share in known.split.shares.items():
            others = [
                g for g, wanted in state.split.shares.items() if wanted and g != group and self._well(g)
            ]
            if share and others and not self._reachable(place, group):
                yield f"{group} has {share}, and nobody to answer; {others} could"

    def _unrecorded(self, place: str, state: EnvironmentState) -> Iterator[str]:
        known = self._outside.node.environments.get(place)
        for group in sorted(known.marks) if known else ():
            if state.split.of(group) and group != state.stable:
                yield f"{group} was lowered, the log says {state.split.of(group)}"

    def _well(self, group: str) -> bool:
        machine = self._outside.machine
        return any(self._outside.well(n) for n, i in machine.instances.items() if i.group.id == group)

    def _reachable(self, place: str, group: str) -> bool:
        machine, routing = self._outside.machine, self._outside.node.environments[place].routing
        endpoints = {address for g in routing.groups if g.id == group for address in g.endpoints}
        return any(i.address in endpoints and not self._outside.dead(n) for n, i in machine.instances.items())

    def _exposed(self, place: str, state: EnvironmentState, living: Sequence[Life]) -> Iterator[str]:
        rollout = self._witness.rollouts.get(state.rollout or "")
        if rollout is None or not self._can_be_found(rollout) or rollout.stable is None:
            return
        if not any(life.engine.rollout_at_work(rollout.id) for life in living):
            return
        share = self._outside.split(place).of(rollout.group)
        bad = self._outside.bad.get(rollout.admitted.release, 0.0)
        if (
            share
            and self._well(rollout.stable)
            and self._outside.rates[place] * bad * share / 10_000 > ENOUGH
        ):
            yield f"{rollout.id}: {rollout.admitted.release} fails {bad:.0%}, and has {share} of the requests"

    def _can_be_found(self, state: RolloutState) -> bool:
        """Watched, and worse than stable by far."""
        bad = self._outside.bad.get(state.admitted.release, 0.0)
        before = self._outside.bad.get(state.admitted.previous_release or "", 0.0)
        return bool(state.deciding) and not state.promoted and bad - before >= 0.3
