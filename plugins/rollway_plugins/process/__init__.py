"""The target `process`: instances of a command on this machine, each its own session, that outlive the daemon."""

from collections.abc import Sequence

from pydantic import BaseModel

from rollway.api import Descriptor, Finding, Node, Target, TargetDescriptor, hookimpl
from rollway_plugins.process.settings import ProcessSettings


def _make(node: Node) -> Target:
    from rollway_plugins.process.target import ProcessTarget

    return ProcessTarget(node)


async def _check(node: Node, uses: Sequence[BaseModel]) -> Sequence[Finding]:
    from rollway_plugins.process.doctor import check

    return await check(node, uses)


descriptor: TargetDescriptor = Descriptor(
    name="process",
    settings=ProcessSettings,
    factory=_make,
    capabilities=frozenset({"drain", "scale"}),
    summary="runs a command as processes on this machine",
    local=True,
    check=_check,
)


@hookimpl
def rollway_targets() -> list[TargetDescriptor]:
    """The target of this package."""
    return [descriptor]
