"""Many worlds of the simulation, all faults, all rules. Prints one JSON object.

SEEDS (10000) seeds from FIRST (0); PART=1/4 plays the first quarter of them, and so on. Every seed that breaks a rule is
named with the command that plays it again. The reference is one world without any trouble, played in between.
"""

import os
import sys
import time
from dataclasses import replace

from benchmarks._figures import percentile, printed
from rollway.testing.simulation import draw, simulate
from rollway.testing.simulation.scenario import Trouble

CALM_EVERY = 50


def part(seeds: range) -> range:
    """The seeds of `PART`, all of them without it."""
    number, _, of = os.environ.get("PART", "1/1").partition("/")
    size = -(-len(seeds) // int(of))
    return seeds[(int(number) - 1) * size : int(number) * size]


def calm(seed: int) -> float:
    """Seconds that the same world takes where nothing goes wrong in it."""
    scenario = draw(seed)
    left = tuple(h for h in scenario.happenings if not isinstance(h, Trouble))
    began = time.perf_counter()
    simulate(replace(scenario, happenings=left))
    return time.perf_counter() - began


def main() -> None:
    """Play the part asked for."""
    first = int(os.environ.get("FIRST", "0"))
    seeds = part(range(first, first + int(os.environ.get("SEEDS", "10000"))))
    took: list[float] = []
    reference: list[float] = []
    virtual, broken = 0.0, 0
    for seed in seeds:
        began = time.perf_counter()
        outcome = simulate(draw(seed))
        took.append(time.perf_counter() - began)
        virtual += outcome.seconds
        if outcome.problem is not None:
            broken += 1
            command = f"python -m rollway.testing.simulation {seed}"
            print(f"{outcome.problem}: {command}", file=sys.stderr, flush=True)
        if seed % CALM_EVERY == 0:
            reference.append(calm(seed))
    figures = {
        "worlds": len(took),
        "broken_rules": broken,
        "worlds_per_s": round(len(took) / sum(took), 2),
        "world_ms_p50": round(percentile(took, 50) * 1000, 1),
        "world_ms_p99": round(percentile(took, 99) * 1000, 1),
        "virtual_hours": round(virtual / 3600, 2),
    }
    calm_ms = percentile(reference, 50) * 1000
    ratios = {
        "world_to_calm": round(figures["world_ms_p50"] / calm_ms, 2),
        "virtual_to_real": round(virtual / sum(took), 1),
    }
    conditions = {"first_seed": seeds.start, "last_seed": seeds[-1]}
    print(printed("simulation", figures, {"calm_world_ms_p50": round(calm_ms, 1)}, ratios, conditions))


if __name__ == "__main__":
    main()
