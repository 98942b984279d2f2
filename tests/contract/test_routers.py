"""Every router keeps to the same contract: the one in memory and the real ones."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from rollway.api import Address, Router
from rollway.testing.contracts.router import PLACE, RouterContract
from rollway.testing.fake_router import FakeNode, FakeRouter
from tests.integration.envoy_rig import EnvoyRig, envoy_rig


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


class TestEnvoy(RouterContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[EnvoyRig]:
        async with envoy_rig(tmp_path) as rig:
            yield rig
