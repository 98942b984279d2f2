"""Worlds from seeds: whatever goes wrong in them, the rules of `rollway.testing.simulation.rules` hold."""

import os
import subprocess
import sys

import pytest

from rollway.engine.lowering import Lowering
from rollway.testing.simulation import Outcome, draw, shrunk, simulate
from rollway.testing.simulation.scenario import Deploy, Kind, Trouble
from tests.simulation.regressions import REGRESSIONS

SEEDS = 520
CHUNK = 20


def held(outcome: Outcome) -> None:
    """Fails with the world's log, the scenario, and the command that plays it again."""
    if outcome.problem is not None:
        pytest.fail(outcome.told(), pytrace=False)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_rules_hold_in_every_world(first: int) -> None:
    for seed in range(first, first + CHUNK):
        held(simulate(draw(seed)))


@pytest.mark.parametrize("world", REGRESSIONS)
def test_what_was_found_once_is_not_found_again(world: str) -> None:
    held(simulate(REGRESSIONS[world]))


DIGESTS = (
    "from rollway.testing.simulation import *; print([simulate(draw(s)).digest for s in (3, 7, 11, 14, 33)])"
)


def test_one_seed_is_one_world_to_the_letter() -> None:
    """The same in this process twice, and in others whose hashes of strings differ."""
    here = [[simulate(draw(seed)).digest for seed in (3, 7, 11, 14, 33)] for _ in range(2)]
    assert here[0] == here[1]
    assert len(set(here[0])) == 5
    for hashes in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hashes}
        done = subprocess.run(
            [sys.executable, "-c", DIGESTS], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == str(here[0])


def test_worlds_are_of_all_kinds() -> None:
    """A tenth on SQL; one, two and three daemons; one and two places; with every kind of trouble."""
    drawn = [draw(seed) for seed in range(SEEDS)]
    assert sum(scenario.sql for scenario in drawn) == SEEDS // 10
    assert {scenario.daemons for scenario in drawn} == {1, 2, 3}
    assert {len(scenario.places) for scenario in drawn} == {1, 2}
    kinds = {h.kind for scenario in drawn for h in scenario.happenings if isinstance(h, Trouble)}
    assert kinds == set(Kind)


def test_the_command_plays_a_seed_and_tells_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rollway.testing.simulation", "3"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert "replay: python -m rollway.testing.simulation 3" in done.stdout
    assert "RolloutAdmitted" in done.stdout


def test_the_shrinker_leaves_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug that needs one rollback: all that is left of the world is the first release and what is taken back."""
    monkeypatch.setattr(Lowering, "_until_in_force", _nothing)
    outcome = next(
        found
        for seed in range(50)
        if len((found := simulate(draw(seed))).scenario.happenings) > 3 and found.problem
    )
    smaller = shrunk(outcome)
    assert smaller.problem is not None
    assert outcome.problem is not None
    assert smaller.problem.rule is outcome.problem.rule
    assert len(smaller.scenario.happenings) < len(outcome.scenario.happenings)
    assert sum(isinstance(h, Deploy) for h in smaller.scenario.happenings) <= 2


async def _nothing(*_: object) -> None:
    return None
