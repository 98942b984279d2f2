"""The shape of deploy.yaml: everything the contract knows, built or not, except the settings of plugins."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from rollway.config.commands import CommandLine
from rollway.config.context import Settings
from rollway.config.durations import Duration
from rollway.config.names import ApplicationName, EnvironmentName
from rollway.config.plugins import DEFAULT_ROUTER, Kind
from rollway.config.steps import Approve

SECTION_KEYWORD: Final = "x-rollway-section"
"""Stands in generated schemas where `rollway.config.schema` puts the plugins' own."""

Policy = Literal["pause", "fail", "ignore"]


def _named(value: object, kind: Kind) -> object:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", value):
        raise PydanticCustomError("section", "{sentence}", {"sentence": f"expected {{use: {value}}}"})
    if isinstance(value, dict) and "use" not in value:
        raise PydanticCustomError("section", "'use: NAME' is missing, the {kind} to use", {"kind": kind})
    if not isinstance(value, dict) or not isinstance(value.get("use"), str):
        raise PydanticCustomError(
            "section", "expected a mapping with 'use: NAME', the {kind} to use", {"kind": kind}
        )
    return value


def _monitors(value: object) -> object:
    if value == "none":
        return ()
    if isinstance(value, list) and value:
        return value
    raise PydanticCustomError("monitors", "expected a list of monitors, or none where nobody is to watch")


def _default_router() -> dict[str, JsonValue]:
    return {"use": DEFAULT_ROUTER}


Section = dict[str, JsonValue]
Target = Annotated[
    Section, BeforeValidator(partial(_named, kind="target")), WithJsonSchema({SECTION_KEYWORD: "target"})
]
Router = Annotated[
    Section, BeforeValidator(partial(_named, kind="router")), WithJsonSchema({SECTION_KEYWORD: "router"})
]
Strategy = Annotated[
    Section, BeforeValidator(partial(_named, kind="strategy")), WithJsonSchema({SECTION_KEYWORD: "strategy"})
]
Monitor = Annotated[
    Section, BeforeValidator(partial(_named, kind="monitor")), WithJsonSchema({SECTION_KEYWORD: "monitor"})
]
Source = Annotated[
    Section, BeforeValidator(partial(_named, kind="scm")), WithJsonSchema({SECTION_KEYWORD: "scm"})
]
Notifier = Annotated[
    Section, BeforeValidator(partial(_named, kind="notifier")), WithJsonSchema({SECTION_KEYWORD: "notifier"})
]
Monitors = Annotated[
    tuple[Monitor, ...],
    BeforeValidator(_monitors),
    WithJsonSchema({
        "anyOf": [{"const": "none"}, {"type": "array", "items": {SECTION_KEYWORD: "monitor"}, "minItems": 1}],
    }),
]  # fmt: skip
HookEvent = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,40}$")]
HookCommands = tuple[CommandLine, ...]


class MonitorPolicy(Settings):
    """What every monitor takes beside its own settings."""

    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    """What it is called; without it, what `use` says."""
    min_requests: Annotated[int, Field(ge=0)] = 0
    """Requests the new release must have had before it passes."""
    extend: Annotated[int, Field(ge=0, le=1000)] = 10
    """How many times its hold an inconclusive step may last."""
    on_no_data: Policy = "pause"
    """At the end of a step without any data."""
    on_error: Policy = "pause"
    """At the end of a step where it could not be read."""
    on_inconclusive: Policy = "pause"
    """At the end of a step without enough evidence."""
    dry_run: bool = False
    """Measured and shown, without any say."""


class StrategyCommon(Settings):
    """What every strategy takes beside its own settings."""

    bake: Duration | None = None
    """How long the old release stays warm after promotion, the monitors watching."""
    capacity: JsonValue | None = None
    """How instances follow the weight."""


class NotifierCommon(Settings):
    """What every notifier takes beside its own settings."""

    on: tuple[
        Literal["started", "waiting", "promoted", "baked", "rolled_back", "aborted", "failed", "frozen"], ...
    ] = ()
    """The events it tells about."""


COMMON: Final[dict[Kind, type[Settings]]] = {
    "monitor": MonitorPolicy,
    "strategy": StrategyCommon,
    "notifier": NotifierCommon,
}
"""Settings that belong to the core beside any plugin of a kind; a plugin's model may declare them as well."""


class Build(Settings):
    """How the artifact comes about."""

    model_config = ConfigDict(extra="allow")

    use: str | None = None
    """The builder."""
    run: tuple[CommandLine, ...] | None = None
    """The commands of a shell build."""
    artifact: Annotated[str, Field(min_length=1)] | None = None
    """The folder or archive to release, relative to this file; without it, the folder of this file."""

    @model_validator(mode="before")
    @classmethod
    def _known_without_builder(cls, value: object) -> object:
        if isinstance(value, dict) and "use" not in value:
            for key in sorted(set(map(str, value)) - set(cls.model_fields)):
                raise PydanticCustomError(
                    "build", "unknown key {key} for a build without 'use'", {"key": repr(key)}
                )
        return value


class Environment(Settings):
    """One place where releases run."""

    target: Target
    """What runs the instances."""
    router: Router = Field(default_factory=_default_router)
    """What splits the traffic; Envoy when left out."""
    strategy: Strategy
    """How a release goes out."""
    monitors: Monitors | None = None
    """What watches; left out, error-rate; `none`: nobody, by choice."""
    hooks: dict[HookEvent, HookCommands] | None = None
    """Commands to run at moments of a rollout."""
    notify: tuple[Notifier, ...] | None = None
    """Who is told."""
    on_busy: Literal["refuse", "replace", "queue"] = "refuse"
    """What a deploy does while another rollout holds the environment."""


class Stage(Settings):
    """One stage of the pipeline."""

    stage: Annotated[str, Field(min_length=1, max_length=60)]
    """Its name; `source` and `build` do what those sections say."""
    deploy: EnvironmentName | None = None
    """The environment to deploy to."""
    approve: Approve | None = None
    """Who must approve first."""
    run: tuple[CommandLine, ...] | None = None
    """Commands to run."""


class DeploymentFile(Settings):
    """One file describes one application."""

    model_config = ConfigDict(title="deploy.yaml")

    version: Literal[1]
    """The version of this format."""
    application: ApplicationName
    """The application's name."""
    source: Source | None = None
    """Where the source comes from."""
    build: Build | None = None
    """How the artifact comes about."""
    environments: Annotated[dict[EnvironmentName, Environment], Field(min_length=1)]
    """The places where releases run, by name."""
    pipeline: tuple[Stage, ...] | None = None
    """The way of a revision through the environments."""
