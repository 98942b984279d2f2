"""Splits are whole or empty, whatever is done to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.domain.split import EMPTY, WHOLE, Split

NAMES = st.sampled_from(["stable", "canary", "preview", "other"])


@st.composite
def splits(draw: st.DrawFn) -> Split:
    """Any legal split."""
    groups = draw(st.lists(NAMES, unique=True, max_size=4))
    if not groups:
        return EMPTY
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), min_size=len(groups) - 1, max_size=len(groups) - 1)))
    shares = [b - a for a, b in zip([0, *cuts], [*cuts, WHOLE], strict=True)]
    return Split(dict(zip(groups, shares, strict=True)))


@pytest.mark.parametrize("shares", [{"a": 9_999}, {"a": 10_001}, {"a": 0}, {"a": -1, "b": 10_001}])
def test_anything_but_a_whole_is_refused(shares: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"whole|negative"):
        Split(shares)


@given(splits(), NAMES)
def test_without_a_group_nothing_is_left_to_it_and_nothing_lost(split: Split, refuge: str) -> None:
    for group in {"stable", "canary", "preview", "other"} - {refuge}:
        left = split.without(group, refuge)
        assert left.of(group) == 0
        assert sum(left.shares.values()) == (WHOLE if split.shares else 0)
        assert left.of(refuge) == split.of(refuge) + split.of(group)
        assert all(left.of(g) == split.of(g) for g in split.shares if g not in (group, refuge))


@given(splits(), NAMES)
def test_without_a_refuge_the_rest_stays_if_it_is_whole(split: Split, group: str) -> None:
    left = split.without(group, None)
    assert left.of(group) == 0
    assert left.shares == {} or left.shares == {g: s for g, s in split.shares.items() if g != group}


@given(splits(), NAMES, NAMES)
def test_taking_a_group_out_twice_is_taking_it_out_once(split: Split, group: str, refuge: str) -> None:
    if group != refuge:
        once = split.without(group, refuge)
        assert once.without(group, refuge) == once


@given(splits())
def test_equal_splits_hash_alike_whatever_their_order(split: Split) -> None:
    again = Split(dict(reversed(list(split.shares.items()))))
    assert (again, hash(again)) == (split, hash(split))
    assert split.of("unheard-of") == 0


def test_all_to_one() -> None:
    assert Split.all_to("a") == Split({"a": WHOLE})
