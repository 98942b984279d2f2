"""The example of the contract: it parses, and exactly what is not built yet is refused."""

import pytest
from jsonschema import Draft202012Validator

from rollway.config import Json, json_schema, load, parse_settings, refuse_unbuilt, unbuilt
from rollway.config.reader import read
from rollway.errors import ConfigurationError, NotBuiltError
from tests.unit.config.documents import EXAMPLE
from tests.unit.config.plugins import PLUGINS, Canary, ErrorRate, Process


def test_it_is_refused_for_exactly_what_is_not_built() -> None:
    deployment = load(EXAMPLE, {}, PLUGINS)
    assert [(each.line, each.column, each.path) for each in deployment.refusals] == [
        (4, 1, "source"),
        (6, 3, "build.use"),
        (7, 3, "build.run"),
        (27, 11, "environments.prod.strategy.steps[2].approve"),
        (30, 7, "environments.prod.strategy.bake"),
        (34, 9, "environments.prod.monitors[1].use"),
        (37, 9, "environments.prod.monitors[2].use"),
        (42, 5, "environments.prod.hooks"),
        (44, 5, "environments.prod.notify"),
        (47, 1, "pipeline"),
    ]
    assert all("not built yet" in each.sentence and "\n" not in each.sentence for each in deployment.refusals)
    assert deployment.warnings == ()
    with pytest.raises(NotBuiltError) as caught:
        refuse_unbuilt(deployment)
    assert caught.value.refusals == deployment.refusals
    assert len(str(caught.value).splitlines()) == 10


def test_its_values() -> None:
    deployment = load(EXAMPLE, {}, PLUGINS)
    prod = deployment.environments["prod"]
    assert deployment.application == "shop"
    assert deployment.artifact == "app"
    assert prod.target.use == "process"
    assert isinstance(prod.target.model, Process)
    assert prod.target.model.command == ("python", "server.py", "--port", "{port}")
    assert prod.target.settings["health"] == {"path": "/healthz", "interval": "1s", "healthy_after": 2}
    assert prod.router.settings == {"listen": "127.0.0.1:8080"}
    assert isinstance(prod.strategy.model, Canary)
    assert [(step.weight, step.hold) for step in prod.strategy.model.steps] == [
        (500, 60.0),
        (2500, 300.0),
        (None, None),
        (5000, 600.0),
    ]
    assert [each.name for each in prod.monitors] == ["error-rate", "latency", "orders"]
    assert isinstance(prod.monitors[0].model, ErrorRate)
    assert prod.monitors[0].model.tolerance == 0.01
    assert not prod.unwatched


def test_stored_settings_give_the_same_deployment() -> None:
    deployment = load(EXAMPLE, {}, PLUGINS)
    again = parse_settings(deployment.settings, PLUGINS)
    assert again == deployment
    assert [each.path for each in again.refusals] == sorted(each.path for each in deployment.refusals)
    assert {each.line for each in again.refusals} == {None}


def test_it_is_valid_by_the_json_schema() -> None:
    schema = json_schema(PLUGINS)
    Draft202012Validator.check_schema(schema)
    document, _, _ = read(EXAMPLE)
    assert list(Draft202012Validator(schema).iter_errors(document)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"application": "Shop"},
        {"enviroments": {}},
        {"environments": {}},
        {"version": 2},
        {"pipeline": {}},
    ],
)
def test_the_json_schema_refuses_what_the_reader_refuses(change: dict[str, Json]) -> None:
    document, _, _ = read(EXAMPLE)
    assert isinstance(document, dict)
    assert not Draft202012Validator(json_schema(PLUGINS)).is_valid({**document, **change})
    with pytest.raises(ConfigurationError):
        parse_settings({**document, **change}, PLUGINS)


@pytest.mark.parametrize(
    ("kind", "section", "right"),
    [
        ("target", {"use": "process", "command": "x", "health": {"interval": "1s"}}, True),
        ("target", {"use": "process"}, False),
        ("target", {"use": "process", "command": "x", "instnces": 3}, False),
        ("target", {"use": "ssh", "hosts": ["a"]}, True),
        ("target", {"use": "proces", "command": "x"}, False),
        ("strategy", {"use": "blue-green", "preview": {"header": "x-preview: 1"}, "bake": "10m"}, True),
        ("strategy", {"use": "rolling", "batches": "one-at-a-time"}, True),
        ("strategy", {"use": "all-at-once"}, True),
        ("strategy", {"use": "linear10percentEvery1minute"}, True),
        ("strategy", {"use": "canary", "steps": [{"weight": 5, "hold": "1m"}], "capacity": "shift"}, True),
        ("strategy", {"use": "canary", "steps": [{"weight": 500}]}, False),
        ("strategy", {"use": "canary", "steps": [{"observe": {"for": "5m", "until": "evidence"}}]}, True),
        ("monitor", {"use": "error-rate", "tolerance": "1%", "on_no_data": "fail", "dry_run": True}, True),
        ("monitor", {"use": "error-rate", "max": "1%", "warm_up": "10s"}, True),
        ("monitor", {"use": "error-rate", "tolerance": 1}, False),
    ],
)
def test_the_json_schema_knows_sections(kind: str, section: dict[str, object], right: bool) -> None:
    schema = json_schema(PLUGINS)
    validator = Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]})
    assert validator.is_valid(section) is right


def test_the_json_schema_writes_defaults_as_people_do() -> None:
    definitions = json_schema(PLUGINS)["$defs"]
    assert isinstance(definitions, dict)
    assert "'default': '1s'" in str(definitions["target.process.Health"])
    assert "'default': '0.2%'" in str(definitions["monitor.error-rate"])


def test_every_refused_key_has_a_sentence_that_says_what_is_missing() -> None:
    sentences = [
        *unbuilt.KEYS.values(),
        *(text for texts in unbuilt.VALUES.values() for text in texts.values()),
    ]
    assert all("not built yet" in each and not each.endswith(".") for each in sentences)
