"""Settings as people write them."""

import pytest
from pydantic import ValidationError

from rollway.api import Address
from rollway_plugins.envoy import descriptor
from rollway_plugins.envoy.settings import EnvoySettings


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("localhost:80", "127.0.0.1", 80),
        (":9000", "0.0.0.0", 9000),
        ("0.0.0.0:1", "0.0.0.0", 1),
        ("[::1]:443", "::1", 443),
        (8080, "127.0.0.1", 8080),
        ("8080", "127.0.0.1", 8080),
    ],
)
def test_where_to_listen(written: object, host: str, port: int) -> None:
    assert EnvoySettings.model_validate({"listen": written}).listen == Address(host, port)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "example.org:80",
        "a:b",
        ":",
        -1,
        True,
        None,
        [],
        "１２:８０",
    ],
)
def test_where_nobody_can_listen(written: object) -> None:
    with pytest.raises(ValidationError):
        EnvoySettings.model_validate({"listen": written})


def test_defaults_end_no_request() -> None:
    settings = EnvoySettings()
    assert (settings.listen, settings.timeout, settings.drain) == (Address("127.0.0.1", 8080), None, 10.0)


def test_settings_are_read_again_as_written() -> None:
    settings = EnvoySettings.model_validate({"listen": "[::1]:80", "timeout": "30s", "drain": "0s"})
    assert EnvoySettings.model_validate(settings.model_dump(mode="json")) == settings


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="lisen"):
        EnvoySettings.model_validate({"lisen": "127.0.0.1:80"})


def test_a_schema_can_be_made() -> None:
    assert set(EnvoySettings.model_json_schema()["properties"]) == {"listen", "timeout", "drain"}


def test_the_plugin_introduces_itself() -> None:
    assert (descriptor.name, descriptor.settings) == ("envoy", EnvoySettings)
