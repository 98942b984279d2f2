"""The daemon is killed with -9 at drawn instants of canary rollouts, good and bad, under traffic. Prints one JSON object.

KILLS of them (200), of SEED (1); PART=1/8 to 8/8 does an eighth each. Whatever goes wrong ends it with the seed that does
it again. The reference is the same rollouts at the same site without kills.
"""

import asyncio
import os
import tempfile
from pathlib import Path

from benchmarks._figures import percentile, printed
from tests.acceptance import killing
from tests.acceptance.killing import Course, Ended

A_SITE = 25
"""Kills at one site before the next one begins with a new folder."""


async def of_seed(seed: int, kills: int) -> list[Ended]:
    """What a site lived through."""
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        try:
            return await killing.played(Path(folder), killing.drawn(seed, kills))
        except AssertionError as error:
            raise SystemExit(f"once more: SEED={seed} KILLS={kills} PART=1/1; {error}") from error


async def undisturbed() -> float:
    """The reference: seconds of a good rollout that nobody disturbs, the median of three."""
    courses = [Course(f"1.{number}", 0.0, ()) for number in (1, 2, 3)]
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        ended = await killing.played(Path(folder), courses)
    return percentile([each.seconds for each in ended], 50)


def main() -> None:
    """Kill as often as asked for."""
    part, _, parts = os.environ.get("PART", "1/1").partition("/")
    kills = int(os.environ.get("KILLS", "200")) // int(parts or 1)
    first = int(os.environ.get("SEED", "1")) + (int(part) - 1) * 1000
    reference = asyncio.run(undisturbed())
    ended: list[Ended] = []
    for site in range(-(-kills // A_SITE)):
        ended += asyncio.run(of_seed(first + site, min(A_SITE, kills - site * A_SITE)))
    print(told(ended, reference, first))


def told(ended: list[Ended], reference: float, seed: int) -> str:
    """The figures."""
    away = [seconds for each in ended for seconds in each.away]
    good = [each.seconds for each in ended if not each.course.faults]
    figures = {
        "kills": len(away),
        "kills_before_the_end": sum(each.under_way for each in ended),
        "rollouts_good": len(good),
        "rollouts_bad": len(ended) - len(good),
        "requests": sum(each.requests for each in ended),
        "failed_other": 0,
        "steps_lost_or_doubled": 0,
        "left_over": 0,
        "away_s_p50": round(percentile(away, 50), 2),
        "away_s_p99": round(percentile(away, 99), 2),
        "good_rollout_s_p50": round(percentile(good, 50), 2),
    }
    return printed(
        "kills",
        figures,
        {"undisturbed_rollout_s_p50": round(reference, 2)},
        {"killed_to_undisturbed": round(percentile(good, 50) / reference, 2)},
        {"seed": seed, "rate": killing.RATE, "steps": killing.STEPS},
    )


if __name__ == "__main__":
    main()
