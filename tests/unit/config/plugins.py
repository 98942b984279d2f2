"""A small table of plugins, shaped like those of the contract."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rollway.config import Kind
from rollway.config.steps import StepSettings
from rollway.config.types import CommandLine, Duration, Secret, Settings, Share


class Health(Settings):
    path: str = "/"
    interval: Duration = 1.0
    timeout: Annotated[Duration, Field(ge=0.05)] = 1.0
    healthy_after: Annotated[int, Field(ge=1)] = 2


class Process(Settings):
    command: CommandLine
    instances: int = 1
    health: Health = Health()
    environment: dict[str, str | Secret] = Field(default_factory=dict)


class Envoy(Settings):
    listen: str = "127.0.0.1:8080"
    timeout: Duration | None = None


class Canary(Settings):
    steps: tuple[StepSettings, ...]
    bake: Duration | None = None


class AllAtOnce(Settings):
    hold: Duration = 60.0


class ErrorRate(Settings):
    tolerance: Share = 0.002
    margin: Share | Literal["auto"] = "auto"
    max: Share | None = None


@dataclass(frozen=True)
class Table:
    models: dict[tuple[Kind, str], type[BaseModel]] = field(default_factory=dict)

    def settings_model(self, kind: Kind, name: str) -> type[BaseModel] | None:
        return self.models.get((kind, name))

    def names(self, kind: Kind) -> Sequence[str]:
        return [name for each, name in self.models if each == kind]


PLUGINS = Table(
    {
        ("target", "process"): Process,
        ("router", "envoy"): Envoy,
        ("strategy", "canary"): Canary,
        ("strategy", "all-at-once"): AllAtOnce,
        ("monitor", "error-rate"): ErrorRate,
    }
)
