"""The dashboard in examples/grafana asks for nothing that the daemon does not export, and the how-to tells no other names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from rollway.http.metrics import Meters
from tests.unit.daemon.histories import Telling

ROOT = Path(__file__).parents[3]
NAME = re.compile(r"\b(?:rollway|process|python)_[a-z0-9_]+")


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "examples/grafana/rollway.json").read_text("utf-8"))
    return document


@pytest.fixture(scope="module")
def exported() -> set[str]:
    telling = Telling()
    Meters(telling.registry)
    return set(names(telling.registry))


def names(registry: CollectorRegistry) -> Iterator[str]:
    for family in registry.collect():
        if family.type == "counter":
            yield f"{family.name}_total"
        elif family.type == "histogram":
            yield from (f"{family.name}_{part}" for part in ("bucket", "count", "sum"))
        else:
            yield family.name


def expressions(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]


def test_every_metric_it_asks_for_is_exported(dashboard: dict[str, Any], exported: set[str]) -> None:
    asked = {name for expression in expressions(dashboard) for name in NAME.findall(expression)}
    assert asked - exported == set()
    assert len(asked) > 12


def test_every_metric_of_ours_is_on_it(dashboard: dict[str, Any], exported: set[str]) -> None:
    asked = " ".join(expressions(dashboard))
    ours = {
        re.sub(r"_(total|bucket|count|sum)$", "", name) for name in exported if name.startswith("rollway_")
    }
    assert {name for name in ours if name not in asked} == {"rollway_build_info", "rollway_rollouts_started"}


def test_panels_have_ids_of_their_own_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for at in (panel["gridPos"] for panel in panels):
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_how_to_names_only_metrics_that_there_are(exported: set[str]) -> None:
    text = (ROOT / "docs/how-to/run-the-daemon.md").read_text("utf-8")
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported}
    told = set(re.findall(r"\b(?:rollway|process)_[a-z0-9_]+", text))
    assert told - families - exported == set()
    assert {name for name in families if name.startswith("rollway_") and "_http_" not in name} <= told
