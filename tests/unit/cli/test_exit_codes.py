"""Every error and every end of a rollout has its code and its words."""

from __future__ import annotations

import pytest
import typer

from rollway import errors
from rollway.cli.exits import UsageError, explain, of_phase
from rollway.cli.main import main
from rollway.cli.words import refuse_empty
from rollway.domain.words import Phase
from rollway.store.protocol import StoreUnavailable

PROBLEM = errors.Problem("deploy.yaml", 3, 5, "environments.prod", "unknown key", "strategy")


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        (Phase.PROMOTED, 0),
        (Phase.BAKING, 0),
        (Phase.ROLLED_BACK, 3),
        (Phase.ABORTED, 4),
        (Phase.FAILED, 5),
        (Phase.RUNNING, 9),
        (Phase.PAUSED, 9),
        (Phase.PENDING, 9),
    ],
)
def test_the_code_of_a_phase(phase: Phase, code: int) -> None:
    assert of_phase(phase) == code


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("no", advice="do this"), 2, "rollway: no; do this\n"),
        (
            errors.ConfigurationError([PROBLEM]),
            2,
            "rollway: deploy.yaml:3:5: environments.prod: unknown key; did you mean 'strategy'?\n",
        ),
        (errors.NotBuiltError([errors.Refusal(None, None, None, "pipeline", "no")]), 2, "rollway: pipeline: no\n"),
        (errors.UnsafeArtifactError("leads out"), 2, "rollway: leads out\n"),
        (errors.UnreachableError("gone"), 6, "rollway: gone\n"),
        (errors.ForbiddenError("no"), 7, "rollway: no\n"),
        (errors.ConflictError("busy", advice="wait"), 8, "rollway: busy; wait\n"),
        (errors.NotFoundError("none"), 10, "rollway: none\n"),
        (errors.PluginError("broken"), 1, "rollway: broken\n"),
        (errors.RollwayError("two\nlines", advice="then this"), 1, "rollway: two\nlines\nthen this\n"),
        (StoreUnavailable("disk full", "free some"), 1, "rollway: disk full; free some\n"),
        (errors.RollwayError("\x1b[31mred\x1b[0m\u202e"), 1, "rollway: \ufffd[31mred\ufffd[0m\ufffd\n"),
    ],
)  # fmt: skip
def test_the_code_and_text_of_an_error(error: Exception, code: int, text: str) -> None:
    assert explain(error) == (code, text)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Value error, 'foo' is not one of 'a', 'b'", "'foo' is not one of 'a', 'b'"),
        ("Input should be a valid integer, unable to parse string as an integer", "expected a whole number"),
        ("Input should be a valid number, unable to parse string as a number", "expected a number"),
        ("Input should be greater than or equal to 1", "expected 1 or more"),
        ("Input should be less than or equal to 1000", "expected 1000 or less"),
        ("Input should be 'a' or 'b'", "expected 'a' or 'b'"),
    ],
)
def test_what_typer_says_is_said_in_plain_words(theirs: str, ours: str) -> None:
    code, text = explain(typer.BadParameter(theirs))
    assert (code, text) == (2, f"rollway: invalid value: {ours}; see rollway --help\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["daemon", "--data", ""], "the value of --data is empty"),
        (["daemon", "--data="], "the value of --data is empty"),
        (["validate", "-f", ""], "the value of -f is empty"),
        (["get", ""], "an argument is empty"),
        ([""], "an argument is empty"),
    ],
)
def test_an_empty_word_is_refused(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The data folder of a variable that is not set would be the folder one stands in."""
    assert main(words) == 2
    assert capsys.readouterr().err == f"rollway: {said}; is a variable not set?\n"


def test_a_reason_and_a_token_may_be_empty() -> None:
    refuse_empty(["abort", "x", "--reason", "", "--token", "", "--reason="])


def test_a_mistake_of_ours_says_how_to_report_it() -> None:
    code, text = explain(ZeroDivisionError("division by zero"))
    assert code == 1
    assert text.startswith("rollway: unexpected: ZeroDivisionError: division by zero; ")
    assert "ROLLWAY_DEBUG=1" in text


def test_a_wrong_option_is_wrong_usage() -> None:
    assert explain(typer.BadParameter("no such thing."))[0] == 2
