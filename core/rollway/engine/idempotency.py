"""Idempotency keys: a call that is repeated with the same key gets the first one's answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from rollway.engine.ports import Clock
from rollway.errors import ConflictError
from rollway.store.protocol import Remembered, Store


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who made it, under which key, and what tells it from another call with the same key."""

    actor: str
    key: str | None
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call led to: a rollout, and what was done where it needed none of its own."""

    rollout: str
    outcome: str = ""


class Keys:
    """The keys of calls that end in a rollout."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def answered(self, call: Call) -> Answer | None:
        """What the first call with this key led to. Raises ConflictError for another call's key."""
        known = await self._store.recall(call.key) if call.key else None
        if known is None:
            return None
        if known.fingerprint != _short(call.fingerprint):
            raise ConflictError("this Idempotency-Key was used for another call", advice="make a new key")
        return Answer(str(known.response["rollout"]), str(known.response.get("outcome", "")))

    def remember(self, call: Call, answer: Answer) -> Callable[[], Remembered] | None:
        """What to write with the call's own events."""
        key = call.key
        if key is None:
            return None
        response = {"rollout": answer.rollout, "outcome": answer.outcome}
        return lambda: Remembered(key, _short(call.fingerprint), {**response}, self._clock.now())


def _short(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()
