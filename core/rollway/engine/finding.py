"""What is this daemon's to serve: found when it starts, when it gains a lease, when somebody else wrote, and now and then."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from rollway.engine.journal import Journal
from rollway.engine.ownership import Holding, Ownership, lease_of
from rollway.engine.ports import AlarmClock, Clock
from rollway.store.protocol import Store, StoreUnavailable, Summary

log = logging.getLogger(__name__)

RESCAN = 10.0
"""Seconds after which a lost notice is noticed at the latest."""

AGAIN = 0.5
"""Seconds until the store is asked again after a failure."""


class Finder:
    """Rings the alarm for whatever has not ended, is ours, and is new to us or has news that we did not hear of."""

    def __init__(
        self, store: Store, journal: Journal, alarm: AlarmClock, clock: Clock, ownership: Ownership
    ) -> None:
        self.places: tuple[str, ...] = ()
        self.nodes: frozenset[str] = frozenset()
        self._store = store
        self._journal = journal
        self._alarm = alarm
        self._clock = clock
        self._ownership = ownership
        self._gained: set[str] = set()
        self._found: Mapping[str, int] = {}
        self._news = asyncio.Event()

    async def run(self, lost: Callable[[frozenset[str]], None]) -> None:
        """Keep the leases, listen to the other daemons, and find, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ownership.run(self.gained, lost), name="leases")
            tasks.create_task(self._store.listen(self.heard), name="listener")
            tasks.create_task(self._keep_finding(), name="finder")

    def heard(self, stream: str | None) -> None:
        """Another daemon appended to this stream; None: perhaps to any."""
        self._journal.heard(stream)
        if stream is None:
            self._news.set()
        else:
            self._alarm.wake_now(stream)

    def gained(self, leases: frozenset[str]) -> None:
        """These are ours from now on: whatever belongs to them is taken up."""
        self._gained |= leases
        self._news.set()

    async def find(self) -> None:
        """Look once. Raises StoreUnavailable."""
        gained, self._gained = self._gained, set()
        try:
            rows = await self._unfinished()
            heads = await self._store.heads(list(rows))
        except BaseException:
            self._gained |= gained
            raise
        self.places = tuple(place_of_row(row) for row in rows.values() if row.kind == "environment")
        before, self._found = self._found, heads
        for stream, row in rows.items():
            if 0 < self._journal.head(stream) < heads.get(stream, 0):
                self._journal.heard(stream)
            # Not compared with what is at hand: somebody's reading brings that, and rings for nobody.
            if heads.get(stream) != before.get(stream) or lease_of_row(row) in gained:
                self._alarm.wake_now(stream)

    async def _keep_finding(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RESCAN):
                    await self._news.wait()
            self._news.clear()
            try:
                await self.find()
            except StoreUnavailable as why:
                log.warning("what is to be taken up could not be read: %s", why)
                await self._clock.sleep(AGAIN)
                self._news.set()

    async def _unfinished(self) -> Mapping[str, Summary]:
        environments = await self._store.summaries(kind="environment", unfinished=True)
        rollouts = await self._store.summaries(kind="rollout", unfinished=True)
        self.nodes = frozenset(row.node for row in environments if row.node)
        return {row.stream: row for row in (*environments, *rollouts) if self._is_ours(row)}

    def _is_ours(self, row: Summary) -> bool:
        return self._ownership.holding(lease_of_row(row)) is not Holding.NOT_OURS


def place_of_row(row: Summary) -> str:
    """The environment a row belongs to."""
    return f"{row.application}/{row.environment}"


def lease_of_row(row: Summary) -> str:
    """The lease a row's environment belongs to."""
    return lease_of(place_of_row(row), row.node or "")
