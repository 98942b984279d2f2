"""What a person's command takes until it is in force, under 500 requests a second. Prints one JSON object.

`abort`: from the first byte of the HTTP request to the last request that reaches the release. `weight`: a change of
weights through the router plugin until Envoy has it. The reference is Envoy's own: a route file renamed, until its
statistics say that it is in force, in the same run.
"""

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

from benchmarks._figures import percentile, printed
from rollway.api import Address, Effect, Node, RoutedGroup, Routing, Split, Token
from rollway.testing.origin import Origin
from rollway.testing.traffic import Load
from rollway_plugins.envoy.current import Current
from rollway_plugins.envoy.files import NodeFiles
from rollway_plugins.envoy.router import EnvoyRouter
from tests.acceptance.harness import Site, free_port

RATE = 500.0
PLACE = "app/prod"
ABORTS = int(os.environ.get("RUNS", "30"))
CHANGES = int(os.environ.get("CHANGES", "1000"))


async def abort_milliseconds(site: Site, release: str) -> float:
    """From the abort to the last request that began and still reached the release."""
    async with Load(site.visitors, rate=RATE) as load:
        await load.reach(100)
        id_ = await asyncio.to_thread(site.deploy, release)
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        await load.reach(200)
        with site.client as client:
            asked = load.clock
            await asyncio.to_thread(client.abort, id_)
        await asyncio.to_thread(site.ended, id_)
        await load.reach(100)
    assert load.failures == []
    last = max((a.at for a in load.attempts if a.release == release), default=asked)
    return max(0.0, (last - asked) * 1000)


async def aborts() -> list[float]:
    """Abort so many rollouts under load."""
    with tempfile.TemporaryDirectory(prefix="controls-") as folder:
        site = Site(Path(folder), steps=[{"weight": "25%", "hold": "60s"}])
        try:
            await asyncio.to_thread(site.start)
            await asyncio.to_thread(site.apply)
            await asyncio.to_thread(site.stable)
            return [await abort_milliseconds(site, f"1.1-{run}") for run in range(ABORTS)]
        finally:
            site.close()


async def changes(folder: Path) -> tuple[list[float], list[float], int, int]:
    """Milliseconds of each change and of Envoy's own; requests failed and sent meanwhile."""
    router = EnvoyRouter(Node("here", folder))
    listen = Address("127.0.0.1", free_port())
    async with Origin("old") as old, Origin("new") as new:
        groups = (
            RoutedGroup("oldgroup", "old", (old.address,)),
            RoutedGroup("newgroup", "new", (new.address,)),
        )
        await router.open()
        try:
            times: list[float] = []
            await change(router, listen, groups, 0, times)
            async with Load(listen, rate=RATE) as load:
                await load.reach(50)
                for serial in range(1, CHANGES + 1):
                    await change(router, listen, groups, serial, times)
            own = await envoys_own(folder)
            return times[1:], own, len(load.failures), len(load.attempts)
        finally:
            await router.shutdown()


async def change(
    router: EnvoyRouter, listen: Address, groups: tuple[RoutedGroup, ...], serial: int, times: list[float]
) -> None:
    """One change of weights, in force."""
    share = 100 + serial * 37 % 5000
    split = Split({"oldgroup": 10_000 - share, "newgroup": share})
    routing = Routing(PLACE, {"listen": str(listen)}, groups, split, "oldgroup")
    began = time.perf_counter()
    await router.reconcile(routing, Effect(f"change-{serial}", Token(1, serial + 1)))
    times.append((time.perf_counter() - began) * 1000)


async def envoys_own(folder: Path, runs: int = 100) -> list[float]:
    """Rename a route file of another version until Envoy says that it is in force."""
    path, current = NodeFiles(folder).environment(PLACE).routes, Current(folder)
    assert current.running, "the Envoy on record is gone"
    admin = current.admin
    document, times = json.loads(await asyncio.to_thread(path.read_text)), []
    for run in range(runs):
        beside, version = path.with_suffix(".beside"), f"own-{run}"
        for resource in document["resources"]:
            resource["virtual_hosts"][0]["name"] = version  # what has not changed is not taken over
        await asyncio.to_thread(beside.write_text, json.dumps({**document, "version_info": version}))
        began = time.perf_counter()
        beside.replace(path)
        while await admin.routes_version(PLACE) != version:
            pass
        times.append((time.perf_counter() - began) * 1000)
    await current.close()
    return times


async def main() -> None:
    """Measure and print."""
    taken = await aborts()
    with tempfile.TemporaryDirectory(prefix="controls-") as folder:
        weights, own, failed, sent = await changes(Path(folder))
    figures = {f"abort_ms_p{p}": round(percentile(taken, p), 1) for p in (50, 99)}
    figures |= {f"weight_ms_p{p}": round(percentile(weights, p), 1) for p in (50, 99)}
    figures |= {"weight_changes": len(weights), "failed_requests": failed, "requests": sent}
    reference = {"envoys_own_ms_p50": round(percentile(own, 50), 2)}
    ratios = {"weight_to_envoys_own": round(percentile(weights, 50) / percentile(own, 50), 1)}
    print(printed("controls", figures, reference, ratios, {"aborts": ABORTS, "rate": RATE}))


if __name__ == "__main__":
    asyncio.run(main())
