"""Whatever stands in a document: it is right, or it is refused with sentences; nothing else happens."""

import json
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollway.config import Json, parse_settings
from rollway.config.reader import read
from rollway.errors import ConfigurationError
from tests.unit.config.documents import EXAMPLE
from tests.unit.config.plugins import PLUGINS

DOCUMENT = read(EXAMPLE)[0]

STRANGE: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["none", "5%", "1m", "canary", "process", "${X}", 10**400, "9" * 5000, "\0", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["use", "steps", "weight", "hold", "secret", "x", ""]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def paths(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in entries:
        yield from paths(each, (*path, key))


PATHS = [path for path in paths(DOCUMENT) if path]


def replaced(value: Json, path: tuple[str | int, ...], new: Json) -> Json:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(each, path[1:], new) if key == path[0] else each for key, each in value.items()}
    if isinstance(value, list):
        return [
            replaced(each, path[1:], new) if index == path[0] else each for index, each in enumerate(value)
        ]
    return value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), STRANGE)
def test_a_strange_value_anywhere_is_right_or_refused_in_sentences(
    path: tuple[str | int, ...], strange: Json
) -> None:
    document = replaced(DOCUMENT, path, strange)
    assert isinstance(document, dict)
    try:
        deployment = parse_settings(document, PLUGINS)
    except ConfigurationError as error:
        problems = error.problems
        assert problems
    else:
        problems = deployment.warnings
        json.dumps(deployment.settings, ensure_ascii=False, allow_nan=False).encode()
    for each in problems:
        assert each.message
        assert "\n" not in each.message
        assert len(str(each)) < 1000
        assert "pydantic" not in str(each)
