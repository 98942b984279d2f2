"""What Envoy is told, compared as values."""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from rollway.api import Address, Connections, RoutedGroup, Routing, Split
from rollway_plugins.envoy import documents
from rollway_plugins.envoy.bootstrap import BOUNDS_MS, bootstrap
from rollway_plugins.envoy.files import EnvironmentFiles
from rollway_plugins.envoy.settings import EnvoySettings
from rollway_plugins.envoy.shared import offering
from rollway_plugins.envoy.wanted import wanted

HERE = EnvironmentFiles(Path("/node/environments/shop%2Fprod"))


def plain(document: object) -> Any:
    return json.loads(json.dumps(document))


def weights(document: object, route: int) -> dict[str, int]:
    found = plain(document)["virtual_hosts"][0]["routes"][route]["route"]["weighted_clusters"]["clusters"]
    return {one["name"]: one["weight"] for one in found}


@st.composite
def splits(draw: st.DrawFn) -> Split:
    names = draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=len(names) - 1, max_size=len(names) - 1)))
    edges = [0, *cuts, 10_000]
    return Split({name: high - low for name, low, high in zip(names, edges, edges[1:], strict=False)})


@given(splits())
def test_weights_are_the_split_in_hundredths_of_a_percent(split: Split) -> None:
    document = documents.routes("shop/prod", split.shares, None, {})
    assert weights(document, 1) == {name: share for name, share in split.shares.items() if share}
    assert sum(weights(document, 1).values()) == 10_000
    assert weights(document, 0) == {f"upgraded-{name}": share for name, share in weights(document, 1).items()}


def test_an_empty_split_is_answered_503() -> None:
    [route] = plain(documents.routes("shop/prod", {}, None, {}))["virtual_hosts"][0]["routes"]
    assert route["direct_response"]["status"] == 503


def test_what_counts_depends_on_nothing_that_changes_in_the_life_of_a_group() -> None:
    before, after = (
        wanted(
            HERE, Routing("shop/prod", {}, (group,), split, stable), EnvoySettings(timeout=timeout)
        ).clusters
        for group, split, stable, timeout in (
            (RoutedGroup("g1", "v1", (Address("127.0.0.1", 1),)), Split.all_to("g1"), "g1", None),
            (RoutedGroup("g1", "v1", (), Connections.CLOSED), Split(), None, 3.0),
        )
    )
    assert [one["name"] for one in before] == ["g1", "upgraded-g1", "inner-g1"]
    assert before[:2] == after[:2]
    assert before[2] != after[2]


def test_listeners_depend_only_on_where_they_listen() -> None:
    group = RoutedGroup("g1", "v1", (Address("127.0.0.1", 1),))
    routing = Routing("shop/prod", {}, (group,), Split.all_to("g1"), "g1")
    patient = wanted(HERE, routing, EnvoySettings())
    hasty = wanted(HERE, routing, EnvoySettings(timeout=1.0))
    moved = wanted(HERE, routing, EnvoySettings(listen=Address("127.0.0.1", 9)))
    assert patient.listeners == hasty.listeners
    assert {one["name"] for one in patient.listeners} & {one["name"] for one in moved.listeners} == {
        "inner-g1"
    }


def test_only_what_is_named_is_told_anew() -> None:
    old: list[Mapping[str, object]] = [
        {"name": "g1", "n": 1},
        {"name": "inner-g1", "n": 1},
        {"name": "g0", "n": 1},
    ]
    new: list[Mapping[str, object]] = [
        {"name": "g1", "n": 2},
        {"name": "inner-g1", "n": 2},
        {"name": "g2", "n": 2},
    ]
    assert offering(new, renewing=frozenset({"inner-g1"}))(old) == [
        {"name": "g1", "n": 1},
        {"name": "inner-g1", "n": 2},
        {"name": "g0", "n": 1},
        {"name": "g2", "n": 2},
    ]


def test_a_closed_group_has_no_inner_listener() -> None:
    groups = (RoutedGroup("g1", "v1"), RoutedGroup("g2", "v2", connections=Connections.CLOSED))
    found = wanted(HERE, Routing("shop/prod", {}, groups), EnvoySettings()).listeners
    assert [one["name"] for one in found] == ["outer-shop/prod-127.0.0.1:8080", "inner-g1"]


def test_the_version_of_a_file_is_that_of_its_content() -> None:
    def version(split: Mapping[str, int]) -> object:
        return documents.route_file(documents.routes("shop/prod", split, None, {}))["version_info"]

    assert version({"a": 10_000}) == version({"a": 10_000})
    assert version({"a": 10_000}) != version({"b": 10_000})


def test_the_time_out_is_carried_to_the_inner_listener() -> None:
    def carried(timeout: float | None) -> dict[str, str]:
        host = plain(documents.routes("shop/prod", {"a": 10_000}, timeout, {}))["virtual_hosts"][0]
        return {one["header"]["key"]: one["header"]["value"] for one in host["request_headers_to_add"]}

    assert set(carried(None)) == {"X-Forwarded-For"}
    assert carried(0.25)["x-envoy-upstream-rq-timeout-ms"] == "250"


def test_neighbouring_latency_bounds_are_close_from_1_ms_to_60_s() -> None:
    assert (BOUNDS_MS[0], BOUNDS_MS[-1]) == (1, 60_000)
    assert all(low < high <= low * 1.25 for low, high in pairwise(BOUNDS_MS))


def test_the_admin_is_a_private_socket() -> None:
    document = cast("dict[str, Any]", bootstrap("here", Path("/node"), Path("/node/admin.sock")))
    assert document["admin"]["address"]["pipe"] == {"path": "/node/admin.sock", "mode": 0o600}
    assert document["stats_flush_interval"] == "0.25s"
