"""Server-sent events read from bytes (WHATWG HTML, section 9.2), as far as the daemon uses them.

Only LF ends a line: text in the data may hold any other character that Python calls a line break.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One event of a stream; one without data is a sign of life."""

    id: str = ""
    event: str = ""
    data: str = ""


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """The messages in a stream; what was cut off at its end is dropped, as the standard says."""
    left = b""
    for chunk in chunks:
        *blocks, left = (left + chunk).split(b"\n\n")
        yield from map(_message, blocks)


def _message(block: bytes) -> Message:
    fields: dict[str, list[str]] = {}
    for line in block.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        fields.setdefault(name, []).append(value.removeprefix(" "))
    return Message(
        id=fields.get("id", [""])[-1],
        event=fields.get("event", [""])[-1],
        data="\n".join(fields.get("data", [])),
    )
