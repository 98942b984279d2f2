"""Tokens for effects: `(epoch, serial)`, one sequence per environment."""

from rollway.domain.effects import Effect, Token
from rollway.store.protocol import Store


class Fence:
    """Gives out the tokens of one environment; the epoch is raised in the store before the first."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._serial = 0

    @classmethod
    async def raised(cls, store: Store, place: str, owner: str) -> "Fence":
        """A fence with an epoch above all before it."""
        return cls(await store.raise_epoch(place, owner))

    @property
    def epoch(self) -> int:
        """Which ownership this is."""
        return self._epoch

    def effect(self, key: str) -> Effect:
        """The next effect; take it together with the state it acts on, without an await in between."""
        self._serial += 1
        return Effect(key, Token(self._epoch, self._serial))
