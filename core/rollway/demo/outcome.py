"""How a demo ended: the closing table, as text and as JSON. Pure."""

import json
from dataclasses import dataclass

from rich.table import Table

from rollway.demo.tally import Tally


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failed_bad`: failed and answered by the bad release; `seconds_to_safety` None where there was nothing to end."""

    promoted: bool
    rolled_back: bool
    requests: int
    failed: int
    failed_bad: int
    seconds_to_safety: float | None

    @classmethod
    def of(cls, tally: Tally, bad: str, *, promoted: bool, rolled_back: bool) -> "Outcome":
        """What this tally says of a demo that ended so."""
        safety = tally.seconds_to_safety(bad) if rolled_back else None
        return cls(promoted, rolled_back, tally.requests, tally.failed, tally.of(bad).failed, safety)

    @property
    def failed_other(self) -> int:
        """Failed, but not because of the bad release."""
        return self.failed - self.failed_bad

    @property
    def as_told(self) -> bool:
        """Whether the good release was promoted and the bad one rolled back."""
        return self.promoted and self.rolled_back

    @property
    def exit_code(self) -> int:
        """0 where it went as told, else 1."""
        return 0 if self.as_told else 1

    def json(self) -> str:
        """The table as one line of JSON."""
        safety = None if self.seconds_to_safety is None else round(self.seconds_to_safety, 3)
        return json.dumps(
            {
                "promoted": self.promoted,
                "rolled_back": self.rolled_back,
                "requests": self.requests,
                "failed": self.failed,
                "failed_other": self.failed_other,
                "seconds_to_safety": safety,
            }
        )

    def table(self) -> Table:
        """The table for people."""
        table = Table(show_header=False, pad_edge=False)
        table.add_column(overflow="fold")
        table.add_column(justify="right", style="bold", no_wrap=True)
        safety = "-" if self.seconds_to_safety is None else f"{self.seconds_to_safety:.1f}"
        table.add_row("requests served", f"{self.requests:,}")
        table.add_row("failed", f"{self.failed:,}")
        table.add_row("failed because of the bad release", f"{self.failed_bad:,}")
        table.add_row("seconds from first bad response to weight 0", safety)
        return table

    def sentence(self) -> str:
        """What it comes to."""
        if self.as_told:
            return "The good release was promoted, the bad one rolled back."
        if not self.promoted:
            return "Not as it should be: the good release was not promoted."
        return "Not as it should be: the bad release was not rolled back."
