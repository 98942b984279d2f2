"""What the demo can be told."""

import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`bad_errors`: the share, 0 to 1, of the bad release's answers that fail. `rate`: requests a second.

    `keep` leaves everything running at the end. `plain`: lines, even on a terminal. `patience`: seconds one rollout may
    take. `command` starts `rollway`, before its arguments. Raises ValueError for numbers that make no sense.
    """

    bad_errors: float = 0.05
    keep: bool = False
    output: Literal["text", "json"] = "text"
    rate: float = 500.0
    plain: bool = False
    patience: float = 120.0
    command: tuple[str, ...] = (sys.executable, "-m", "rollway")

    def __post_init__(self) -> None:
        if not 0 <= self.bad_errors <= 1:
            raise ValueError(f"--bad-errors: a share from 0% to 100%, not {self.bad_errors * 100:g}%")
        if not 1 <= self.rate <= 5000:
            raise ValueError(f"--rate: from 1 to 5000 requests a second, not {self.rate:g}")
