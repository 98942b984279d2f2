"""Looks at every effect in the moment it is made, and says which rule it broke."""

from collections.abc import Callable

from rollway.domain import plan as p
from rollway.domain.effects import AT_ONE_SEQ, Effect, Mark, Token
from rollway.domain.environment import EnvironmentState, GroupState
from rollway.domain.instances import Group
from rollway.domain.split import WHOLE
from rollway.domain.traffic import Routing
from rollway.testing.simulation.loop import LIFE
from rollway.testing.simulation.outside import Outside
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.witness import Witness


class EffectWitness:
    """The `outside.Onlooker` of a world, beside the witness of its log; `jumped` tells whether the clock ever did."""

    def __init__(
        self,
        log: Witness,
        outside: Outside,
        fail: Callable[[Problem], None],
        say: Callable[[str, str], None],
        jumped: Callable[[], bool],
    ) -> None:
        self._log = log
        self._outside = outside
        self._fail = fail
        self._say = say
        self._jumped = jumped
        self._tokens: dict[tuple[str, str], Token] = {}
        self._owners: dict[str, tuple[int, str]] = {}
        self._carried: set[str] = set()
        self._unremembered: set[str] = set()

    def _broken(self, rule: Rule, what: str) -> None:
        self._fail(Problem(rule, what))

    def before(self, life: str, verb: str, arguments: tuple[object, ...]) -> None:
        """See `outside.Onlooker`."""
        match verb, arguments:
            case "stop", (Group(), str(instance), Effect() as effect, bool(hard)):
                self._stopping(arguments[0], instance, effect, hard)  # type: ignore[arg-type]

    def after(self, life: str, verb: str, arguments: tuple[object, ...]) -> None:
        """See `outside.Onlooker`."""
        match verb, arguments:
            case "reconcile", (Routing() as routing, Effect() as effect):
                self._say(life, f"router: {routing.environment} {_split(routing)} {_token(effect)}")
                self._owner(life, routing.environment, "router", effect)
                self._routed(routing)
            case "lower", (str(place), Mark() as mark):
                self._say(life, f"router: {place} lowers {mark.group}")
                self._log.lowered.setdefault(place, set()).add(mark.group)
                if place not in self._outside.node.environments:
                    self.forgot()  # before it came: there is no mark of it
                self._whole(place)
            case "start" | "stop", (Group() as group, str(instance), Effect() as effect, *_):
                self._say(life, f"target: {verb} {instance} of {group.release} {_token(effect)}")
                self._owner(life, group.place, "target", effect)
            case "observe", (str(place),):
                self._healthy(place)

    def forgot(self) -> None:
        """The router has. A lowering of what never had any weight is then known to nobody, and has changed nothing."""
        for place, lowered in self._log.lowered.items():
            state = self._log.environments.get(place)
            wanted = {group for group in lowered if state and state.split.of(group)}
            lowered -= wanted - self._carried
            self._unremembered |= wanted & self._carried

    def _owner(self, life: str, place: str, there: str, effect: Effect) -> None:
        """Tokens never go back, and no life acts in an epoch that is another's."""
        token, last = effect.token, self._tokens.get((place, there))
        if last is not None and token < last:
            self._broken(Rule.ZOMBIE, f"{place}: {life} acts with {token} after {last}")
        self._tokens[place, there] = max(token, last or token)
        owner = self._owners.get(place)
        if owner is not None and owner[0] == token.epoch and owner[1] != life:
            self._broken(Rule.ZOMBIE, f"{place}: {life} acts in the epoch {token.epoch} of {owner[1]}")
        if owner is None or token.epoch > owner[0]:
            self._owners[place] = (token.epoch, life)

    def _routed(self, routing: Routing) -> None:
        place, state = routing.environment, self._log.environments.get(routing.environment)
        self._whole(place)
        split = self._outside.split(place)
        self._carried.update(group for group, share in split.shares.items() if share)
        if state is None:
            return
        lowered = self._log.lowered.get(place, set())
        if not LIFE.get(""):  # a call that outlived whoever made it, and the mark it would have met
            lowered -= {group for group in self._unremembered if split.of(group)}
        self._unremembered -= {group.id for group in routing.groups}
        for group in sorted(lowered - {state.stable}):
            if split.of(group):
                self._broken(
                    Rule.RAISED, f"{group} was lowered and has {split.of(group)} without a new shift"
                )
        answers = {g.id for g in routing.groups if g.endpoints}
        for group, share in split.shares.items():
            others = {g for g in state.split.shares if g != group}
            if share > state.split.of(group) and others & answers == others and group != state.stable:
                self._broken(Rule.RAISED, f"{group} has {share}, the log says {state.split.of(group)}")
        self._in_force(state, routing)

    def _in_force(self, state: EnvironmentState, routing: Routing) -> None:
        rollout = self._log.rollouts.get(state.rollout or "")
        if rollout is None or not rollout.started or rollout.current is None:
            return
        does = rollout.current.does
        if not isinstance(does, p.Shift):
            return
        wanted, found = rollout.bound(does.split), self._outside.split(state.place)
        silent = {g.id for g in routing.groups if not g.endpoints}
        if all(found.of(g) == share for g, share in wanted.shares.items()) or silent & set(wanted.shares):
            self._log.note(rollout.id).in_force.add(rollout.step)

    def _whole(self, place: str) -> None:
        split = self._outside.split(place)
        if split.shares and sum(split.shares.values()) != WHOLE:
            self._broken(Rule.WHOLE, f"{place}: {dict(split.shares)}")
        state = self._log.environments.get(place)
        if place not in self._outside.node.environments:
            return  # forgotten by the router: nothing of it is in force
        if state and state.stable and state.split.shares and not split.shares:
            self._broken(Rule.WHOLE, f"{place}: no traffic for anybody, though {state.stable} is stable")

    def _healthy(self, place: str) -> None:
        """Somebody looks: how many healthy instances of each group there are to be seen."""
        state = self._log.environments.get(place)
        for group in state.groups.values() if state else ():
            known = {i.id for i in group.alive()} & self._outside.machine.instances.keys()
            ready = sum(self._outside.well(name) for name in known)
            self._log.ready[group.id] = max(ready, self._log.ready.get(group.id, 0))

    def _stopping(self, group: Group, instance: str, effect: Effect, hard: bool) -> None:
        known = self._outside.machine.instances.get(instance)
        last = self._tokens.get((group.place, "target"))
        if known is None or known.stopped or (last is not None and effect.token < last):
            return
        state = self._log.environments.get(group.place)
        in_log = state.groups.get(group.id) if state else None
        here = in_log.instances.get(instance) if in_log else None
        if in_log is None or here is None or (here.died is None and here.stopping_at is None):
            self._broken(Rule.STEPS, f"{instance} is stopped, and the log does not say so")
            return
        dead = here.died is not None
        self._not_serving(group, instance, dead)
        retired = self._log.retired_at.get(group.id)
        if dead or in_log.hard or hard or retired is None or self._jumped():
            return
        waited, due = self._outside.clock.monotonic() - retired, _drain(in_log)
        if waited < due - 0.001:
            self._broken(Rule.DRAINED, f"{instance} of {group.id} is stopped after {waited:.2f} of {due:g} s")

    def _not_serving(self, group: Group, instance: str, dead: bool) -> None:
        known = self._outside.node.environments.get(group.place)
        if known is None or dead or not known.split.of(group.id):
            return
        address = self._outside.machine.instances[instance].address
        if any(address in g.endpoints for g in known.routing.groups if g.id == group.id):
            share = known.split.of(group.id)
            self._broken(
                Rule.SERVING, f"{instance} of {group.release} is stopped with {share} of the requests"
            )


def _drain(group: GroupState) -> float:
    """Seconds that the group's connections have, by the log."""
    if group.closes_at is None or group.retired_at is None:
        return 0.0
    return group.closes_at - group.retired_at


def _split(routing: Routing) -> str:
    return ", ".join(f"{group} {share}" for group, share in sorted(routing.split.shares.items())) or "nothing"


def _token(effect: Effect) -> str:
    return f"[{effect.token.epoch}.{effect.token.seq}.{effect.token.serial % AT_ONE_SEQ}]"
