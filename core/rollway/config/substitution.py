"""`${NAME}` and `${NAME:-default}` in the values of a document, filled in from a mapping.

Only text inside scalars is replaced, after the YAML was read: a value can never add a key, a list or a comment. Text
stays text; where a number is expected, text that is one will do. `$${NAME}` stands for `${NAME}` itself. An empty
variable counts as unset for `:-`, as in a shell; without a default it is empty text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rollway.config.places import Path, Places
from rollway.config.tree import Json
from rollway.errors import Problem

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


@dataclass(slots=True)
class Substitution:
    """What filling in found: the problems, and the places whose text now comes from outside (never to be shown)."""

    environ: Mapping[str, str]
    places: Places
    problems: list[Problem] = field(default_factory=list)
    filled: set[Path] = field(default_factory=set)

    def fill(self, value: Json, path: Path = ()) -> Json:
        """The value with every reference replaced; what cannot be replaced stays, with a problem."""
        if isinstance(value, dict):
            return {key: self.fill(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each, (*path, index)) for index, each in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return _REFERENCE.sub(lambda match: self._replace(match, path), value)
        return value

    def _replace(self, match: re.Match[str], path: Path) -> str:
        if match[0] == "$${":
            return "${"
        name = _NAME.fullmatch(match[1])
        if name is None or not match[2]:
            return self._kept(
                match, path, "not a variable; write ${NAME} or ${NAME:-default}, or $${ to keep a '${'"
            )
        given = self.environ.get(name[1])
        if not given and name[2] is not None:
            return name[2]
        if given is None:
            return self._kept(
                match,
                path,
                f"the environment variable {name[1]} is not set; set it, or write ${{{name[1]}:-default}}",
            )
        if not given.isprintable() and _unstorable(given):
            return self._kept(match, path, f"the environment variable {name[1]} is not text in UTF-8")
        self.filled.add(path)
        return given

    def _kept(self, match: re.Match[str], path: Path, message: str) -> str:
        self.problems.append(self.places.problem(path, message))
        return match[0]


def _unstorable(text: str) -> bool:
    return "\0" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text)
