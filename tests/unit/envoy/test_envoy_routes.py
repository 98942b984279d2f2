"""Which weights are allowed, and what takes a group back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.api import Mark, PluginError, RoutedGroup, Routing, Split
from rollway_plugins.envoy import routes
from rollway_plugins.envoy.routes import Routes, permitted, takebacks

GROUPS = ("a", "b", "c", "d")


@st.composite
def some_routes(draw: st.DrawFn) -> Routes:
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=3, max_size=3)))
    edges = [0, *cuts, 10_000]
    shares = {name: high - low for name, low, high in zip(GROUPS, edges, edges[1:], strict=False)}
    stable = draw(st.sampled_from([None, *GROUPS]))
    return Routes("shop/prod", Split(shares), stable)


def mark(group: str) -> Mark:
    return Mark(group, "key", f"why {group}")


@given(some_routes(), st.sets(st.sampled_from(GROUPS)))
def test_a_marked_group_has_no_weight_and_the_rest_is_whole(given_: Routes, marked: set[str]) -> None:
    lowered = given_.lowered([mark(group) for group in marked - {given_.stable}])
    assert all(lowered.split.of(group) == 0 for group in lowered.marked)
    assert sum(lowered.split.shares.values()) in (0, 10_000)
    others = set(GROUPS) - lowered.marked - {given_.stable}
    if given_.stable:
        assert all(lowered.split.of(group) == given_.split.of(group) for group in others)


@given(some_routes())
def test_before_any_weight_what_takes_it_back_lies_ready(given_: Routes) -> None:
    ready = takebacks(given_, GROUPS)
    for group in set(GROUPS) - {given_.stable}:
        assert ready[group].takes_back(group, given_)
        assert ready[group].split.of(group) == 0
    assert given_.stable is None or given_.stable not in ready


@given(some_routes(), st.permutations(GROUPS))
def test_groups_can_be_lowered_one_after_another_with_what_lay_ready(
    given_: Routes, order: list[str]
) -> None:
    ready, now = takebacks(given_, GROUPS), given_
    for group in order:
        if group == given_.stable or group in now.marked:
            continue
        fitting = [one for one in (ready.get(group), ready.get(None)) if one and one.takes_back(group, now)]
        assert fitting
        now = fitting[0]
    assert all(now.split.of(group) == 0 for group in GROUPS if group != given_.stable)


def test_a_file_of_other_weights_does_not_take_back() -> None:
    now = Routes("shop/prod", Split({"a": 10_000, "b": 0}), "a")
    raising = Routes("shop/prod", Split({"a": 5_000, "b": 5_000}), "a").lowered([mark("c")])
    other_stable = Routes("shop/prod", Split({"b": 10_000}), "b").lowered([mark("c")])
    assert not raising.takes_back("c", now)
    assert not other_stable.takes_back("c", now)
    assert not now.takes_back("b", now)


@given(some_routes(), st.sets(st.sampled_from(GROUPS)))
def test_what_is_written_is_read_again_as_envoy_gives_it_back(given_: Routes, marked: set[str]) -> None:
    whole = given_.lowered([mark(group) for group in sorted(marked - {given_.stable})])
    # Envoy turns the numbers of its metadata into floats.
    text = json.loads(json.dumps(routes.write(whole)["resources"]), parse_int=float)
    assert routes.read(text[0]) == whole


def routing(split: Split, stable: str | None) -> Routing:
    return Routing("shop/prod", {}, tuple(RoutedGroup(name, "v1") for name in GROUPS), split, stable)


def test_a_split_over_unknown_groups_is_refused() -> None:
    with pytest.raises(PluginError, match="'x'"):
        permitted(routing(Split.all_to("x"), None), None, ())
    with pytest.raises(PluginError, match="'y'"):
        permitted(routing(Split.all_to("a"), "y"), None, ())


def test_a_stable_group_that_is_marked_is_refused_weight_and_may_stand_at_0() -> None:
    with pytest.raises(PluginError, match="mark"):
        permitted(routing(Split.all_to("a"), "a"), None, [mark("a")])
    assert permitted(routing(Split.all_to("b"), "a"), None, [mark("a")]).split.of("b") == 10_000


def test_a_route_file_of_somebody_else_is_an_error() -> None:
    with pytest.raises(PluginError, match="somebody else"):
        routes.read({"name": "shop/prod", "virtual_hosts": []})
