"""The JSON Schema (draft 2020-12) of deploy.yaml, with the settings of the plugins that are loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rollway.config import unbuilt
from rollway.config.docstrings import attribute_docstrings
from rollway.config.models import COMMON, SECTION_KEYWORD, DeploymentFile
from rollway.config.plugins import KINDS, Kind, PluginModels
from rollway.config.steps import StepSettings
from rollway.config.tree import Json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_SUMMARY: Final[Mapping[Kind, str]] = {
    "target": "What runs the instances.",
    "router": "What splits the traffic.",
    "strategy": "How a release goes out.",
    "monitor": "What watches.",
    "scm": "Where the source comes from.",
    "builder": "What builds.",
    "notifier": "Who is told.",
}
_PATTERNS: Final[Mapping[Kind, str]] = {
    "strategy": "environments.*.strategy.",
    "monitor": "environments.*.monitors.*.",
}


class _AsWritten(GenerateJsonSchema):
    """Defaults in the form a person would write: `1s`, not 1.0; fields described by what stands below them."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model = cast("type[BaseModel]", schema["cls"])
        properties = found.get("properties", {})
        for name, text in attribute_docstrings(model).items():
            field = model.model_fields.get(name)
            if field is not None and field.description is None and (field.alias or name) in properties:
                properties[field.alias or name]["description"] = text
        return found

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        written = _writing(schema["schema"])
        if written is not None and schema.get("default") is not None:
            found["default"] = written(schema["default"])
        return found


def _writing(schema: Mapping[str, object]) -> Callable[[object], Json] | None:
    """How a value is written, by whatever stands around its type: null allowed as well, bounds."""
    inner: object = schema
    while isinstance(inner, Mapping):
        match inner.get("serialization"):
            case {"type": "function-plain", "function": written}:
                return cast("Callable[[object], Json]", written)
        inner = inner.get("schema")
    return None


def json_schema(plugins: PluginModels) -> dict[str, Json]:
    """The schema: what the contract knows, and for each loaded plugin its own settings.

    Plugins that are known and not loaded may be named, their settings are open. Everything is described.
    """
    schema = cast("dict[str, Json]", DeploymentFile.model_json_schema(schema_generator=_AsWritten))
    definitions = schema.setdefault("$defs", {})
    assert isinstance(definitions, dict)  # noqa: S101 - pydantic's own form
    for kind in KINDS:
        definitions[kind] = _section(kind, plugins, definitions)
    _open_steps(definitions)
    linked = _linked(schema)
    assert isinstance(linked, dict)  # noqa: S101 - a mapping stays one
    return {"$schema": DIALECT, **linked}


def _section(kind: Kind, plugins: PluginModels, definitions: dict[str, Json]) -> dict[str, Json]:
    branches: list[Json] = []
    for name in sorted(plugins.names(kind)):
        model = plugins.settings_model(kind, name)
        if model is not None:
            definition = f"{kind}.{name}"
            definitions[definition] = _settings(kind, name, model, definitions)
            condition: dict[str, Json] = {"properties": {"use": {"const": name}}, "required": ["use"]}
            branches.append({"if": condition, "then": {"$ref": f"#/$defs/{definition}"}})
    known = sorted({*plugins.names(kind), *unbuilt.PLUGINS[kind]})
    section: dict[str, Json] = {
        "type": "object",
        "description": _SUMMARY[kind],
        "properties": {"use": {"enum": list(known), "description": "The plugin."}},
        "required": ["use"],
    }
    return {**section, "allOf": branches} if branches else section


def _settings(kind: Kind, name: str, model: type[BaseModel], definitions: dict[str, Json]) -> dict[str, Json]:
    """A plugin's settings with `use`, what the core takes beside them, and what is known and not built."""
    own = _definition(model, f"{kind}.{name}", definitions)
    properties: dict[str, Json] = {"use": {"const": name, "description": "The plugin."}}
    for key in unbuilt.KEYS:
        prefix = _PATTERNS.get(kind)
        if prefix and key.startswith(prefix) and "." not in key.removeprefix(prefix):
            properties[key.removeprefix(prefix)] = {"description": f"Not yet: {unbuilt.KEYS[key]}."}
    common = COMMON.get(kind)
    for source in (_definition(common, f"{kind}.common", definitions) if common else {}, own):
        found = source.get("properties")
        properties |= found if isinstance(found, dict) else {}
    return {**own, "properties": properties}


def _open_steps(definitions: dict[str, Json]) -> None:
    """Steps of every strategy take what the contract knows of steps, also where its plugin does not yet."""
    known = _definition(StepSettings, "steps", definitions).get("properties")
    for name, definition in list(definitions.items()):
        steps = _within(definition, "properties", "steps", "items")
        if name.startswith("strategy.") and isinstance(steps, dict) and isinstance(known, dict):
            reference = steps.get("$ref")
            step = definitions.get(reference.rpartition("/")[2]) if isinstance(reference, str) else steps
            own = _within(step, "properties")
            if isinstance(step, dict) and isinstance(own, dict):
                step["properties"] = {**known, **own}


def _within(value: Json, *keys: str) -> Json:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _definition(model: type[BaseModel], prefix: str, definitions: dict[str, Json]) -> dict[str, Json]:
    """A model's schema; what it refers to goes into `definitions`, named apart from everyone else's."""
    schema = cast(
        "dict[str, Json]",
        model.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}", schema_generator=_AsWritten),
    )
    inner = schema.pop("$defs", {})
    for name, definition in inner.items() if isinstance(inner, dict) else ():
        definitions[f"{prefix}.{name}"] = definition
    return schema


def _linked(value: Json) -> Json:
    """Every section keyword as a reference to its kind's definition."""
    if isinstance(value, list):
        return [_linked(each) for each in value]
    if not isinstance(value, dict):
        return value
    kind = value.get(SECTION_KEYWORD)
    if isinstance(kind, str):
        others = {key: _linked(each) for key, each in value.items() if key != SECTION_KEYWORD}
        return {**others, "$ref": f"#/$defs/{kind}"}
    return {key: _linked(each) for key, each in value.items()}
