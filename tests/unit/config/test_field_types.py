"""Durations, weights, percentages, secrets, commands, names: what people write and what it means."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollway.config.types import (
    ApplicationName,
    CommandLine,
    Duration,
    Ratio,
    ReleaseName,
    Secret,
    Settings,
    Share,
    Weight,
    format_duration,
    format_share,
    format_weight,
    parse_duration,
    parse_share,
    parse_weight,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("10s", 10),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "-5s", "5 s", "s", "nan", "infs", "1e3s", "٥s", "5S", "3651d", "9" * 400 + "s"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(text)


@given(st.integers(0, 10 * 365 * 86_400_000))
def test_durations_round_trip(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("written", "hundredths"),
    [
        ("5%", 500),
        ("5", 500),
        (5, 500),
        (0.25, 25),
        ("0.25%", 25),
        ("100 %", 10_000),
        (0, 0),
        (33.33, 3333),
        ("0.01%", 1),
    ],
)
def test_weights(written: str | float, hundredths: int) -> None:
    assert parse_weight(written) == hundredths


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-1%",
        "101%",
        "0.001%",
        "five",
        "5%%",
        "1e1",
        math.nan,
        math.inf,
        -1,
        100.01,
        10**400,
        1e-9,
        "5٪",
        "٥%",
    ],
)
def test_no_weights(written: str | float) -> None:
    with pytest.raises(ValueError, match="expected a weight"):
        parse_weight(written)


@given(st.integers(0, 10_000))
def test_weights_round_trip(hundredths: int) -> None:
    assert parse_weight(format_weight(hundredths)) == hundredths


@given(st.integers(0, 10_000_000))
def test_shares_round_trip(millionths: int) -> None:
    assert parse_share(format_share(millionths / 1e7)) == millionths / 1e7


def test_shares_are_fractions() -> None:
    assert parse_share("0.2%") == 0.002
    assert TypeAdapter(Ratio).validate_python("150%") == 1.5
    for wrong in ("0.2", "101%", "x"):
        with pytest.raises(ValueError, match="expected a percentage"):
            parse_share(wrong)


class Example(Settings):
    interval: Duration = 1.0
    weight: Weight = 500
    tolerance: Share = 0.002


def test_values_in_python_and_their_writing() -> None:
    example = Example(interval=0.5)
    assert example.interval == 0.5
    assert example.model_dump(mode="json") == {"interval": "500ms", "weight": "5%", "tolerance": "0.2%"}
    assert Example.model_validate(example.model_dump(mode="json")) == example


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, True, None, [], 1e300, 10**400])
def test_numbers_that_are_no_durations(value: object) -> None:
    with pytest.raises(ValidationError):
        Example.model_validate({"interval": value})


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("python app.py --port {port}", ("python", "app.py", "--port", "{port}")),
        ("serve \"two words\" '$HOME'", ("serve", "two words", "$HOME")),
        (["sh", "-c", "a; b"], ("sh", "-c", "a; b")),
        (["sleep", 5], ("sleep", "5")),
    ],
)
def test_commands(written: object, words: tuple[str, ...]) -> None:
    assert TypeAdapter(CommandLine).validate_python(written) == words


@pytest.mark.parametrize(
    "written", ["", "  ", [], [""], "it's", 5, {"a": 1}, ["a", 1.5], ["a", None], ["a\0b"], "''"]
)
def test_no_commands(written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CommandLine).validate_python(written)


def test_secrets_go_by_name() -> None:
    secret = TypeAdapter(Secret).validate_python({"secret": "SLACK_URL"})
    assert secret.name == "SLACK_URL"
    assert secret.model_dump() == {"secret": "SLACK_URL"}
    for wrong in ("hunter2", {"secret": "../hunter2"}, {"secret": "a", "hunter2": 1}, None):
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(Secret).validate_python(wrong)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("name", "right"), [("a", True), ("shop-2", True), ("a" * 40, True), ("a" * 41, False), ("-a", False), ("a-", False), ("A", False), ("", False), ("a\n", False), ("é", False)])  # fmt: skip
def test_application_names(name: str, right: bool) -> None:
    adapter = TypeAdapter(ApplicationName)
    if right:
        assert adapter.validate_python(name) == name
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(name)


@pytest.mark.parametrize("name", ["v1.2.3", "3f2a91c-dirty-0b5e77", "1+build_7", "A" * 100])
def test_release_names(name: str) -> None:
    assert TypeAdapter(ReleaseName).validate_python(name) == name


@pytest.mark.parametrize("name", ["", ".a", "a/b", "A" * 101, "a b", "a\n", 5])
def test_no_release_names(name: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(ReleaseName).validate_python(name)


def test_the_types_are_imported_without_yaml() -> None:
    program = "import sys, rollway.config.types; sys.exit('ruamel' in str(sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
