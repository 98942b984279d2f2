"""Leases held by signs of life: how many daemons share one database, and take over from those that fall silent.

No two clocks are compared. Each daemon counts its own beat up in the store, and watches, by its own monotonic clock,
whether the others' beats move (signs.py). One that has not moved for `SILENCE` is dead, and what it held is taken from it
by compare-and-set. A daemon trusts a lease for `CONFIRMED` seconds from the moment it began the beat that showed it;
since that is less than `SILENCE`, it has stopped acting before anybody else begins.
"""

import asyncio
import logging
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from rollway.engine.ownership import ANYWHERE, Holding, Told, node_lease
from rollway.engine.ports import Clock
from rollway.engine.rollcall import RollCall, roll_call
from rollway.engine.signs import Signs
from rollway.store.protocol import Member, Roll, Store, StoreUnavailable

log = logging.getLogger(__name__)

BEAT = 0.5
"""Seconds between two signs of life."""

SILENCE = 3.0
"""Seconds without one after which a daemon is dead to the others."""

CONFIRMED = 2.0
"""Seconds for which a daemon trusts what a beat has shown."""

STRUCK_OFF = 60.0
"""Seconds of silence after which a daemon that holds nothing any more is struck off; if it comes back, it is a new one."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What a member should do next: leases to take, each from whoever must still hold it, and leases to drop."""

    take: Mapping[str, str | None] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()


def moves(roll: Roll, me: Member, alive: Collection[str]) -> Moves:
    """What keeps every lease held by somebody alive, and the shares equal; `alive` are ids, mine among them.

    A node's lease goes to whichever daemon of that node is first. Of the others nobody holds more than his share.
    """
    free = {lease: roll.leases.get(lease) for lease in (node_lease(me.node), *ANYWHERE)}
    free = {lease: holder for lease, holder in free.items() if holder not in alive}
    mine = sorted(lease for lease in ANYWHERE if roll.leases.get(lease) == me.id)
    share = math.ceil(len(ANYWHERE) / len(alive))
    shards = [lease for lease in ANYWHERE if lease in free][: max(0, share - len(mine))]
    wanted = {node_lease(me.node), *shards}
    take = {lease: holder for lease, holder in free.items() if lease in wanted}
    return Moves(take, frozenset(mine[share:]))


def in_words(leases: Collection[str]) -> str:
    """A node by its name, the others by their number: nobody reads thirty-two names."""
    shares = sum(lease in ANYWHERE for lease in leases)
    said = sorted(lease for lease in leases if lease not in ANYWHERE)
    return " and ".join([*said, *([f"{shares} of {len(ANYWHERE)} shares"] if shares else [])])


class Leases:
    """This daemon's leases. `run` keeps them; nothing is held before its first round and after `leave`."""

    leased = True

    def __init__(self, store: Store, clock: Clock, member: Member) -> None:
        self.owner = member.id
        self.roll = Roll()
        self._store = store
        self._clock = clock
        self._member = member
        self._held: frozenset[str] = frozenset()
        self._confirmed = -math.inf
        self._signs = Signs(blind=CONFIRMED)
        self._settled = asyncio.Event()

    def holding(self, lease: str) -> Holding:
        """How this daemon stands to that lease."""
        if lease not in self._held:
            return Holding.NOT_OURS
        fresh = self._clock.monotonic() < self._confirmed + CONFIRMED
        return Holding.OURS if fresh else Holding.UNCONFIRMED

    async def settled(self) -> None:
        """Return after the first round that reached the store."""
        await self._settled.wait()

    def silent(self, member: str) -> bool:
        """Whether this member had given no sign of life for too long when last looked at."""
        return member != self.owner and self._signs.silence(member) >= SILENCE

    def roll_call(self) -> RollCall:
        """Everybody as of the last look."""
        silence = {member.id: self._signs.silence(member.id) for member in self.roll.members}
        return roll_call(self.roll, self.owner, silence, SILENCE)

    async def run(self, gained: Told, lost: Told) -> None:
        """Beat until cancelled; `gained` and `lost` are told what changed, and must not raise."""
        while True:
            began = self._clock.monotonic()
            try:
                async with asyncio.timeout(CONFIRMED):
                    await self._round(began, gained, lost)
                self._settled.set()
            except (StoreUnavailable, TimeoutError) as why:
                log.warning("no sign of life could be given: %s", str(why) or "the database does not answer")
            except Exception:  # the loop's top: a daemon that stops beating loses all it holds
                log.exception("a sign of life failed")
            await self._clock.sleep(max(0.0, began + BEAT - self._clock.monotonic()))

    async def leave(self) -> None:
        """Give everything up to the others, at once."""
        self._held = frozenset()
        await self._store.leave(self.owner)

    async def _round(self, began: float, gained: Told, lost: Told) -> None:
        self.roll = await self._store.beat(self._member)
        self._signs.look(self.roll.members, began, self._clock.monotonic())
        self._confirm(began, gained, lost)
        next_ = moves(self.roll, self._member, self._alive())
        await self._drop(next_.drop, lost)
        if next_.take:
            # They are taken after `began`, so that they may be trusted from there.
            self._hold(await self._store.take_leases(self.owner, next_.take), gained)
        await self._strike_off()

    def _confirm(self, began: float, gained: Told, lost: Told) -> None:
        shown = frozenset(lease for lease, holder in self.roll.leases.items() if holder == self.owner)
        gone = self._held - shown
        self._held -= gone
        self._confirmed = began
        if gone:
            log.warning("lost %s to other daemons", in_words(gone))
            lost(gone)
        self._hold(shown - self._held, gained)  # taken by a round that was cut short

    def _hold(self, leases: frozenset[str], gained: Told) -> None:
        if leases:
            self._held |= leases
            log.info("holding %s", in_words(self._held))
            gained(leases)

    def _alive(self) -> set[str]:
        return {member.id for member in self.roll.members if not self.silent(member.id)} | {self.owner}

    async def _drop(self, leases: frozenset[str], lost: Told) -> None:
        if leases:
            self._held -= leases
            lost(leases)
            await self._store.drop_leases(self.owner, leases)

    async def _strike_off(self) -> None:
        """Whoever died and has nothing left to be taken is forgotten."""
        holders = set(self.roll.leases.values())
        for member in self.roll.members:
            if member.id not in holders and self._signs.silence(member.id) >= STRUCK_OFF:
                await self._store.strike_off(member)
