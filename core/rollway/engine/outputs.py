"""What the instances of a rollout wrote, as long as somebody has it: the node's files, or the last lines in the log."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from rollway.domain import events as e
from rollway.domain.environment import EnvironmentState
from rollway.domain.names import environment_stream
from rollway.domain.rollout import RolloutState
from rollway.domain.words import CANARY
from rollway.engine.effects import Trouble
from rollway.engine.engine import Engine
from rollway.engine.journal import Journal
from rollway.engine.usecases import InstanceOutput

GONE = 10
"""So many instances of a group that run no more are shown, the latest."""


@dataclass
class _Group:
    """A group as the environment's log tells of it: its instances in the order they were started."""

    admitted: e.RolloutAdmitted
    started: list[str] = field(default_factory=list)
    said: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Outputs:
    """The output of a rollout's instances."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    async def of(self, rollout: RolloutState, lines: int) -> Sequence[InstanceOutput]:
        """The last lines of each instance of its groups, the new release's first; silent ones that are gone left out."""
        admitted = rollout.admitted
        state = await self._journal.environment(f"{admitted.application}/{admitted.environment}")
        facts = await self._journal.facts(environment_stream(admitted.application, admitted.environment))
        groups = _groups((fact.event for fact in facts), admitted.groups)
        found = [
            await self._output(state, role, group, instance, lines)
            for role, group in groups.items()
            for instance in _shown(group, state)
        ]
        return [each for each in found if each.running or each.lines]

    async def _output(
        self, state: EnvironmentState, role: str, group: _Group, instance: str, lines: int
    ) -> InstanceOutput:
        wrote: tuple[str, ...] = ()
        environment = self._engine.environment_at_work(state.place)
        if environment is not None:
            with suppress(Trouble):
                wrote = await environment.output(group.admitted.target, instance, lines)
        last = wrote or group.said.get(instance, ())[-lines:]
        id_ = group.admitted.groups[CANARY]
        return InstanceOutput(
            instance, id_, role, group.admitted.release, instance in _running(state, id_), tuple(last)
        )


def _groups(events: Iterator[e.Event], roles: Mapping[str, str]) -> dict[str, _Group]:
    """The rollout's groups by role, the new release's first."""
    known: dict[str, _Group] = {}
    for event in events:
        match event:
            case e.RolloutAdmitted():
                known[event.groups[CANARY]] = _Group(event)
            case e.InstanceStarting(group=group, instance=instance):
                known[group].started.append(instance)
            case e.InstanceDied(group=group, instance=instance, output=output):
                known[group].said[instance] = output
    return {role: known[roles[role]] for role in sorted(roles, key=lambda role: role != CANARY)}


def _shown(group: _Group, state: EnvironmentState) -> list[str]:
    running = _running(state, group.admitted.groups[CANARY])
    gone = [instance for instance in group.started if instance not in running][-GONE:]
    return [instance for instance in group.started if instance in running or instance in gone]


def _running(state: EnvironmentState, group: str) -> set[str]:
    known = state.groups.get(group)
    return {instance.id for instance in known.alive()} if known else set()
