"""Text from elsewhere made safe for a terminal."""

from __future__ import annotations

from typing import Final

_REPLACEMENT: Final = "\ufffd"
_STEERING: Final = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}
_TURNING: Final = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_REPLACED: Final = dict.fromkeys(_STEERING | _TURNING, _REPLACEMENT)


def plain(text: str) -> str:
    """The text without characters that steer a terminal or turn the order of reading.

    What an application printed, and what a stranger wrote in a header, may hold any.
    """
    return text.translate(_REPLACED)
