"""What editors show of deploy.yaml: every key of the built-in plugins described, defaults as people write them."""

from collections.abc import Iterator

import pytest

from rollway.config import Json, json_schema
from rollway.config.docstrings import attribute_docstrings
from rollway.config.types import Duration, Settings
from rollway.plugin.loading import load

Fields = dict[str, dict[str, Json]]


@pytest.fixture(scope="module")
def fields() -> Fields:
    """Every field, by its path."""
    return dict(_fields(json_schema(load()), "$"))


def _fields(value: Json, path: str) -> Iterator[tuple[str, dict[str, Json]]]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _fields(each, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for key, each in value.items():
        yield from _fields(each, f"{path}.{key}")
        if key == "properties" and isinstance(each, dict) and not path.endswith(".if"):
            yield from ((f"{path}.{name}", field) for name, field in each.items() if isinstance(field, dict))


def test_no_default_of_a_duration_is_a_bare_number(fields: Fields) -> None:
    durations = {path: field for path, field in fields.items() if "500ms" in str(field.get("examples"))}
    assert durations
    assert {
        path for path, field in durations.items() if isinstance(field.get("default"), int | float)
    } == set()
    assert fields["$.$defs.target.process.HealthSettings.interval"]["default"] == "1s"


def test_every_key_is_described(fields: Fields) -> None:
    """One that refers to a definition is described there."""
    bare = {path for path, field in fields.items() if not field.get("description") and "$ref" not in field}
    assert bare == set()


def test_a_field_is_described_by_what_stands_below_it(fields: Fields) -> None:
    assert str(fields["$.$defs.router.envoy.listen"]["description"]).startswith("Where visitors are taken")


class Parent(Settings):
    above: int = 1
    """Of the parent."""
    again: int = 1
    """Said by the parent."""


class Child(Parent):
    """A child."""

    again: int = 2
    """Said again,

    in two paragraphs.
    """
    silent: Duration = 1.0


def test_docstrings_are_inherited_and_said_again() -> None:
    assert attribute_docstrings(Child) == {
        "above": "Of the parent.",
        "again": "Said again,\n\nin two paragraphs.",
    }


def test_a_model_without_a_source_has_none() -> None:
    assert attribute_docstrings(type("Made", (Settings,), {"__module__": "nowhere"})) == {}
