"""The end of a world: nothing goes wrong any more, so that everything has to come to its end, and nothing may be left."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rollway.domain.environment import EnvironmentState
from rollway.domain.split import WHOLE
from rollway.domain.words import Phase, WaitingFor
from rollway.engine.ownership import ANYWHERE, node_lease
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.scenario import Place, Say

if TYPE_CHECKING:
    from rollway.testing.simulation.world import World

LONGEST = 400.0
"""Virtual seconds that a rollout may take once nothing goes wrong."""
PATIENT = 60.0
"""Virtual seconds until somebody ends a rollout that waits."""
SETTLING = 60.0


class Ending:
    """Waits for the end of every rollout, and looks at what is left."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._witness = world.witness
        self._fail = world.fail

    async def comes(self) -> None:
        """Every rollout ends; then every environment comes to rest; then nothing is left over."""
        await self._all_ended()
        for place in self._world.scenario.places:
            await self._settles(partial(self._left, place))
        await self._settles(self._leases)
        self._remembered()

    async def _all_ended(self) -> None:
        waited = 0.0
        while left := [s for s in self._witness.rollouts.values() if not s.phase.ended]:
            if waited > LONGEST:
                told = "; ".join(f"{s.id} {s.phase} step {s.step}: {s.reason}" for s in left)
                self._fail(Problem(Rule.ENDS, told))
                return
            for state in left:
                await self._help(state.id, waited)
            await asyncio.sleep(1.0)
            waited += 1.0

    async def _help(self, rollout: str, waited: float) -> None:
        """What waits for a person gets one."""
        state = self._witness.rollouts[rollout]
        if state.phase is not Phase.PAUSED:
            return
        place = next(
            p for p in self._world.scenario.places if p.full.endswith(f"/{state.admitted.environment}")
        )
        self._world.people.last[place.full] = rollout
        if state.waiting_for is WaitingFor.PERSON:
            await self._world.people.say(place, Say(0.0, 0, "resume"))
        elif waited > PATIENT:
            await self._world.people.say(place, Say(0.0, 0, "abort"))

    async def _settles(self, left: Callable[[], str]) -> None:
        for _ in range(int(SETTLING)):
            if not left():
                return
            await asyncio.sleep(1.0)
        self._fail(Problem(Rule.LEFTOVER, left()))

    def _left(self, place: Place) -> str:
        """What is there that should not be, or the other way round; empty where all is in order."""
        state = self._witness.environments.get(place.full)
        if state is None:
            return ""
        left = self._in_the_log(state) or self._on_the_machine(state, place) or self._at_the_router(state)
        return f"{place.full}: {left}" if left else ""

    def _in_the_log(self, state: EnvironmentState) -> str:
        if extra := set(state.groups) - {state.stable}:
            return f"groups {sorted(extra)} in the log"
        return f"{state.rollout} holds the environment" if state.rollout else ""

    def _on_the_machine(self, state: EnvironmentState, place: Place) -> str:
        machine = self._world.outside.machine
        running = {
            name for name, i in machine.instances.items() if i.group.place == state.place and not i.stopped
        }
        known = {i.id for g in state.groups.values() for i in g.alive()}
        if running != known:
            return f"instances {sorted(running)} run, the log knows {sorted(known)}"
        if doubled := [name for name, count in machine.starts.items() if count > 1]:
            return f"started more than once: {doubled}"
        if state.stable and len(running) != place.instances:
            return f"{len(running)} of {place.instances} instances"
        groups = {group for group, where in machine.places.items() if where == state.place}
        return f"folders of {sorted(groups)}" if groups - set(state.groups) else ""

    def _at_the_router(self, state: EnvironmentState) -> str:
        known = self._world.outside.node.environments.get(state.place)
        if known is None:
            return "the router does not know it" if state.stable else ""
        shares = {group: share for group, share in known.split.shares.items() if share}
        wanted = {state.stable: WHOLE} if state.stable else {}
        if shares != wanted:
            return f"the router has {shares}, not {wanted}"
        if marks := known.marks.keys() - set(state.groups):
            return f"the router has marks of {sorted(marks)}"
        rules = {group.id for group in known.routing.groups} - set(state.groups)
        return f"the router has rules for {sorted(rules)}" if rules else ""

    def _remembered(self) -> None:
        """Everything that somebody was told is in the log, once."""
        actors = self._witness.actors
        for actor, count in actors.items():
            if actor.startswith("user:p") and count > 1:
                self._fail(
                    Problem(Rule.REMEMBERED, f"{actor} asked once, and stands {count} times in the log")
                )
        for told in self._world.people.answered:
            if not actors.get(told.actor) and "nothing to do" not in told.outcome:
                self._fail(
                    Problem(
                        Rule.REMEMBERED, f"{told.verb} of {told.actor} was answered, and is not in the log"
                    )
                )
            if told.verb == "abort" and self._witness.rollouts[told.rollout].phase is Phase.PROMOTED:
                self._fail(
                    Problem(Rule.REMEMBERED, f"{told.rollout} was aborted by {told.actor}, and is promoted")
                )

    def _leases(self) -> str:
        """Every lease is held by a daemon that lives; that of a node without any waits for the next one there."""
        living = self._world.names()
        nodes = {node_lease(f"node-{name.partition('.')[0].rpartition('-')[2]}") for name in living}
        held = self._world.leases().items()
        lost = {
            holder for lease, holder in held if holder not in living and (lease in ANYWHERE or lease in nodes)
        }
        return f"leases of {sorted(lost)}, who live no more" if lost else ""
