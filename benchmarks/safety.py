"""From the first bad response to weight 0, as the visitors see it. Prints one JSON object.

PART=1/4: every request of a fresh release fails. PART=2/4: 5 % of them. Both at weight 25 % and 500 requests/s, RUNS times
(30). PART=3/4 and 4/4: the demo, as a newcomer runs it, half of DEMOS each (20). Without PART: the first two with 10 runs.

The reference is the same way without evidence: from a person's abort to the last response of the release, in this run.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._figures import percentile, printed
from rollway.testing.traffic import Load
from tests.acceptance.harness import Site

RATE = 500.0
STEPS: list[dict[str, object]] = [{"weight": "25%", "hold": "60s"}]
SETTLED = 300


async def seconds_to_safety(site: Site, release: str, faults: float) -> float:
    """Deploy a bad release under load: seconds from its first bad response to its last response."""
    async with Load(site.visitors, rate=RATE) as load:
        await load.reach(100)
        id_ = await asyncio.to_thread(site.deploy, release, faults=faults)
        rollout = await asyncio.to_thread(site.ended, id_)
        assert rollout.phase == "rolled_back", rollout
        await load.reach(SETTLED)
    first = min(a.at + a.seconds for a in load.failures if a.release == release)
    last = max(a.at + a.seconds for a in load.attempts if a.release == release)
    assert [a for a in load.failures if a.release != release] == []
    return last - first


async def seconds_of_abort(site: Site, release: str) -> float:
    """The reference: seconds from a person's abort to the release's last response."""
    async with Load(site.visitors, rate=RATE) as load:
        await load.reach(100)
        id_ = await asyncio.to_thread(site.deploy, release)
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        await load.reach(200)
        with site.client as client:
            asked = load.clock
            await asyncio.to_thread(client.abort, id_)
        await asyncio.to_thread(site.ended, id_)
        await load.reach(SETTLED)
    return max((a.at + a.seconds for a in load.attempts if a.release == release), default=asked) - asked


async def rollouts(cases: dict[str, float], runs: int) -> None:
    """Measure bad releases of each kind, aborts in between as the reference."""
    figures: dict[str, float] = {}
    aborts: list[float] = []
    medians: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="safety-") as folder:
        site = Site(Path(folder), steps=STEPS)
        try:
            await asyncio.to_thread(site.start)
            await asyncio.to_thread(site.apply)
            await asyncio.to_thread(site.stable)
            for name, faults in cases.items():
                times = []
                for run in range(runs):
                    times.append(await seconds_to_safety(site, f"{name}-{run}", faults))
                    if run % 3 == 0:
                        aborts.append(await seconds_of_abort(site, f"{name}-abort-{run}"))
                medians[name] = percentile(times, 50)
                figures |= {f"{name}_s_p{p}": round(percentile(times, p), 3) for p in (50, 95, 99)}
        finally:
            site.close()
    reference = percentile(aborts, 50)
    print(
        printed(
            "safety",
            figures,
            {"abort_s_p50": round(reference, 4)},
            {f"{name}_to_abort": round(median / max(reference, 1e-3), 1) for name, median in medians.items()},
            {"runs": runs, "rate": RATE, "weight_percent": 25},
        )
    )


def demos(runs: int) -> None:
    """Measure the demo; the reference is the whole demo's length."""
    safe, lengths = [], []
    for _ in range(runs):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "rollway", "demo", "-o", "json"],
            capture_output=True,
            text=True,
            check=True,
        )
        lengths.append(time.monotonic() - began)
        told = json.loads(done.stdout)
        assert told["failed_other"] == 0, told
        safe.append(told["seconds_to_safety"])
    whole = percentile(lengths, 50)
    figures = {f"demo_s_p{p}": round(percentile(safe, p), 3) for p in (50, 95)}
    figures["demo_under_5_s"] = sum(s < 5 for s in safe)
    ratios = {"safety_to_demo": round(percentile(safe, 50) / whole, 4)}
    print(printed("safety", figures, {"demo_s_p50": round(whole, 1)}, ratios, {"runs": runs}))


def main() -> None:
    """Measure the part asked for."""
    part = os.environ.get("PART", "")
    runs, of_demos = int(os.environ.get("RUNS", "30")), int(os.environ.get("DEMOS", "20"))
    every, some = {"every_request_fails": 1.0}, {"five_percent_fail": 0.05}
    if part.startswith("1/"):
        asyncio.run(rollouts(every, runs))
    elif part.startswith("2/"):
        asyncio.run(rollouts(some, runs))
    elif part:
        demos(of_demos // 2)
    else:
        asyncio.run(rollouts(every | some, int(os.environ.get("RUNS", "10"))))


if __name__ == "__main__":
    main()
