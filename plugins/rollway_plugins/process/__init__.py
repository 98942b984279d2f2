"""The target `process`: instances of a command on this machine, each its own session, that outlive the daemon."""

from rollway.api import Descriptor, Node, Target, TargetDescriptor, hookimpl
from rollway_plugins.process.settings import ProcessSettings


def _make(node: Node) -> Target:
    from rollway_plugins.process.target import ProcessTarget

    return ProcessTarget(node)


descriptor: TargetDescriptor = Descriptor(
    name="process",
    settings=ProcessSettings,
    factory=_make,
    capabilities=frozenset({"drain", "scale"}),
    summary="runs a command as processes on this machine",
    local=True,
)


@hookimpl
def rollway_targets() -> list[TargetDescriptor]:
    """The target of this package."""
    return [descriptor]
