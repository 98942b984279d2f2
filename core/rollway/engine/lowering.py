"""The one act that may precede its record: weight 0 for a bad release, at once, alone, until it is in force.

It needs no store, no lock held by other work and no answer from anybody but the router.
"""

import asyncio
import logging
from collections.abc import Callable

from rollway.domain.effects import Mark
from rollway.domain.events import Cause
from rollway.engine.effects import Trouble, call
from rollway.engine.ports import Clock
from rollway.plugin.kinds import Router, StaleToken

log = logging.getLogger(__name__)

DEADLINE = 5.0
"""Seconds that one attempt may take."""

AGAIN = 0.2
"""Seconds between two attempts."""


class Lowering:
    """The lowering of one rollout's group; `cause` is why it was begun, None as long as it was not."""

    def __init__(self, router: Router, place: str, clock: Clock, wake: Callable[[], None]) -> None:
        self.cause: Cause | None = None
        self._router = router
        self._place = place
        self._clock = clock
        self._wake = wake
        self._task: asyncio.Task[None] | None = None

    def begin(self, cause: Cause, mark: Mark | None) -> None:
        """Begin, once; without a mark there is no traffic to take away, and the cause alone is kept."""
        self.cause = self.cause or cause
        if self._task is None and mark is not None:
            self._task = asyncio.create_task(self._until_in_force(mark), name=mark.key)
            self._task.add_done_callback(lambda _: self._wake())

    def in_force(self) -> bool:
        """Whether it has come to its good end; one that broke off begins again when `begin` is called next."""
        task = self._task
        if task is None or not task.done():
            return False
        if not task.cancelled() and task.exception() is None:
            return True
        error = None if task.cancelled() else task.exception()
        log.error("the lowering broke off, beginning again", exc_info=error)
        self._task = None
        self._wake()
        return False

    def close(self) -> None:
        """The daemon ends, or the rollout has."""
        if self._task is not None:
            self._task.cancel()

    async def _until_in_force(self, mark: Mark) -> None:
        while True:
            try:
                await call("the router", self._router.lower(self._place, mark), DEADLINE)
            except (Trouble, StaleToken) as why:
                log.error("the bad release still has traffic, trying again: %s", why)
                await self._clock.sleep(AGAIN)
            else:
                return
