from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollway.api import Address, Group, Secret
from rollway_plugins.process.filling import environment, fill, inherited, values
from rollway_plugins.process.settings import ProcessSettings

GROUP = Group(id="g", application="shop", environment="prod", release="v1")
KNOWN = values(GROUP, "i-7", Address("127.0.0.1", 4312))


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("--port={port}", "--port=4312"),
        ("{address}", "127.0.0.1:4312"),
        ("{instance}", "127.0.0.1:4312"),
        ("{instance_id}/{release}", "i-7/v1"),
        ("{{port}}", "{4312}"),
        ("${HOME} {} {0} {ports} {port", "${HOME} {} {0} {ports} {port"),
        ('{"port": {port}}', '{"port": 4312}'),
    ],
)
def test_only_the_five_placeholders_are_filled_in(written: str, filled: str) -> None:
    assert fill(written, KNOWN) == filled


@given(st.text(alphabet="{}portadesinc_ $\\\n"))
def test_whatever_is_written_nothing_breaks(written: str) -> None:
    filled = fill(written, KNOWN)
    assert filled == written or any(value in filled for value in KNOWN.values())


def test_little_is_inherited() -> None:
    daemon = {
        "PATH": "/bin",
        "HOME": "/root",
        "LC_ALL": "C",
        "AWS_SECRET_ACCESS_KEY": "x",
        "ROLLWAY_TOKEN": "y",
    }
    assert inherited(daemon, Path("/venv/bin/python")) == {
        "PATH": "/bin:/venv/bin",
        "HOME": "/root",
        "LC_ALL": "C",
    }


def test_there_is_always_a_path() -> None:
    assert "/usr/bin" in inherited({}, Path("/venv/bin/python"))["PATH"].split(":")


def test_the_environment() -> None:
    settings = ProcessSettings.model_validate(
        {
            "command": "x",
            "environment": {"LISTEN": "{address}", "KEY": {"secret": "KEY"}, "PATH": "/mine"},
        }
    )
    found = environment(
        settings, GROUP, KNOWN, "word", {"PATH": "/bin", "HOME": "/"}, lambda secret: f"<{secret.name}>"
    )
    assert found == {
        "HOME": "/",
        "PATH": "/mine",
        "LISTEN": "127.0.0.1:4312",
        "KEY": "<KEY>",
        "PORT": "4312",
        "ROLLWAY_INSTANCE": "i-7",
        "ROLLWAY_START": "word",
        "ROLLWAY_RELEASE": "v1",
        "ROLLWAY_ENVIRONMENT": "prod",
        "ROLLWAY_APPLICATION": "shop",
    }


def test_a_secret_is_not_filled_in() -> None:
    settings = ProcessSettings.model_validate({"command": "x", "environment": {"KEY": {"secret": "KEY"}}})

    def reveal(secret: Secret) -> str:
        return "{port}"

    assert environment(settings, GROUP, KNOWN, "word", {}, reveal)["KEY"] == "{port}"
