"""Several applications and environments on one node: one daemon, one Envoy, and none in another's way."""

import asyncio
import json
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rollway.artifact import pack
from rollway.domain.traffic import Address
from rollway.http.documents import RolloutDocument
from rollway.testing.traffic import Load
from tests.acceptance.harness import APPLICATION, Site, free_port

PLACES = ("shop/beta", "shop/prod", "blog/beta", "blog/prod")
RATE = 60.0


@dataclass
class Node(Site):
    """A site of several environments, each listening at an address of its own."""

    listen: dict[str, Address] = field(
        default_factory=lambda: {place: Address("127.0.0.1", free_port()) for place in PLACES}
    )

    def apply(self) -> None:
        for application in {place.partition("/")[0] for place in self.listen}:
            environments = {
                place.partition("/")[2]: self._environment(address)
                for place, address in self.listen.items()
                if place.startswith(f"{application}/")
            }
            settings = {"version": 1, "application": application, "environments": environments}
            with self.client as client:
                client.apply(application, json.loads(json.dumps(settings)))

    def _environment(self, address: Address) -> dict[str, object]:
        health = {"path": "/healthz", "interval": "200ms", "deadline": "20s"}
        target = {
            "use": "process",
            "command": f"{sys.executable} server.py {{port}}",
            "instances": 1,
            "health": health,
        }
        router = {"use": "envoy", "listen": str(address), "drain": "1s"}
        return {"target": target, "router": router, "strategy": {"use": "canary", "steps": self.steps}}

    def release_of(self, application: str, name: str, **behaviour: object) -> None:
        source = self.folder / "source"
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(APPLICATION, source, ignore=shutil.ignore_patterns("__pycache__"))
        (source / "behaviour.json").write_text(json.dumps({**behaviour, "name": f"{application} {name}"}))
        packed = pack(source, self.folder / "source.tar")
        with self.client as client:
            client.put_artifact(packed.digest, packed.path)
            client.register(application, name, packed.digest)

    def begin(self, place: str, release: str) -> str:
        application, _, environment = place.partition("/")
        with self.client as client:
            return client.start(application, environment, release).id

    def all_ended(self, wanted: Mapping[str, str]) -> dict[str, RolloutDocument]:
        """Begin these rollouts at once and wait until all have ended."""
        begun = {place: self.begin(place, release) for place, release in wanted.items()}
        return {place: self.ended(id_, timeout=120) for place, id_ in begun.items()}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """A node with two applications of two environments each, all of release 1.0."""
    here = Node(tmp_path)
    try:
        here.start()
        here.apply()
        for application in ("shop", "blog"):
            here.release_of(application, "1.0")
            here.release_of(application, "1.1")
        here.release_of("blog", "1.2", faults=0.5)
        first = here.all_ended(dict.fromkeys(PLACES, "1.0"))
        assert {rollout.phase for rollout in first.values()} == {"promoted"}
        yield here
    finally:
        here.close()


@asynccontextmanager
async def visitors(node: Node) -> AsyncIterator[Mapping[str, Load]]:
    """Visitors of every environment; they never retry."""
    async with AsyncExitStack() as stack:
        loads = {
            place: await stack.enter_async_context(Load(address, rate=RATE))
            for place, address in node.listen.items()
        }
        for load in loads.values():
            await load.reach(20)
        yield loads


async def test_rollouts_at_once_end_each_in_its_own_way(node: Node) -> None:
    wanted = dict.fromkeys(PLACES, "1.1") | {"blog/prod": "1.2"}
    async with visitors(node) as loads:
        ended = await asyncio.to_thread(node.all_ended, wanted)
        for load in loads.values():
            await load.reach(30)
    bad = ended.pop("blog/prod")
    assert (bad.phase, bad.weight) == ("rolled_back", 0)
    assert {rollout.phase for rollout in ended.values()} == {"promoted"}
    for place, load in loads.items():
        assert [one for one in load.failures if (place, one.release) != ("blog/prod", "1.2")] == []
        assert load.attempts[-1].release == ("1.0" if place == "blog/prod" else "1.1")
    assert len(node.envoys()) == 1
    node.until(lambda: node.running() == {"1.1": 3, "1.0": 1}, "what is not stable is stopped")


async def test_a_port_that_is_taken_touches_no_other_environment(node: Node) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        others = dict(node.listen)
        port = taken.getsockname()[1]
        node.listen["shop/gamma"] = Address("127.0.0.1", port)
        await asyncio.to_thread(node.apply)
        node.listen = others
        async with visitors(node) as loads:
            hopeless = await asyncio.to_thread(node.begin, "shop/gamma", "1.1")
            ended = await asyncio.to_thread(node.all_ended, {"shop/beta": "1.1", "blog/prod": "1.2"})
            for load in loads.values():
                await load.reach(30)
        stuck = await asyncio.to_thread(node.ended, hopeless)
    assert {place: rollout.phase for place, rollout in ended.items()} == {
        "shop/beta": "promoted",
        "blog/prod": "rolled_back",
    }
    for place, load in loads.items():
        assert [one for one in load.failures if (place, one.release) != ("blog/prod", "1.2")] == []
    assert (stuck.phase, stuck.weight) == ("failed", 0)
    assert f"127.0.0.1:{port}" in (stuck.reason or "")
    assert len(node.envoys()) == 1
    again = await asyncio.to_thread(node.all_ended, {"shop/gamma": "1.1"})
    assert again["shop/gamma"].phase == "promoted"
