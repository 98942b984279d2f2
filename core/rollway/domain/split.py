"""How requests are shared between groups: always whole, in hundredths of a percent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

WHOLE = 10_000
"""All requests, in hundredths of a percent."""

Shares: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Split:
    """`{group: hundredths of a percent}`; the shares sum to 10,000, or there are none and the listener answers 503.

    Raises ValueError for a share that is negative or a sum that is not whole.
    """

    shares: Shares = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(share < 0 for share in self.shares.values()):
            raise ValueError(f"a share of requests is never negative: {dict(self.shares)}")
        if self.shares and sum(self.shares.values()) != WHOLE:
            raise ValueError(f"a split is whole (10000) or empty: {dict(self.shares)}")

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.shares.items())))

    def of(self, group: str) -> int:
        """The share of `group`, in hundredths of a percent."""
        return self.shares.get(group, 0)

    def without(self, group: str, refuge: str | None) -> "Split":
        """This split with `group` at 0 and its share given to `refuge`; empty where there is no refuge."""
        left = {name: share for name, share in self.shares.items() if name != group}
        if refuge is None:
            return Split(left) if sum(left.values()) == WHOLE else EMPTY
        left[refuge] = left.get(refuge, 0) + self.of(group)
        return Split({**left, group: 0}) if self.shares else EMPTY

    @classmethod
    def all_to(cls, group: str) -> "Split":
        """Every request to one group."""
        return cls({group: WHOLE})


EMPTY = Split()
