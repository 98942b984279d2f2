"""A real Envoy before real servers, for tests."""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from rollway.api import Address, Effect, Node, RoutedGroup, Router, Routing, Split, Token
from rollway.testing.origin import Origin
from rollway.testing.traffic import Connection
from rollway_plugins.envoy.router import EnvoyRouter

PLACE = "shop/prod"
STABLE = "g0000000000001"
CANARY = "g0000000000002"


def reserve_port(stack: AsyncExitStack) -> int:
    """A port that nothing else on this machine is given by chance while the test lasts, and that can be listened at."""
    held = stack.enter_context(socket.socket())
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    return port


class EnvoyRig:
    """One node; the environment `PLACE` listens at `listen`."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.node = Node("here", folder)
        self.router = EnvoyRouter(self.node)
        self.listen = Address("127.0.0.1", reserve_port(stack))
        self.settings: Mapping[str, object] = {"listen": str(self.listen)}
        self.serial = 0
        self._stack = stack

    def another_port(self) -> int:
        return reserve_port(self._stack)

    async def origin(self, release: str = "v1", status: int = 200, pause: float = 30.0) -> Origin:
        return await self._stack.enter_async_context(Origin(release, status, pause))

    async def instance(self, release: str, *, bad: bool = False) -> Address:
        return (await self.origin(release, 500 if bad else 200)).address

    async def send(self, requests: int) -> Mapping[str | None, int]:
        answered: Counter[str | None] = Counter()
        connection = await Connection.open(self.listen)
        for _ in range(requests):
            answered[(await connection.send("shop.test")).header("x-release")] += 1
        connection.close()
        return answered

    async def again(self) -> Router:
        """Another router object on the same node."""
        router = EnvoyRouter(self.node)
        await router.open()
        self._stack.push_async_callback(router.close)
        return router

    async def route(
        self,
        groups: Mapping[str, tuple[Origin, ...] | Origin],
        split: Mapping[str, int] | None = None,
        lifted: frozenset[str] = frozenset(),
        **settings: object,
    ) -> None:
        """Route these groups, everything to the first unless `split` says otherwise; the first is stable."""
        routed = tuple(
            RoutedGroup(name, origins[0].release, tuple(origin.address for origin in origins))
            for name, one in groups.items()
            for origins in [one if isinstance(one, tuple) else (one,)]
        )
        stable = next(iter(groups))
        shares = Split(split) if split is not None else Split.all_to(stable)
        routing = Routing(PLACE, {**self.settings, **settings}, routed, shares, stable, lifted)
        await self.router.reconcile(routing, self.effect())

    def effect(self) -> Effect:
        self.serial += 1
        return Effect(f"key-{self.serial}", Token(1, self.serial))


@asynccontextmanager
async def envoy_rig(folder: Path) -> AsyncIterator[EnvoyRig]:
    async with AsyncExitStack() as stack:
        rig = EnvoyRig(folder, stack)
        await rig.router.open()
        stack.push_async_callback(rig.router.shutdown)
        yield rig
