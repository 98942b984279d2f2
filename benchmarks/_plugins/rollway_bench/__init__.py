"""A target and a router that cost next to nothing, so that what is measured is the engine.

Found by a daemon that has the folder above on its PYTHONPATH. Neither is bound to a machine: of many daemons on one
database any may drive such an environment, and whoever takes over starts its instances and routing anew in its memory.
"""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from rollway.api import Descriptor, RouterDescriptor, TargetDescriptor, hookimpl

from .router import BenchRouter
from .target import BenchTarget


class TargetSettings(BaseModel):
    """Settings of the target `bench`."""

    model_config = ConfigDict(extra="forbid")

    instances: int = 1


class RouterSettings(BaseModel):
    """Settings of the router `bench`: `rate` requests a second of the environment, the share `bad` of them failed.

    `drain` seconds that old connections get.
    """

    model_config = ConfigDict(extra="forbid")

    rate: float = 20_000.0
    bad: float = 0.001
    drain: float = 0.0


target: TargetDescriptor = Descriptor(
    name="bench", settings=TargetSettings, factory=lambda _: BenchTarget(), summary="instances in memory"
)
router: RouterDescriptor = Descriptor(
    name="bench",
    settings=RouterSettings,
    factory=lambda _: BenchRouter(),
    capabilities=frozenset({"weights", "sever", "drain"}),
    summary="requests that nobody sends, counted by the clock",
)


@hookimpl
def rollway_targets() -> Sequence[TargetDescriptor]:
    """The target of this package."""
    return [target]


@hookimpl
def rollway_routers() -> Sequence[RouterDescriptor]:
    """The router of this package."""
    return [router]
