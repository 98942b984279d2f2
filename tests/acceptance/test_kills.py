"""The daemon is killed with -9 ten times at drawn instants of rollouts good and bad. The long form: benchmarks/kills.py."""

import os
import random
from pathlib import Path

import pytest

from tests.acceptance import killing


@pytest.mark.timeout(300)
async def test_ten_kills_at_any_instant_of_rollouts_good_and_bad(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    print(f"once more: SEED={seed} pytest {__file__}")
    ended = await killing.played(tmp_path, killing.drawn(seed, kills=10))
    assert sum(len(each.away) for each in ended) == 10
    assert {each.course.end for each in ended} == {"promoted", "rolled_back"}
