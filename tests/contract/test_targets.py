from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from rollway.api import Group, Target
from rollway.testing.contracts.target import TargetContract
from rollway.testing.fake_target import Behaviour, FakeTarget

GROUP = Group(id="group-1", application="shop", environment="prod", release="v1")


class TestFakeTarget(TargetContract):
    @pytest.fixture
    def target(self) -> Target:
        target = FakeTarget()
        target.behave("broken", Behaviour(dies_after=1, says=("starting", "boom")))
        return target

    @pytest.fixture
    def reopen(self) -> Callable[[Target], Awaitable[Target]]:
        async def reopen(target: Target) -> Target:
            assert isinstance(target, FakeTarget)
            await target.close()
            return FakeTarget(target.machine)

        return reopen

    @pytest.fixture
    def group(self) -> Group:
        return GROUP

    @pytest.fixture
    def broken(self) -> Group:
        return replace(GROUP, release="broken")
