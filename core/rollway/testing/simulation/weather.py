"""What goes wrong now: the troubles that have begun and are not over."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from rollway.testing.simulation.scenario import Kind, Trouble

WRITES = frozenset(
    {
        "append",
        "raise_epoch",
        "record_measurements",
        "put_value",
        "put_application",
        "put_release",
        "beat",
        "take_leases",
        "drop_leases",
        "leave",
        "strike_off",
    }
)


@dataclass(slots=True)
class _Active:
    trouble: Trouble
    until: float
    left: int


class Weather:
    """Asked by every call what becomes of it."""

    def __init__(self, chance: random.Random, now: Callable[[], float], slowness: float) -> None:
        self._chance = chance
        self._now = now
        self._slowness = slowness
        self._active: list[_Active] = []
        self._over = asyncio.Event()
        self._rough: dict[str, float] = {}
        self._hanging = 0
        self.fair = False

    def begin(self, trouble: Trouble) -> None:
        """From now on, for its seconds."""
        until = self._now() + trouble.seconds
        self._active.append(_Active(trouble, until, max(1, int(trouble.amount))))
        store = trouble.kind is Kind.STORE or (trouble.kind is Kind.CUT and trouble.where == "store")
        self.disturb(trouble.seconds, "store" if store else "rest")

    def disturb(self, seconds: float = 0.0, what: str = "rest") -> None:
        """What needs calm begins to count when this is over; `what` is `store` or `rest`."""
        self._rough[what] = max(self._rough.get(what, 0.0), self._now() + seconds)

    def clear_up(self) -> None:
        """Nothing goes wrong any more; what hung comes back with an error."""
        self._active.clear()
        self.fair = True
        self.disturb()
        self._over.set()

    async def over(self) -> None:
        """Hang until nothing goes wrong any more."""
        self._hanging += 1
        try:
            await self._over.wait()
        finally:
            self._hanging -= 1
            self.disturb()

    def calm(self, *, but_for_the_store: bool = False) -> float:
        """Seconds since anything went wrong; negative while it does."""
        if self._hanging:
            return -1.0
        rough = (at for what, at in self._rough.items() if not (but_for_the_store and what == "store"))
        return self._now() - max(rough, default=0.0)

    def fault(self, daemon: int, outside: str, verb: str) -> str:
        """How this call goes wrong; empty where it does not."""
        if not self._active:
            return ""
        now = self._now()
        self._active = [a for a in self._active if a.until > now and a.left > 0]
        for active in self._active:
            found = self._of(active, daemon, outside, verb)
            if found:
                self.disturb(0.0, "store" if outside == "store" else "rest")
                return found
        return ""

    def _of(self, active: _Active, daemon: int, outside: str, verb: str) -> str:
        trouble = active.trouble
        match trouble.kind:
            case Kind.CUT if trouble.daemon == daemon and trouble.where in (outside, "everything"):
                return "cut"
            case Kind.STORE if outside == "store" and self._chance.random() < trouble.amount:
                return "" if trouble.where not in ("fail", "slow") and verb not in WRITES else trouble.where
            case Kind.CALL if trouble.where.startswith(f"{outside} {verb} "):
                active.left -= 1
                return trouble.where.rpartition(" ")[2]
        return ""

    def metrics(self) -> Trouble | None:
        """How the counters lie now."""
        now = self._now()
        mine = (a.trouble for a in self._active if a.trouble.kind is Kind.METRICS and a.until > now)
        return next(mine, None)

    def down(self) -> bool:
        """Whether the router is down now."""
        now = self._now()
        return any(a.trouble.kind is Kind.DOWN and a.until > now for a in self._active)

    def deaf(self, daemon: int) -> bool:
        """Whether this daemon hears nothing of the others now."""
        now = self._now()
        cut = (a.trouble for a in self._active if a.trouble.kind is Kind.CUT and a.until > now)
        return any(each.daemon == daemon and each.where in ("notices", "everything") for each in cut)

    def way(self, fault: str) -> float:
        """Seconds that a call is on its way, in one direction."""
        if fault == "slow":
            return self._chance.uniform(0.2, 3.0)
        return self._chance.expovariate(1.0) * self._slowness if self._chance.random() < 0.6 else 0.0

    def later(self) -> float:
        """Seconds after which something happens that nobody waits for any more."""
        return self._chance.uniform(0.0, 8.0)
