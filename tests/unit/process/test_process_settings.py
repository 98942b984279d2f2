import jsonschema
import pytest
from pydantic import ValidationError

from rollway_plugins.process.settings import ProcessSettings


def settings(**more: object) -> ProcessSettings:
    return ProcessSettings.model_validate({"command": "serve {port}", **more})


def test_the_smallest_settings() -> None:
    found = settings()
    assert (found.command, found.instances) == (("serve", "{port}"), 1)
    assert (found.health.path, found.health.interval, found.health.healthy_after) == (None, 1.0, 2)
    assert (found.stop.signal, found.stop.grace) == ("TERM", 10.0)


def test_the_example_of_the_contract() -> None:
    health = {"path": "/healthz", "interval": "1s", "healthy_after": 2}
    assert settings(instances=3, health=health).health.path == "/healthz"


def test_numbers_in_the_environment_are_text() -> None:
    assert settings(environment={"WORKERS": 4, "RATE": 0.5}).environment == {"WORKERS": "4", "RATE": "0.5"}


def test_settings_survive_being_stored() -> None:
    before = settings(environment={"KEY": {"secret": "KEY"}}, stop={"grace": "90s", "signal": "QUIT"})
    assert ProcessSettings.model_validate(before.model_dump(mode="json")) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": ""},
        {"instances": -1},
        {"instances": 1001},
        {"health": {"path": "healthz"}},
        {"health": {"path": "/a b"}},
        {"health": {"path": "/a\r\nX-Header: b"}},
        {"health": {"path": "/", "tcp": True}},
        {"health": {"interval": "0s"}},
        {"health": {"healthy_after": 0}},
        {"health": {"every": "1s"}},
        {"environment": {"A=B": "x"}},
        {"environment": {"": "x"}},
        {"environment": {"A": "x\0y"}},
        {"environment": {"A": True}},
        {"environment": {"A": None}},
        {"environment": {"ROLLWAY_INSTANCE": "x"}},
        {"environment": {"A": {"secret": "B", "value": "C"}}},
        {"directory": "/etc"},
        {"directory": "../other"},
        {"directory": "app/../../other"},
        {"stop": {"signal": "STOP"}},
        {"stop": {"grace": "soon"}},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_a_refused_secret_does_not_repeat_it() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(environment={"A": {"secret": "B", "value": "hunter2"}})
    assert "hunter2" not in str(refused.value)


def test_one_wrong_value_is_one_error() -> None:
    for wrong in (True, None, ["x"], {"secret": "B", "value": "C"}):
        with pytest.raises(ValidationError) as refused:
            settings(environment={"A": wrong})
        assert refused.value.error_count() == 1


def test_the_schema_knows_what_the_settings_take() -> None:
    taken = {
        "command": "serve {port}",
        "instances": 3,
        "health": {"path": "/healthz", "interval": "1s", "healthy_after": 2},
        "environment": {"WORKERS": 4, "MODE": "fast", "KEY": {"secret": "KEY"}},
        "stop": {"signal": "INT", "grace": "1m"},
    }
    jsonschema.validate(taken, ProcessSettings.model_json_schema())
    ProcessSettings.model_validate(taken)
