"""What a target is told and what it tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rollway.domain.traffic import Address


@dataclass(frozen=True, slots=True)
class Group:
    """A group of instances: identity for life, what it runs, and the target settings of its release.

    `artifact` is the absolute path of the release's tar on this node; None where the target needs none.
    """

    id: str
    application: str
    environment: str
    release: str
    settings: Mapping[str, object] = field(default_factory=dict)
    artifact: str | None = None

    @property
    def place(self) -> str:
        """`application/environment`, the environment's full name."""
        return f"{self.application}/{self.environment}"


class Health(StrEnum):
    """How an instance does."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance as its target sees it now; `detail` says why it is not healthy, in words for an operator."""

    id: str
    group: str
    health: Health
    address: Address | None = None
    detail: str = ""
