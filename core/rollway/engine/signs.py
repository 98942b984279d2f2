"""Signs of life as one daemon sees them: how long each of the others has been silent, by its own clock."""

import math
from collections.abc import Iterable

from rollway.store.protocol import Member


class Signs:
    """Silence counts from when a beat was there to be seen until the next look began: never more than it was.

    Whoever saw nobody for longer than `blind` seconds, frozen or without the store, cannot tell who was silent
    meanwhile: then it counts anew for all of them.
    """

    def __init__(self, blind: float) -> None:
        self._blind = blind
        self._looked = -math.inf
        self._moved: dict[str, tuple[int, float]] = {}
        self._silent: dict[str, float] = {}

    def look(self, members: Iterable[Member], began: float, ended: float) -> None:
        """These were asked for at `began` and told at `ended` (monotonic seconds)."""
        away = max(began - self._looked, ended - began) > self._blind
        before = {} if away else self._moved
        self._looked = ended
        self._moved = {
            member.id: known
            if (known := before.get(member.id)) and known[0] == member.beat
            else (member.beat, ended)
            for member in members
        }
        self._silent = {id_: max(0.0, began - moved) for id_, (_, moved) in self._moved.items()}

    def silence(self, member: str) -> float:
        """Seconds without a sign of life as of the last look; 0 for whoever was not among the members."""
        return self._silent.get(member, 0.0)
