"""Whose an environment is: leases say which daemon drives it, epochs fence off whoever drove it before.

Every environment belongs to one lease: that of its node where its plugins work on one machine, else one of `SHARDS`.
A daemon holds a lease by giving signs of life; a lost one is told apart from one that is only unconfirmed.
"""

import zlib
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from rollway.domain.effects import AT_ONE_SEQ, Effect, Token
from rollway.plugin.kinds import StaleToken
from rollway.store.protocol import Held, Store

SHARDS = 32
"""Leases among which environments are spread that any daemon may drive."""

ANYWHERE = tuple(f"any/{number:02}" for number in range(SHARDS))


def node_lease(node: str) -> str:
    """The lease of everything that works on one machine."""
    return f"node/{node}"


def lease_of(place: str, node: str) -> str:
    """The lease an environment belongs to; `node` is empty where any daemon may drive it."""
    return node_lease(node) if node else ANYWHERE[zlib.crc32(place.encode()) % SHARDS]


Told = Callable[[frozenset[str]], None]
"""Is told leases."""


class Holding(StrEnum):
    """How a daemon stands to a lease; UNCONFIRMED: it held it, and does not know whether it still does."""

    OURS = "ours"
    UNCONFIRMED = "unconfirmed"
    NOT_OURS = "not ours"


class Ownership(Protocol):
    """Which leases this daemon holds now."""

    @property
    def owner(self) -> str:
        """This daemon's own id."""
        ...

    @property
    def leased(self) -> bool:
        """Whether there are leases at all; without, everything is this daemon's."""
        ...

    def holding(self, lease: str) -> Holding:
        """How this daemon stands to that lease."""
        ...

    async def run(self, gained: Told, lost: Told) -> None:
        """Keep the leases until cancelled; `gained` and `lost` are told what changes, and must not raise."""
        ...

    async def leave(self) -> None:
        """Give everything up to the other daemons, at once. Raises StoreUnavailable; then they wait for the silence."""
        ...


class Sole:
    """The only daemon of its data: everything is its own."""

    leased = False

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def holding(self, lease: str) -> Holding:
        """Always ours."""
        return Holding.OURS

    async def run(self, gained: Told, lost: Told) -> None:
        """Nothing is ever gained or lost."""

    async def leave(self) -> None:
        """There are no others."""


class Fence:
    """Gives out the tokens of one environment, `(epoch, serial)`; the epoch is raised in the store before the first."""

    def __init__(self, place: str, epoch: int, holding: Callable[[], Holding] = lambda: Holding.OURS) -> None:
        self.held = Held(place, epoch)
        self._holding = holding
        self._serial = 0

    @classmethod
    async def raised(
        cls, store: Store, place: str, ownership: Ownership, lease: str, above: int = 0
    ) -> "Fence":
        """A fence with an epoch above all before it. Raises Fenced where the lease is somebody else's by now."""
        epoch = await store.raise_epoch(place, ownership.owner, lease if ownership.leased else None, above)
        return cls(place, epoch, lambda: ownership.holding(lease))

    @property
    def epoch(self) -> int:
        """Which ownership this is."""
        return self.held.epoch

    def is_behind(self, token: Token, seq: int) -> bool:
        """Whether the node has followed somebody who knew more than a log of `seq` events, or came after this owner."""
        return token.seq > seq or token > Token(self.epoch, self._serial)

    @property
    def sure(self) -> bool:
        """Whether the environment is ours without a doubt."""
        return self._holding() is Holding.OURS

    def effect(self, key: str, seq: int = 0) -> Effect:
        """The next effect; take it together with the state it acts on, of `seq` events, without an await in between.

        Raises StaleToken while it is not sure that the environment is ours.
        """
        if not self.sure:
            raise StaleToken(f"{self.held.environment} may belong to another daemon by now")
        self._serial = max(self._serial + 1, seq * AT_ONE_SEQ)
        return Effect(key, Token(self.epoch, self._serial))
