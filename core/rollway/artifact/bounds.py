"""How large an artifact may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from rollway.errors import ArtifactTooLargeError


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that an artifact may hold: bytes of content, and members (files, folders and links)."""

    bytes: int = 4 << 30
    members: int = 200_000


@dataclass(slots=True)
class Tally:
    """What has been seen of one artifact so far."""

    bounds: Bounds
    bytes: int = field(default=0, init=False)
    members: int = field(default=0, init=False)

    def member(self) -> None:
        """One more member. Raises ArtifactTooLargeError."""
        self.members += 1
        if self.members > self.bounds.members:
            raise ArtifactTooLargeError(
                f"the artifact has more than {self.bounds.members} files, folders and links"
            )

    def content(self, count: int) -> None:
        """So many more bytes. Raises ArtifactTooLargeError."""
        self.bytes += count
        if self.bytes > self.bounds.bytes:
            raise ArtifactTooLargeError(f"the artifact holds more than {self.bounds.bytes} bytes")
