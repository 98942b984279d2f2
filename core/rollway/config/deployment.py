"""A valid deploy.yaml as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from rollway.config.models import Policy
from rollway.config.places import Places
from rollway.config.tree import Json
from rollway.errors import Problem, Refusal

OnBusy = Literal["refuse", "replace", "queue"]


@dataclass(frozen=True, slots=True)
class PluginUse:
    """One plugin and its settings.

    `settings` is what stands beside `use`, as it was written and without what belongs to the core, so that
    `model_validate(settings)` of the plugin's model succeeds; `model` is that model's instance, None where the
    plugin is known and not loaded.
    """

    use: str
    settings: Mapping[str, Json] = field(default_factory=dict)
    model: BaseModel | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class MonitorUse(PluginUse):
    """A monitor, its name (unique in the environment) and what its verdicts do at the end of a step."""

    name: str = ""
    min_requests: int = 0
    extend: int = 10
    on_no_data: Policy = "pause"
    on_error: Policy = "pause"
    on_inconclusive: Policy = "pause"
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentUse:
    """One environment. `unwatched`: the file says `monitors: none`, so nobody watches, by choice."""

    name: str
    target: PluginUse
    router: PluginUse
    strategy: PluginUse
    monitors: tuple[MonitorUse, ...]
    unwatched: bool
    on_busy: OnBusy = "refuse"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One application as its deploy.yaml says.

    `settings` is the plain JSON document after `${...}` was filled in, nothing else changed: what is stored, and what
    `parse_settings` reads again. `artifact` is `build.artifact`. `refusals` is what is valid and not built yet: pass
    the value to `refuse_unbuilt` before acting on it.
    """

    application: str
    environments: Mapping[str, EnvironmentUse]
    settings: Mapping[str, Json]
    artifact: str | None = None
    warnings: tuple[Problem, ...] = field(default=(), compare=False)
    refusals: tuple[Refusal, ...] = field(default=(), compare=False)
    places: Places = field(default_factory=Places, compare=False, repr=False)
