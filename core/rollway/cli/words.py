"""The words of a command line, before anybody looks at what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rollway.cli.exits import UsageError

_MAY_BE_EMPTY: Final = frozenset({"--reason", "--token"})


def refuse_empty(words: Sequence[str]) -> None:
    """Raises UsageError for an empty word, mostly `"$NAME"` of what is not set: it would mean the folder it stands in."""
    for before, word in zip(("", *words), words, strict=False):
        option, is_set, value = word.partition("=") if word.startswith("--") else (before, "=", word)
        if is_set and not value and option not in _MAY_BE_EMPTY:
            what = f"the value of {option}" if option.startswith("-") else "an argument"
            raise UsageError(f"{what} is empty", advice="is a variable not set?")
