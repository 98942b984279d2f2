"""How the names of streams travel in notices."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.store import is_shared
from rollway.store.postgres_notices import payloads, streams_of

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3000)
MOST = 8000
"""Bytes that PostgreSQL takes in one notice, and one less."""


@given(st.sets(NAMES, max_size=60))
def test_every_stream_is_told_or_that_some_were_not(names: set[str]) -> None:
    packed = payloads(names)
    assert all(len(payload.encode()) < MOST for payload in packed)
    told: list[str | None] = [stream for payload in packed for stream in streams_of(payload)]
    missing = names - set(told)
    assert all(len(json.dumps(name)) > MOST - 200 for name in missing)
    assert (None in told) == bool(missing)


@pytest.mark.parametrize("payload", ["", "null", "{}", "[1]", "not json", '"r1"', "[["])
def test_what_somebody_else_announces_is_no_stream(payload: str) -> None:
    assert streams_of(payload) == [None]


@pytest.mark.parametrize(
    ("url", "shared"),
    [
        ("postgresql://u@h/d", True),
        ("postgres://u@h/d", True),
        ("postgresql+psycopg://u@h/d", True),
        ("sqlite:////var/lib/rollway/rollway.db", False),
        ("", False),
    ],
)
def test_which_databases_are_shared(url: str, shared: bool) -> None:
    assert is_shared(url) == shared
