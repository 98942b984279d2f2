"""Every error and every end of a rollout has its code and its words."""

from __future__ import annotations

import pytest
import typer

from rollway import errors
from rollway.cli.exits import UsageError, explain, of_phase
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


def test_a_mistake_of_ours_says_how_to_report_it() -> None:
    code, text = explain(ZeroDivisionError("division by zero"))
    assert code == 1
    assert text.startswith("rollway: unexpected: ZeroDivisionError: division by zero; ")
    assert "ROLLWAY_DEBUG=1" in text


def test_a_wrong_option_is_wrong_usage() -> None:
    assert explain(typer.BadParameter("no such thing."))[0] == 2
