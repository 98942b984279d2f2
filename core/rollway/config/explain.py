"""pydantic's errors as sentences for people: one for each thing that is wrong, at its place in the document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rollway.config.places import Path

_EXPECTED: Final = "expected "

Context: TypeAlias = Mapping[str, object]

_SENTENCES: Final[Mapping[str, Callable[[Context], str]]] = {
    "missing": lambda _: "this key is required",
    "extra_forbidden": lambda _: "unknown key",
    "string_type": lambda _: "expected text; put it in quotes",
    "bool_type": lambda _: "expected true or false",
    "bool_parsing": lambda _: "expected true or false",
    "list_type": lambda _: "expected a list",
    "tuple_type": lambda _: "expected a list",
    "set_type": lambda _: "expected a list",
    "dict_type": lambda _: "expected a mapping",
    "model_type": lambda _: "expected a mapping",
    "model_attributes_type": lambda _: "expected a mapping",
    "dataclass_type": lambda _: "expected a mapping",
    "literal_error": lambda context: f"expected {context['expected']}",
    "enum": lambda context: f"expected {context['expected']}",
    "greater_than": lambda context: f"expected more than {context['gt']}",
    "greater_than_equal": lambda context: f"expected at least {context['ge']}",
    "less_than": lambda context: f"expected less than {context['lt']}",
    "less_than_equal": lambda context: f"expected at most {context['le']}",
    "string_too_short": lambda context: f"expected at least {context['min_length']} character(s)",
    "string_too_long": lambda context: f"expected at most {context['max_length']} characters",
    "string_pattern_mismatch": lambda context: f"expected text of the form {context['pattern']}",
    "too_short": lambda context: f"expected at least {context['min_length']} entry",
    "too_long": lambda context: f"expected at most {context['max_length']} entries",
    "value_error": lambda context: str(context["error"]),
    "assertion_error": lambda context: str(context["error"]),
}
_PREFIXES: Final[Mapping[str, str]] = {
    "int_": "expected a whole number",
    "float_": "expected a number",
    "decimal_": "expected a number",
    "finite_number": "expected a number",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong at a path inside the value that was validated.

    `type` is pydantic's; `expected` holds the words it allows, where they are few.
    """

    path: Path
    type: str
    message: str
    at_key: bool = False

    @property
    def is_warning(self) -> bool:
        """Whether it is only worth a word; see `FileContext.pedantic`."""
        return self.type.startswith("warning_")


@dataclass(frozen=True, slots=True)
class _Located:
    fault: Fault
    branch: tuple[Path, str] | None
    """Where the first alternative of a union was entered, and its name; None outside unions."""


def faults(error: ValidationError, value: object) -> list[Fault]:
    """What is wrong with `value`, each once: of a union's alternatives the one that was meant, or all in one sentence."""
    details = error.errors(include_url=False, include_input=False)
    located = [_locate(each, value) for each in details]
    plain = [each.fault for each in located if each.branch is None]
    branched = sorted((each for each in located if each.branch), key=_union_key)
    for _, group in groupby(branched, key=_union_key):
        plain += _meant(list(group))
    return list(dict.fromkeys(plain))


def words(message: str) -> list[str]:
    """The words in quotes that a message offers: `expected 'a' or 'b'` gives a and b."""
    return message.split("'")[1::2]


def _union_key(located: _Located) -> str:
    return repr(located.branch and located.branch[0])


def _locate(detail: ErrorDetails, value: object) -> _Located:
    """Walk the value along pydantic's `loc`; what the value does not have is the name of a union's alternative."""
    path: Path = ()
    branch: tuple[Path, str] | None = None
    at_key = False
    for index, part in enumerate(detail["loc"]):
        is_last = index == len(detail["loc"]) - 1
        entries = _entries(value)
        if part in entries:
            path, value = (*path, part), entries[part]
        elif is_last and detail["type"] == "missing":
            path = (*path, part)
        elif part == "[key]":
            at_key = True
        elif branch is None:
            branch = (path, str(part))
    at_key = at_key or detail["type"] == "extra_forbidden"
    return _Located(Fault(path, detail["type"], _sentence(detail), at_key), branch)


def _entries(value: object) -> Mapping[str | int, object]:
    if isinstance(value, Mapping):
        return value
    return dict(enumerate(value)) if isinstance(value, (list, tuple)) else {}


def _sentence(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in _SENTENCES:
        return _SENTENCES[kind](detail.get("ctx", {}))
    for prefix, sentence in _PREFIXES.items():
        if kind.startswith(prefix):
            return sentence
    message = detail["msg"]
    return message[:1].lower() + message[1:]


def _meant(group: Sequence[_Located]) -> Iterable[Fault]:
    """An alternative that fails only further inside was the one meant; if none does, all of them in one sentence."""
    branches: dict[str, list[Fault]] = {}
    for each in group:
        assert each.branch is not None  # noqa: S101 - only located errors with a branch come here
        branches.setdefault(each.branch[1], []).append(each.fault)
    top = group[0].branch[0] if group[0].branch else ()
    inside = [each for each in branches.values() if all(fault.path != top for fault in each)]
    if inside:
        return min(inside, key=len)
    all_faults = [fault for each in branches.values() for fault in each if fault.path == top]
    merged = " or ".join(
        dict.fromkeys(each.message.removeprefix(_EXPECTED).split(";")[0] for each in all_faults)
    )
    is_expectation = all(each.message.startswith(_EXPECTED) for each in all_faults)
    kind = next((each.type for each in all_faults if each.type == "secret"), all_faults[0].type)
    return [Fault(top, kind, _EXPECTED + merged if is_expectation else merged)]
