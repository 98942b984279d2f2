"""What Envoy itself writes, read from where one had read so far."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

REFUSED = "Filesystem config update rejected:"
"""How Envoy begins its reason in its log; its admin tells only that it refused."""
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Said:
    """The log of a node's Envoy. Offsets are bytes; the log is cut now and then, and one beyond its end means its start."""

    path: Path

    @property
    def size(self) -> int:
        """How much Envoy has written so far."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_size
        return 0

    def refusal(self, offset: int) -> str | None:
        """Why Envoy refused a file since it had written `offset` bytes; None where it refused none."""
        refused = self._since(offset).partition(REFUSED)[2]
        return refused.splitlines()[0].strip() if refused else None

    def complaint(self, offset: int = 0) -> str:
        """What Envoy wrote after `offset`: its first complaint, or else its last lines."""
        lines = self._since(offset).splitlines()
        fatal = [line for line in lines if "[critical]" in line]
        return "\n".join(fatal[:1] or lines[-5:])[:1_000] or "it wrote nothing"

    def _since(self, offset: int) -> str:
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            file.seek(offset if offset <= self.size else 0)
            return file.read(MOST).decode(errors="replace")
        return ""
