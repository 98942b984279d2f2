"""Hears every fact that this daemon appends to the log, with the state before and after it, and tells who counts and who logs."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from rollway.domain import rollout as rollouts
from rollway.domain.events import Fact
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Phase
from rollway.engine.journal import Appended
from rollway.store.protocol import Summary

log = logging.getLogger(__name__)

OfRollout: TypeAlias = Callable[[RolloutState | None, Fact, RolloutState], None]
"""The state before a fact of a rollout (None: it begins), the fact, the state after it."""

OfEnvironment: TypeAlias = Callable[[str, str, Fact], None]
"""Application, environment, and a fact of the environment's own stream."""


class Witness:
    """Knows which rollouts are under way; `heard` belongs at `Journal.on_append`."""

    def __init__(
        self, of_rollout: Iterable[OfRollout] = (), of_environment: Iterable[OfEnvironment] = ()
    ) -> None:
        self._of_rollout = tuple(of_rollout)
        self._of_environment = tuple(of_environment)
        self._under_way: dict[str, tuple[str, str, Phase]] = {}

    def found(self, rows: Iterable[Summary]) -> None:
        """What was under way before this daemon began."""
        for row in rows:
            id_ = row.stream.partition(":")[2]
            self._under_way[id_] = (row.application, row.environment, Phase(row.phase))

    def under_way(self) -> Iterator[tuple[str, str, Phase]]:
        """Application, environment and phase of each rollout that has not ended."""
        return iter(self._under_way.values())

    def heard(self, news: Appended) -> None:
        """Tell everybody. Whoever fails here has failed to tell, not to append."""
        try:
            self._hear(news)
        except Exception:  # the top of what only watches
            log.exception("what happened could not be counted or logged")

    def _hear(self, news: Appended) -> None:
        before = news.rollout
        for fact in news.rollout_facts:
            after = rollouts.apply(before, fact)
            self._follow(after)
            for told in self._of_rollout:
                told(before, fact, after)
            before = after
        for fact in news.environment_facts:
            for told_of in self._of_environment:
                told_of(news.environment.application, news.environment.name, fact)

    def _follow(self, state: RolloutState) -> None:
        if state.phase.ended:
            self._under_way.pop(state.id, None)
        else:
            self._under_way[state.id] = (
                state.admitted.application,
                state.admitted.environment,
                state.phase,
            )
