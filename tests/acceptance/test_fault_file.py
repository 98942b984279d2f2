"""What is wrong in a deploy.yaml is told before anything begins: the place, what was expected, the nearest right spelling."""

from pathlib import Path

import pytest

from rollway.cli.main import main
from tests.acceptance.faults import FILE, clean


def place(text: str, what: str) -> str:
    """Where something stands in a file, as errors name it."""
    (number, line), *_ = [(n, line) for n, line in enumerate(text.splitlines(), 1) if what in line]
    return f"deploy.yaml:{number}:{line.index(what) + 1}: "


def refused(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> str:
    """What `validate` says of a file, in exit code and words."""
    (folder / "deploy.yaml").write_text(text)
    assert main(["validate", "-f", str(folder / "deploy.yaml")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return clean(err)


def test_a_mistyped_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILE.replace("weight", "wieght")
    said = refused(tmp_path, capsys, text)
    assert place(text, "wieght") + "environments.prod.strategy.steps[0].wieght: " in said
    assert "did you mean 'weight'?" in said


def test_an_unknown_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILE.replace("use: process", "use: proces")
    said = refused(tmp_path, capsys, text)
    assert place(text, "proces,") + "environments.prod.target.use: " in said
    assert "'proces'" in said
    assert "did you mean 'process'?" in said


def test_a_weight_of_101(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = FILE.replace("5%", "101")
    said = refused(tmp_path, capsys, text)
    assert place(text, "101") + "environments.prod.strategy.steps[0].weight: " in said
    assert "100" in said


def test_a_missing_environment_variable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SHOP_COMMAND", raising=False)
    text = FILE.replace("python server.py", "'${SHOP_COMMAND}'")
    said = refused(tmp_path, capsys, text)
    assert place(text, "'${SHOP") + "environments.prod.target.command: " in said
    assert "SHOP_COMMAND" in said
    assert "${SHOP_COMMAND:-" in said
