"""Idempotency keys: a call that is repeated with the same key gets the first one's answer."""

import hashlib
from collections.abc import Callable

from rollway.engine.ports import Clock
from rollway.errors import ConflictError
from rollway.store.protocol import Remembered, Store


class Keys:
    """The keys of calls that end in a rollout."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def answered(self, key: str | None, fingerprint: str) -> str | None:
        """The rollout that the first call with this key led to. Raises ConflictError for another call's key."""
        known = await self._store.recall(key) if key else None
        if known is None:
            return None
        if known.fingerprint != _short(fingerprint):
            raise ConflictError("this Idempotency-Key was used for another call", advice="make a new key")
        return str(known.response["rollout"])

    def remember(self, key: str | None, fingerprint: str) -> Callable[[str], Remembered] | None:
        """What to write with the call's own events."""
        if key is None:
            return None
        return lambda rollout: Remembered(key, _short(fingerprint), {"rollout": rollout}, self._clock.now())


def _short(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()
