"""The nearest right spelling, and where a key that is right elsewhere belongs."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic import BaseModel

from rollway.config.models import COMMON, DeploymentFile, Environment, Stage
from rollway.config.places import Path
from rollway.config.plugins import KINDS, Kind, PluginModels
from rollway.config.steps import StepSettings

_SHORTEST_BEGINNING = 3

_PLACE_OF_KIND: Mapping[Kind, str] = {
    "target": "target",
    "router": "router",
    "strategy": "strategy",
    "monitor": "an entry of monitors",
    "scm": "source",
    "builder": "build",
    "notifier": "an entry of notify",
}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, or the only one it begins; case, `-` and `_` count for little."""
    by_form = {_form(each): each for each in sorted(known)}
    begun = [form for form in by_form if len(word) >= _SHORTEST_BEGINNING and form.startswith(_form(word))]
    if len(begun) == 1:
        return by_form[begun[0]]
    found = get_close_matches(_form(word[:80]), list(by_form), n=1, cutoff=0.6)
    return by_form[found[0]] if found else None


def _form(word: str) -> str:
    return word.casefold().replace("-", "_")


def home(key: str, plugins: PluginModels) -> str | None:
    """Where a key belongs that was found somewhere else: `strategy`, `an entry of monitors`, ..."""
    if key in keys(DeploymentFile):
        return "the top level"
    if key in keys(Environment):
        return "environments.NAME"
    if key in keys(StepSettings):  # before the strategies, of which one has a hold and no steps
        return "an entry of strategy.steps"
    for kind in KINDS:
        models = (COMMON.get(kind), *(plugins.settings_model(kind, name) for name in plugins.names(kind)))
        if any(key in keys(model) for model in models if model):
            return _PLACE_OF_KIND[kind]
    return "an entry of pipeline" if key in keys(Stage) else None


def keys(model: type[BaseModel]) -> frozenset[str]:
    """The keys that a model takes, as they are written."""
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def keys_at(model: type[BaseModel], path: Path) -> frozenset[str]:
    """The keys that the models at a place inside a model take; empty where there is none."""
    annotations: list[object] = [model]
    for part in path:
        annotations = [inner for each in annotations for inner in _inside(each, part)]
    return frozenset().union(*(keys(each) for each in _models(annotations)))


def _models(annotations: Iterable[object]) -> list[type[BaseModel]]:
    flat = [inner for each in annotations for inner in _alternatives(each)]
    return [each for each in flat if isinstance(each, type) and issubclass(each, BaseModel)]


def _alternatives(annotation: object) -> list[object]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _alternatives(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [inner for each in typing.get_args(annotation) for inner in _alternatives(each)]
    return [annotation]


def _inside(annotation: object, part: str | int) -> list[object]:
    found: list[object] = []
    for each in _alternatives(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel) and typing.get_origin(each) is None:
            found += [
                field.annotation for name, field in each.model_fields.items() if part in (field.alias, name)
            ]
        else:
            found += [inner for inner in typing.get_args(each) if inner is not Ellipsis]
    return found
