import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollway.api import Group, Node, Target
from rollway.testing.contracts.target import TargetContract, effect
from rollway.testing.fake_target import Behaviour, FakeTarget
from rollway_plugins.process.target import ProcessTarget

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


SERVER = """
import http.server, sys
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""


class TestProcessTarget(TargetContract):
    @pytest.fixture
    async def opened(self, tmp_path: Path) -> AsyncIterator[list[ProcessTarget]]:
        """Every target of the test, the living one last; what still runs at its end is killed."""
        targets = [ProcessTarget(Node("here", tmp_path))]
        await targets[0].open()
        yield targets
        for place in ("shop/prod", "shop/beta"):
            for instance in await targets[-1].observe(place):
                group = replace(GROUP, id=instance.group, environment=place.partition("/")[2])
                await targets[-1].stop(group, instance.id, effect(0, epoch=99), hard=True)
        await targets[-1].close()

    @pytest.fixture
    def target(self, opened: list[ProcessTarget]) -> Target:
        return opened[-1]

    @pytest.fixture
    def reopen(self, opened: list[ProcessTarget], tmp_path: Path) -> Callable[[Target], Awaitable[Target]]:
        async def reopen(target: Target) -> Target:
            await target.close()
            opened.append(ProcessTarget(Node("here", tmp_path)))
            await opened[-1].open()
            return opened[-1]

        return reopen

    @pytest.fixture
    def group(self) -> Group:
        settings = {
            "command": [sys.executable, "-c", SERVER, "{port}"],
            "health": {"interval": "50ms", "healthy_after": 1},
        }
        return replace(GROUP, settings=settings)

    @pytest.fixture
    def broken(self) -> Group:
        return replace(
            GROUP, release="broken", settings={"command": "sh -c 'echo starting; echo boom; exit 1'"}
        )
