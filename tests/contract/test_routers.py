"""Every router keeps to the same contract: the one in memory and the real ones."""

import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from rollway.api import Address, Node, Router
from rollway.testing.contracts.router import PLACE, RouterContract
from rollway.testing.fake_router import FakeNode, FakeRouter
from rollway.testing.origin import Origin
from rollway.testing.traffic import Connection
from rollway_plugins.envoy import descriptor
from rollway_plugins.envoy.router import EnvoyRouter


class FakeRig:
    """Addresses that nobody listens on; traffic is arithmetic."""

    def __init__(self) -> None:
        self.node = FakeNode()
        self.router: Router = FakeRouter(self.node)
        self.settings: Mapping[str, object] = {}
        self._releases: dict[Address, tuple[str, bool]] = {}

    async def instance(self, release: str, *, bad: bool = False) -> Address:
        address = Address("127.0.0.1", 10_000 + len(self._releases))
        self._releases[address] = (release, bad)
        return address

    async def send(self, requests: int) -> Mapping[str | None, int]:
        known = self.node.environments[PLACE]
        groups = {group.id: self._releases[group.endpoints[0]] for group in known.routing.groups}
        bad = {group: float(fails) for group, (_, fails) in groups.items()}
        served = FakeRouter(self.node).serve(PLACE, requests, bad)
        answered: Counter[str | None] = Counter()
        for group, count in served.items():
            answered[groups[group][0] if group else None] += count
        return answered

    async def again(self) -> Router:
        return FakeRouter(self.node)


class TestFakeRouter(RouterContract):
    @pytest.fixture
    def rig(self) -> FakeRig:
        return FakeRig()


class EnvoyRig:
    """A real Envoy before real servers."""

    def __init__(self, folder: Path, port: int, stack: AsyncExitStack) -> None:
        self.settings: Mapping[str, object] = {"listen": f"127.0.0.1:{port}"}
        self.router: Router
        self._node = Node("here", folder)
        self._listen = Address("127.0.0.1", port)
        self._stack = stack

    async def instance(self, release: str, *, bad: bool = False) -> Address:
        origin = Origin(release, status=500 if bad else 200)
        return (await self._stack.enter_async_context(origin)).address

    async def send(self, requests: int) -> Mapping[str | None, int]:
        answered: Counter[str | None] = Counter()
        connection = await Connection.open(self._listen)
        for _ in range(requests):
            answered[(await connection.send("shop.test")).header("x-release")] += 1
        connection.close()
        return answered

    async def again(self) -> Router:
        router = descriptor.factory(self._node)
        await router.open()
        self._stack.push_async_callback(router.close)
        return router


class TestEnvoy(RouterContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[EnvoyRig]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        async with AsyncExitStack() as stack:
            rig = EnvoyRig(tmp_path, port, stack)
            router = EnvoyRouter(Node("here", tmp_path))
            await router.open()
            stack.push_async_callback(router.shutdown)
            rig.router = router
            yield rig
