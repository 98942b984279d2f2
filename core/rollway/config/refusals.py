"""The one check that refuses what is not built yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rollway.config import unbuilt
from rollway.config.places import Path, Places
from rollway.config.plugins import PluginModels, sections
from rollway.config.tree import Json
from rollway.errors import Refusal


def refused(document: Mapping[str, Json], plugins: PluginModels) -> dict[Path, str]:
    """Path and sentence of everything in a document that is known and not built, outermost only."""
    found: dict[Path, str] = {}
    for pattern, sentence in unbuilt.KEYS.items():
        found.update((path, sentence) for path, _ in _matches(dict(document), tuple(pattern.split("."))))
    for pattern, sentences in unbuilt.VALUES.items():
        for path, value in _matches(dict(document), tuple(pattern.split("."))):
            if isinstance(value, str) and value in sentences:
                found[path] = sentences[value]
    names = dict(_plugin_names(document, plugins))
    hidden = {path[:-1] for path in names if path not in found}
    found = {path: sentence for path, sentence in found.items() if path[:-1] not in hidden or path in names}
    found = {**names, **found}
    return {path: sentence for path, sentence in found.items() if not covered(path[:-1], found)}


def covered(path: Path, by: Mapping[Path, str]) -> bool:
    """Whether the path or one above it is among these."""
    return any(path[:length] in by for length in range(1, len(path) + 1))


def as_refusals(found: Mapping[Path, str], places: Places) -> tuple[Refusal, ...]:
    """The refusals with their places, in the order of the file."""
    refusals = [places.refusal(path, sentence) for path, sentence in found.items()]
    return tuple(sorted(refusals, key=lambda each: (each.line or 0, each.column or 0, each.path)))


def _plugin_names(document: Mapping[str, Json], plugins: PluginModels) -> Iterator[tuple[Path, str]]:
    for section in sections(document):
        name = section.use
        if name in unbuilt.PLUGINS[section.kind] and name not in plugins.names(section.kind):
            yield (*section.path, "use"), f"the {section.kind} {name!r} is not built yet"


def _matches(value: Json, pattern: tuple[str, ...], path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every place that a pattern names and that has a value; null is as good as left out."""
    if not pattern:
        if value is not None:
            yield path, value
        return
    entries: list[tuple[str | int, Json]] = []
    if isinstance(value, dict):
        entries = [(key, each) for key, each in value.items() if pattern[0] in ("*", key)]
    elif isinstance(value, list) and pattern[0] == "*":
        entries = list(enumerate(value))
    for key, each in entries:
        yield from _matches(each, pattern[1:], (*path, key))
