"""The installed strategies and monitors, as users have them, with a router and a target of the simulated world."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from rollway.plugin.descriptor import Descriptor
from rollway.plugin.kinds import Router, Target
from rollway.plugin.loading import GROUP, load
from rollway.plugin.registry import Loaded, Origin, Registry
from rollway.store.protocol import Json
from rollway.testing.simulation.scenario import Place

REAL = ("canary", "all-at-once", "error-rate")
DRAIN = 2.0
VERIFY = 12.0


class HealthSettings(BaseModel):
    """How long instances may take."""

    deadline: float = VERIFY


class Settings(BaseModel):
    """Settings of the simulated target and router."""

    model_config = ConfigDict(extra="forbid")

    instances: int = 1
    drain: float = DRAIN
    health: HealthSettings = HealthSettings()


@cache
def _installed() -> Registry:
    return load(entry for entry in metadata.entry_points(group=GROUP) if entry.name in REAL)


def registry(target: Target, router: Router) -> Registry:
    """What one life of a daemon has loaded."""
    origin = Origin("simulation", "rollway", "0")
    mine: Mapping[str, Sequence[Descriptor[Any]]] = {
        "target": [Descriptor(name="simulated", settings=Settings, factory=lambda _: target)],
        "router": [
            Descriptor(
                name="simulated",
                settings=Settings,
                factory=lambda _: router,
                capabilities=frozenset({"weights"}),
            )
        ],
    }
    added = {(kind, each.name): Loaded(kind, each, origin) for kind, found in mine.items() for each in found}
    return Registry({**_installed().loaded, **added})


def document(places: Sequence[Place]) -> Json:
    """The deploy.yaml of the world."""
    return {"version": 1, "application": "shop", "environments": {p.name: _environment(p) for p in places}}


def _environment(place: Place) -> Json:
    steps: list[JsonValue] = [{"weight": f"{weight}%", "hold": f"{hold:g}s"} for weight, hold in place.steps]
    strategy: Json = {"use": "canary", "steps": steps}
    monitor: Json = {"use": "error-rate"}
    if place.most is not None:
        monitor["max"] = f"{place.most:.0%}"
    if place.strategy == "all-at-once":
        strategy = {"use": "all-at-once", "hold": f"{place.steps[0][1]:g}s"}
    return {
        "target": {"use": "simulated", "instances": place.instances},
        "router": {"use": "simulated"},
        "strategy": strategy,
        "monitors": [monitor],
    }
