"""A document against the models: shape first, then every plugin section by its plugin's own model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ValidationError

from rollway.config import unbuilt
from rollway.config.context import FileContext
from rollway.config.durations import format_duration, parse_duration
from rollway.config.explain import Fault, faults, words
from rollway.config.models import COMMON, DeploymentFile
from rollway.config.places import Path, Places
from rollway.config.plugins import PluginModels, Section
from rollway.config.spelling import home, keys, keys_at, nearest
from rollway.config.steps import StepSettings
from rollway.config.tree import Json
from rollway.errors import PluginError, Problem

_MOST_SHOWN: Final = 60
_DEPTH_OF_STEP_KEY: Final = 3
_SAY_ENOUGH: Final = frozenset({"missing", "secret", "too_short", "too_long"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A plugin section that was looked at: its two parts and, where they are valid, their models."""

    section: Section
    settings: Mapping[str, Json]
    model: BaseModel | None = None
    common: BaseModel | None = None


@dataclass(slots=True)
class Checking:
    """One check of one document, and what it has found so far.

    `secret` are the paths whose values are never repeated; `refused` those that are not built, where a plugin's model
    need not know the key.
    """

    document: Json
    places: Places
    plugins: PluginModels
    secret: Collection[Path] = ()
    refused: Mapping[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def shape(self) -> DeploymentFile | None:
        """The document against the core's own models."""
        model = self._validate(DeploymentFile, self.document, (), frozenset())
        return model if isinstance(model, DeploymentFile) else None

    def section(self, section: Section) -> Checked:
        """One plugin section; an unknown plugin is a problem, a known one that is not loaded goes unchecked."""
        given = {key: value for key, value in section.value.items() if key != "use"}
        if section.kind == "builder":
            given.pop("artifact", None)
        common_model = COMMON.get(section.kind)
        common_keys = keys(common_model) if common_model else frozenset()
        common = {key: value for key, value in given.items() if key in common_keys}
        of_core = self._validate(common_model, common, section.path, frozenset()) if common_model else None
        model = self._model(section)
        if model is None:
            return Checked(section, given, None, of_core)
        own = {key: value for key, value in given.items() if key not in common_keys - keys(model)}
        return Checked(section, own, self._validate(model, own, section.path, common_keys), of_core)

    def unbuilt_steps(self) -> None:
        """The parts of steps that are not built: a plugin need not know their shape, the contract does."""
        for path in self.refused:
            if path[2:4] == ("strategy", "steps") and isinstance(key := path[-1], str):
                self._validate(StepSettings, {key: _at(self.document, path)}, path[:-1], frozenset())

    def add(self, path: Path, message: str, *, suggestion: str | None = None, at_key: bool = False) -> None:
        """A problem at a path."""
        self.problems.append(self.places.problem(path, message, suggestion=suggestion, at_key=at_key))

    def warn(self, path: Path, message: str) -> None:
        """Something worth a word at a path."""
        self.warnings.append(self.places.problem(path, message))

    def _model(self, section: Section) -> type[BaseModel] | None:
        try:
            model = self.plugins.settings_model(section.kind, section.use) if section.use else None
        except PluginError as error:  # installed, and broken
            self.add((*section.path, "use"), str(error))
            return None
        if model is None:
            self._unknown(section)
        return model

    def _unknown(self, section: Section) -> None:
        known = {*self.plugins.names(section.kind), *unbuilt.PLUGINS[section.kind]}
        if section.use is None or section.use in unbuilt.PLUGINS[section.kind]:
            return
        loaded = ", ".join(sorted(self.plugins.names(section.kind))) or "none"
        message = f"no {section.kind} plugin is called {section.use[:_MOST_SHOWN]!r}; loaded: {loaded}"
        self.add((*section.path, "use"), message, suggestion=nearest(section.use, known))

    def _validate(
        self, model: type[BaseModel], value: Json, path: Path, also: frozenset[str]
    ) -> BaseModel | None:
        """An instance, or problems. `also` are keys that stand beside the model's own."""
        found = _faults(model, value, FileContext(pedantic=True))
        for fault in found:
            if fault.is_warning:
                self.warn((*path, *fault.path), fault.message)
        if all(fault.is_warning for fault in found):
            quiet = FileContext()
            return (
                model.model_validate(value, context=quiet)
                if not (found := _faults(model, value, quiet))
                else None
            )
        misspelt: set[tuple[Path, str]] = set()
        for fault in sorted(found, key=lambda each: each.type != "extra_forbidden"):
            self._report(model, fault, value, path, also, misspelt)
        return None

    def _report(
        self,
        model: type[BaseModel],
        fault: Fault,
        value: Json,
        path: Path,
        also: frozenset[str],
        misspelt: set[tuple[Path, str]],
    ) -> None:
        place = (*path, *fault.path)
        if fault.is_warning or (fault.type == "extra_forbidden" and place in self.refused):
            return
        if fault.type == "extra_forbidden":
            self._unknown_key(model, fault, path, also, misspelt)
        elif fault.type != "missing" or (fault.path[:-1], str(fault.path[-1])) not in misspelt:
            given = _at(value, fault.path)
            offered = words(fault.message) if fault.type in ("literal_error", "enum") else []
            suggestion = nearest(given, offered) if isinstance(given, str) else None
            message = self._discreet(_in_units(fault.message, given), given, place) + self._got(
                fault, given, place
            )
            self.add(place, message, suggestion=suggestion, at_key=fault.at_key)

    def _unknown_key(
        self,
        model: type[BaseModel],
        fault: Fault,
        path: Path,
        also: frozenset[str],
        misspelt: set[tuple[Path, str]],
    ) -> None:
        key = str(fault.path[-1])
        known = keys_at(model, fault.path[:-1]) | (also if len(fault.path) == 1 else frozenset())
        if (
            path[2:3] == ("strategy",)
            and fault.path[:1] == ("steps",)
            and len(fault.path) == _DEPTH_OF_STEP_KEY
        ):
            known |= keys(StepSettings)
        place = home(key, self.plugins)
        near = nearest(key, known) if place is None or key not in known else None
        message = "unknown key"
        if near is None and place:
            message = f"unknown key here; it belongs under {place}"
        elif near is None and known:
            message = f"unknown key; known here: {', '.join(sorted(known))}"
        if near:
            misspelt.add((fault.path[:-1], near))
        self.add((*path, *fault.path), message, suggestion=near, at_key=True)

    def _discreet(self, message: str, given: object, place: Path) -> str:
        """A plugin's own sentence may repeat the value; one that came from outside is cut out of it."""
        text = str(given)
        return message.replace(text, "…") if place in self.secret and len(text) > 2 else message

    def _got(self, fault: Fault, given: object, place: Path) -> str:
        if fault.type in _SAY_ENOUGH or not fault.message.startswith("expected") or place in self.secret:
            return ""
        if fault.at_key:
            given = place[-1]
        if given is None:
            return ", got nothing"
        if isinstance(given, (dict, list)):
            return f", got {'a mapping' if isinstance(given, dict) else 'a list'}"
        shown = str(given).lower() if isinstance(given, bool) else repr(given)
        return f", got {shown if len(shown) <= _MOST_SHOWN else shown[:_MOST_SHOWN] + '…'}"


def _in_units(message: str, given: object) -> str:
    """A bound on a duration in the units of people: `at least 50ms`, not 0.05."""
    words_before, _, bound = message.rpartition(" ")
    try:
        seconds = float(bound)
        parse_duration(given if isinstance(given, str) and not given.isdecimal() else "")
    except ValueError:
        return message
    return f"{words_before} {format_duration(seconds)}"


def _faults(model: type[BaseModel], value: Json, context: FileContext) -> list[Fault]:
    try:
        model.model_validate(value, context=context)
    except ValidationError as error:
        return faults(error, value)
    return []


def _at(value: Json, path: Path) -> Json:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
