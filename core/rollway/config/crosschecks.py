"""What no single field can say: rules between the parts of a document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from rollway.config.checking import Checking
from rollway.config.durations import parse_duration
from rollway.config.percentages import format_weight, parse_weight
from rollway.config.places import Path
from rollway.config.spelling import nearest
from rollway.config.steps import EMPTY_STEP
from rollway.config.tree import Json

_ANYWHERE = {"", "*", "0.0.0.0", "::", "[::]"}  # noqa: S104 - recognised, not bound


def cross_check(checking: Checking, models: Mapping[Path, BaseModel | None]) -> None:
    """All of them; each passes over what has the wrong shape, which was reported before.

    `models` are the valid settings of the plugin sections, by path, defaults included.
    """
    document = checking.document
    environments = document.get("environments") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(environments, dict):
        return
    for name, environment in environments.items():
        if isinstance(environment, dict):
            _monitor_names(checking, ("environments", name), environment)
            _ladder(checking, ("environments", name), environment)
    _listeners(checking, [(name, models.get(("environments", name, "router"))) for name in environments])
    if ("pipeline",) not in checking.refused:
        _stages(checking, document.get("pipeline"), environments)


def _items(value: Json) -> list[tuple[int, dict[str, Json]]]:
    return [
        (index, item)
        for index, item in enumerate(value if isinstance(value, list) else ())
        if isinstance(item, dict)
    ]


def _monitor_names(checking: Checking, path: Path, environment: Mapping[str, Json]) -> None:
    first: dict[Json, int] = {}
    for index, monitor in _items(environment.get("monitors")):
        name = monitor.get("name") or monitor.get("use")
        if not isinstance(name, str):
            continue
        if name in first:
            message = f"a second monitor called {name!r}, after monitors[{first[name]}]; give it a 'name' of its own"
            checking.add((*path, "monitors", index), message)
        first.setdefault(name, index)


def _ladder(checking: Checking, path: Path, environment: Mapping[str, Json]) -> None:
    """The steps of a canary: they get traffic, they climb, and somebody has time to watch."""
    strategy = environment.get("strategy")
    if not isinstance(strategy, dict) or strategy.get("use") != "canary" or "steps" not in strategy:
        return
    place = (*path, "strategy", "steps")
    steps = _items(strategy["steps"])
    watches = environment.get("monitors") != "none"
    if steps and watches and not any(_watches(step) for _, step in steps):
        message = "monitors need time to watch: give a step a 'hold', or say 'monitors: none'"
        checking.add(place, message, at_key=True)
    highest = 0
    for index, step in steps:
        if all(value is None for value in step.values()):
            checking.add((*place, index), EMPTY_STEP)
        weight = _weight(step)
        if weight is None:
            continue
        if weight == 0 and not {"route", "mirror"} & step.keys():
            checking.add(
                (*place, index, "weight"), "at 0% a step has no traffic to watch; give it a weight above 0%"
            )
        elif weight < highest:
            checking.warn(
                (*place, index, "weight"),
                f"lower than the {format_weight(highest)} of a step before it; steps usually climb",
            )
        highest = max(highest, weight)


def _weight(step: Mapping[str, Json]) -> int | None:
    value = step.get("weight")
    try:
        return parse_weight(value) if isinstance(value, (str, int, float)) else None
    except ValueError:
        return None


def _watches(step: Mapping[str, Json]) -> bool:
    if step.get("observe") is not None:
        return True
    hold = step.get("hold")
    try:
        return parse_duration(hold) > 0 if isinstance(hold, str) else hold not in (None, 0)
    except ValueError:
        return True  # reported as no duration; not once more as no hold


def _listeners(checking: Checking, routers: Iterable[tuple[str, BaseModel | None]]) -> None:
    """A router that listens says so in a setting called `listen`, `host:port` when written."""
    seen: list[tuple[str, tuple[str, str]]] = []
    for name, router in routers:
        host, colon, port = str(getattr(router, "listen", "")).rpartition(":")
        if not colon or not port.isdecimal():
            continue
        mine = ("127.0.0.1" if host == "localhost" else host, port)
        taken = next((other for other, theirs in seen if _collide(mine, theirs)), None)
        if taken is not None:
            message = f"environment {taken!r} listens on port {port} already; give each its own 'listen'"
            checking.add(("environments", name, "router", "listen"), message)
        seen.append((name, mine))


def _collide(one: tuple[str, str], other: tuple[str, str]) -> bool:
    anywhere = one[0] in _ANYWHERE or other[0] in _ANYWHERE
    return one[1] == other[1] != "0" and (one[0] == other[0] or anywhere)


def _stages(checking: Checking, pipeline: Json, environments: Mapping[str, Json]) -> None:
    for index, stage in _items(pipeline):
        name = stage.get("deploy")
        if isinstance(name, str) and name not in environments:
            message = f"no environment is called {name[:60]!r}"
            checking.add(("pipeline", index, "deploy"), message, suggestion=nearest(name, environments))
