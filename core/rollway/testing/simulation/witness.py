"""Looks at the log after every append, and says which rule was broken."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rollway.domain import environment as environments
from rollway.domain import events as e
from rollway.domain import plan as p
from rollway.domain import rollout as rollouts
from rollway.domain.environment import EnvironmentState
from rollway.domain.rollout import RolloutState
from rollway.domain.split import WHOLE
from rollway.domain.words import Phase
from rollway.engine.codec import decode
from rollway.testing.simulation.outside import Outside
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.telling import told
from rollway.testing.simulation.truth import Truth

SHARED = (e.RolloutAdmitted, e.Promoted, e.RolloutEnded, e.WeightLowered, e.ConnectionsClosed)
"""Events that stand in both streams; where a rollout has them, its environment has them at the same time."""

FEWEST, FEWEST_LIMIT, FEWEST_BETTER = 70, 40, 8
"""Requests without which no comparison, and no limit of 10 %, can let anything pass; and none with a stable that fails."""


@dataclass
class Seen:
    """What the witness knows of one rollout beside the log."""

    in_force: set[int] = field(default_factory=set)
    reported: dict[str, float] = field(default_factory=dict)


class Witness:
    """Folds the true log by itself. `fail` is called with each problem."""

    def __init__(
        self,
        truth: Truth,
        outside: Outside,
        fail: Callable[[Problem], None],
        say: Callable[[str, str], None],
    ) -> None:
        self.rollouts: dict[str, RolloutState] = {}
        self.environments: dict[str, EnvironmentState] = {}
        self.actors: Counter[str] = Counter()
        self._truth = truth
        self._outside = outside
        self._fail = fail
        self._say = say
        self._seen: dict[str, int] = {}
        self._notes: dict[str, Seen] = {}
        self.lowered: dict[str, set[str]] = {}
        self.retired_at: dict[str, float] = {}
        self.ready: dict[str, int] = {}

    def look(self, life: str) -> None:
        """Whatever is new in the log, just after a call of the store."""
        news = self._truth.since(self._seen)
        if not news:
            return
        shared: dict[str, list[e.Event]] = {}
        for recorded in news:
            fact = decode(recorded)
            self._seen[recorded.stream] = fact.seq
            if recorded.stream.startswith("rollout:"):
                self.actors[fact.actor] += 1
            kind, _, name = recorded.stream.partition(":")
            if fact.actor == "system:engine":
                self._wrote(life, recorded.stream)
            self._say(life, f"{kind} {name} {fact.seq} {told(fact.event)}  ({fact.actor})")
            try:
                if kind == "rollout":
                    self._of_rollout(name, fact)
                else:
                    self._of_environment(name, fact)
            except e.IllegalHistory as illegal:
                self._broken(Rule.HISTORY, f"{recorded.stream}: {illegal}")
            if isinstance(fact.event, SHARED):
                shared.setdefault(kind, []).append(fact.event)
        if any(event not in shared.get("environment", []) for event in shared.get("rollout", [])):
            self._broken(Rule.HISTORY, f"only in the rollout's stream: {shared}")

    def _wrote(self, life: str, stream: str) -> None:
        """Only whoever raised the epoch last writes for the engine."""
        place = stream.partition(":")[2]
        if stream.startswith("rollout:"):
            place = self.rollouts[place].place
        owner = self._truth.owner(place)
        if owner is not None and owner != life:
            self._broken(Rule.ZOMBIE, f"{life} writes to {stream}, and {owner} has {place}")

    def _broken(self, rule: Rule, what: str) -> None:
        self._fail(Problem(rule, what))

    def note(self, rollout: str) -> Seen:
        """What is kept of a rollout."""
        return self._notes.setdefault(rollout, Seen())

    def _of_rollout(self, id_: str, fact: e.Fact) -> None:
        before = self.rollouts.get(id_)
        after = self.rollouts[id_] = rollouts.apply(before, fact)
        if before is None:
            self._outside.releases[after.group] = after.admitted.release
            return
        match fact.event:
            case e.StepStarted():
                self._started(after)
            case e.StepFinished(step=step, settled=settled):
                self._finished(before, step, settled)
            case e.ResumeRequested() if after.observed_anew > before.observed_anew:
                self._measure_anew(after)
            case e.WeightLowered() | e.ConnectionsClosed() | e.GroupRetired() if before.taking_back:
                self._must_be_away(before, told(fact.event))
            case e.Promoted():
                self._promoted(before, after)
            case e.RolloutEnded(phase=phase):
                self._ended(before, phase)

    def _of_environment(self, place: str, fact: e.Fact) -> None:
        application, _, name = place.partition("/")
        before = self.environments.get(place) or EnvironmentState(application, name)
        after = self.environments[place] = environments.apply(before, fact)
        for group in after.groups.values():
            if len(group.alive()) > max(group.wanted, len(_alive(before, group.id))):
                self._broken(Rule.STEPS, f"{group.id} has more instances than the {group.wanted} wanted")
        match fact.event:
            case e.InstanceStopped(group=group_id, instance=instance):
                if instance not in before.groups[group_id].instances:
                    self._broken(Rule.STEPS, f"{instance} of {group_id} is stopped twice")
            case e.Shifted(rollout=rollout, split=split):
                self.lowered.setdefault(place, set()).difference_update(
                    group for group, share in split.shares.items() if share
                )
                self._enough(after, rollout)
            case e.WeightLowered(group=group_id):
                self.lowered.setdefault(place, set()).add(group_id)
            case e.GroupRetired(group=group_id):
                self.retired_at[group_id] = self._outside.clock.monotonic()
                if after.split.of(group_id):
                    self._broken(Rule.FIRST, f"{group_id} is retired while the log gives it traffic")

    def _started(self, state: RolloutState) -> None:
        if isinstance(state.current and state.current.does, p.Shift):
            self._measure_anew(state)

    def _measure_anew(self, state: RolloutState) -> None:
        """Requests from here on are those that a pass may rest on."""
        self.note(state.id).reported[state.group] = self._outside.reported.get(state.group, 0.0)

    def _finished(self, before: RolloutState, step: int, settled: Mapping[str, str]) -> None:
        current = before.current
        does = current.does if current else None
        if isinstance(does, p.Shift) and step not in self.note(before.id).in_force:
            self._broken(Rule.STEPS, f"{before.id}: step {step} is done, but the split never was in force")
        if isinstance(does, p.Verify):
            self._verified(before, before.admitted.groups[does.group])
        if isinstance(does, p.Observe):
            self._settled(before, step, settled)

    def _verified(self, before: RolloutState, group: str) -> None:
        state = self.environments[f"{before.admitted.application}/{before.admitted.environment}"]
        seen, wanted = self.ready.get(group, 0), state.groups[group].wanted
        if seen < wanted:
            self._broken(Rule.STEPS, f"{before.id}: verified, with {seen} of {wanted} ever seen healthy")

    def _settled(self, before: RolloutState, step: int, settled: Mapping[str, str]) -> None:
        for monitor in before.deciding:
            how = settled.get(monitor.name)
            if how is None:
                self._broken(Rule.EVIDENCE, f"{before.id}: step {step} is over without {monitor.name}")
            if how == "promoted" and step not in before.waved:
                self._broken(Rule.EVIDENCE, f"{before.id}: nobody waved step {step} through")
            if how == "pass":
                fails = self._outside.bad.get(before.admitted.previous_release or "", 0.0)
                fewest = FEWEST_BETTER if fails else FEWEST
                self._passed(before, step, FEWEST_LIMIT if monitor.test else fewest)

    def _passed(self, before: RolloutState, step: int, fewest: int) -> None:
        since = self.note(before.id).reported.get(before.group, 0.0)
        requests = self._outside.reported.get(before.group, 0.0) - since
        if requests < fewest:
            self._broken(Rule.EVIDENCE, f"{before.id}: step {step} passed on {requests:g} requests")

    def _promoted(self, before: RolloutState, after: RolloutState) -> None:
        observed = [
            i for i, step in enumerate(after.admitted.plan.steps, 1) if isinstance(step.does, p.Observe)
        ]
        if missing := [i for i in observed if i < before.step and after.deciding and i not in after.settled]:
            self._broken(Rule.EVIDENCE, f"{after.id} is promoted without evidence for {missing}")
        bad = self._outside.bad.get(after.admitted.release, 0.0)
        bad -= self._outside.bad.get(after.admitted.previous_release or "", 0.0)
        judged = [i for i in observed if i not in after.waved]
        if bad >= 0.3 and after.deciding and judged and len(judged) == len(observed):
            self._broken(Rule.EVIDENCE, f"{after.id} is promoted, and fails {bad:.0%} of its requests")
        state = self.environments.get(f"{after.admitted.application}/{after.admitted.environment}")
        if (
            state
            and after.group in state.groups
            and state.groups[after.group].wanted < after.admitted.instances
        ):
            self._broken(
                Rule.FLOOR, f"{after.id} is promoted with {state.groups[after.group].wanted} instances"
            )

    def _must_be_away(self, state: RolloutState, what: str) -> None:
        place = f"{state.admitted.application}/{state.admitted.environment}"
        share = self._outside.split(place).of(state.group)
        if share:
            self._broken(Rule.FIRST, f"{what}, while {state.group} gets {share / 100:g}% of the requests")

    def _ended(self, before: RolloutState, phase: Phase) -> None:
        if phase is Phase.PROMOTED:
            return
        self._must_be_away(before, f"{before.id} ends")
        cause = before.cause
        release = before.admitted.release
        if cause is not None and cause.because is e.Because.VERDICT and not self._outside.bad.get(release):
            self._broken(Rule.BLAME, f"{release} never failed a request: {cause.reason}")
        place = f"{before.admitted.application}/{before.admitted.environment}"
        split, known = self._outside.split(place), self._outside.node.environments.get(place)
        if before.stable and before.shifted and known is not None and split.of(before.stable) != WHOLE:
            self._broken(Rule.HUNDRED, f"{before.id} ends as {phase}, and the split is {dict(split.shares)}")

    def _enough(self, state: EnvironmentState, rollout: str) -> None:
        """As many instances as the share needs, of each group that has one."""
        admitted = next((g.admitted for g in state.groups.values() if g.admitted.rollout == rollout), None)
        if admitted is None:
            return
        for group, share in state.split.shares.items():
            needed = -(-admitted.instances * share // WHOLE)
            if share and state.groups[group].wanted < needed:
                self._broken(Rule.FLOOR, f"{group} gets {share} with {state.groups[group].wanted} instances")


def _alive(state: EnvironmentState, group: str) -> tuple[environments.InstanceState, ...]:
    return state.groups[group].alive() if group in state.groups else ()
