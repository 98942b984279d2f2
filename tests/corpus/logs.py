"""Stored logs of every released version: whole databases as SQL text, with what their streams fold to beside them.

What differs from machine to machine stands there as `@FOLDER@`, `@PYTHON@`, `@VISITORS@` and `@NODE@`.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rollway.domain import environment as environments
from rollway.domain import rollout as rollouts
from rollway.domain.environment import EnvironmentState
from rollway.domain.events import Fact
from rollway.domain.rollout import RolloutState
from rollway.engine.codec import decode
from rollway.store import Recorded

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Kept:
    """One database; `name` is what was going on in it."""

    version: str
    name: str

    @property
    def path(self) -> Path:
        """The SQL text."""
        return HERE / self.version / f"{self.name}.sql"

    @property
    def expected(self) -> Mapping[str, object]:
        """What every stream folds to, by stream."""
        found: Mapping[str, object] = json.loads(self.path.with_suffix(".json").read_text("utf-8"))
        return found

    def sql(self, **places: str) -> str:
        """The text, with these in the places of FOLDER, PYTHON, VISITORS and NODE."""
        text = self.path.read_text("utf-8")
        for name, value in places.items():
            text = text.replace(f"@{name.upper()}@", value)
        return text


def kept() -> list[Kept]:
    """All of them."""
    return [Kept(path.parent.name, path.stem) for path in sorted(HERE.glob("*/*.sql"))]


def streams(sql: str) -> Mapping[str, Sequence[Fact]]:
    """The streams of a database, decoded by this version."""
    found: dict[str, list[Fact]] = {}
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(sql)
        for stream, seq, type_, v, actor, at, data in connection.execute(
            "SELECT stream, seq, type, v, actor, at, data FROM events ORDER BY stream, seq"
        ):
            recorded = Recorded(stream, seq, type_, v, actor, at, json.loads(data))
            found.setdefault(stream, []).append(decode(recorded))
    return found


def ends(sql: str) -> dict[str, object]:
    """What every stream folds to, by stream, as JSON."""
    return dict(_ends(streams(sql)))


def _ends(found: Mapping[str, Sequence[Fact]]) -> Iterator[tuple[str, object]]:
    for stream, facts in found.items():
        kind, _, name = stream.partition(":")
        if kind == "rollout":
            yield stream, _of_rollout(rollouts.fold(facts))
        else:
            application, _, environment = name.partition("/")
            state = environments.fold(facts, EnvironmentState(application, environment))
            yield stream, _of_environment(state)


def _of_rollout(state: RolloutState) -> object:
    return {
        "seq": state.seq,
        "phase": state.phase,
        "step": state.step,
        "started": state.started,
        "split": dict(state.split.shares),
        "weight": state.weight,
        "waiting_for": state.waiting_for,
        "cause": state.cause.because if state.cause else None,
        "reason": state.reason,
        "promoted": state.promoted,
        "lowered": state.lowered_at is not None,
        "settled": {str(step): dict(how) for step, how in state.settled.items()},
        "verdicts": {name: judged.verdict.verdict for name, judged in state.verdicts.items()},
        "steps": [type(step.does).__name__ for step in state.admitted.plan.steps],
    }


def _of_environment(state: EnvironmentState) -> object:
    return {
        "seq": state.seq,
        "phase": state.phase,
        "stable": state.stable_release,
        "split": dict(state.split.shares),
        "lowered": sorted(state.lowered),
        "rollout": state.rollout,
        "promoted": [[each.release, each.taken_back] for each in state.promoted],
        "groups": {
            group.id: {
                "release": group.release,
                "wanted": group.wanted,
                "alive": len(group.alive()),
                "retired": group.retired_at is not None,
            }
            for group in state.groups.values()
        },
    }
