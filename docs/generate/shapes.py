"""What a JSON schema allows, in a few words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, cast

from pydantic import TypeAdapter

from docs.generate.markdown import code
from rollway.config.tree import Json
from rollway.config.types import CommandLine, Duration, Share, Weight, format_duration

Schema: TypeAlias = Mapping[str, Json]
Linked: TypeAlias = Callable[[str], str]
"""From the name of a definition to the words that link to it."""

_ABOUT: Final = frozenset({"title", "description", "examples", "default"})


def mapping(value: Json) -> Schema:
    """A part of a schema that is an object; empty where there is none."""
    return value if isinstance(value, dict) else {}


def text(value: Json) -> str:
    """A part of a schema that is text; empty where there is none."""
    return value if isinstance(value, str) else ""


def parts(value: Json) -> list[Schema]:
    """A part of a schema that is a list of schemas."""
    return [mapping(each) for each in value] if isinstance(value, list) else []


def reference(schema: Schema) -> str:
    """The name of the definition that a schema refers to; empty where it does not."""
    return text(schema.get("$ref")).rpartition("/")[2]


def _bare(schema: Schema) -> str:
    return json.dumps({key: each for key, each in schema.items() if key not in _ABOUT}, sort_keys=True)


def _shape_of(adapter: TypeAdapter[float] | TypeAdapter[int] | TypeAdapter[tuple[str, ...]]) -> str:
    return _bare(cast("Schema", adapter.json_schema()))


NAMED: Final[Mapping[str, str]] = {
    _shape_of(TypeAdapter(Duration)): "duration",
    _shape_of(TypeAdapter(Weight)): "weight",
    _shape_of(TypeAdapter(Share)): "percentage",
    _shape_of(TypeAdapter(CommandLine)): "command",
}
"""The types that every page explains once, by what they allow."""


def words(schema: Schema, linked: Linked) -> str:
    """What may stand there: `duration`, `list of text`, `"pause"` or `"fail"`; null is not worth a word."""
    if _bare(schema) in NAMED:
        return NAMED[_bare(schema)]
    if name := reference(schema):
        return linked(name)
    choices = [each for key in ("anyOf", "oneOf") for each in parts(schema.get(key))]
    if choices:
        said = [words(each, linked) for each in choices if each.get("type") != "null"]
        return " or ".join(dict.fromkeys(said))
    if "const" in schema:
        return code(_written(schema["const"]))
    if isinstance(allowed := schema.get("enum"), list):
        return ", ".join(code(_written(each)) for each in allowed)
    kinds = schema.get("type")
    every = [text(each) for each in kinds] if isinstance(kinds, list) else [text(kinds)]
    return " or ".join(_kind(each, schema, linked) for each in every)


def _kind(kind: str, schema: Schema, linked: Linked) -> str:
    match kind:
        case "array":
            return f"list of {words(mapping(schema.get('items')), linked)}"
        case "object" if inner := schema.get("additionalProperties") or schema.get("patternProperties"):
            patterned = "patternProperties" in schema and "additionalProperties" not in schema
            value = next(iter(mapping(inner).values()), None) if patterned else inner
            said = words(mapping(value), linked) if mapping(value) else "anything"
            return "object" if said == "anything" else f"names to {said}"
        case "string":
            return {"date-time": "time"}.get(text(schema.get("format")), "text")
        case "integer" | "number":
            return f"{'whole number' if kind == 'integer' else 'number'}{_bounds(schema)}"
        case "boolean":
            return "true or false"
    return kind or "anything"


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum", schema.get("ge")), schema.get("maximum", schema.get("le"))
    if low is not None and high is not None:
        return f" ({low} to {high})"
    return f" ({low} or more)" if low is not None else ""


def default(schema: Schema) -> str:
    """The default as a person would write it; empty where there is none worth telling."""
    value = schema.get("default")
    if isinstance(value, float) and NAMED.get(_bare(schema)) == "duration":
        value = format_duration(value)
    return "" if value is None or value in ({}, [], "") else code(_written(value))


def _written(value: Json) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{key}: {_written(each)}" for key, each in value.items() if each is not None)
        return f"{{{inner}}}"
    return value if isinstance(value, str) else json.dumps(value)
