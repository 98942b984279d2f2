"""What git says of a folder, asked of the real git."""

import shutil
import subprocess
from pathlib import Path

import pytest

from rollway.artifact import source_revision

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "server.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_tree(checkout: Path) -> None:
    revision = source_revision(checkout / "app")
    assert revision
    assert revision.full == git(checkout, "rev-parse", "HEAD")
    assert revision.full.startswith(revision.short)
    assert 7 <= len(revision.short) <= 12
    assert not revision.dirty


@pytest.mark.parametrize(
    ("changed", "dirty"),
    [("app/server.py", True), ("new.py", True), (".rollway/db", False), ("app/.venv/x", False)],
)
def test_what_makes_a_tree_unclean(checkout: Path, changed: str, dirty: bool) -> None:
    (checkout / changed).parent.mkdir(parents=True, exist_ok=True)
    (checkout / changed).write_text("2")
    for folder in (checkout, checkout / "app"):
        revision = source_revision(folder)
        assert revision
        assert revision.dirty is dirty


def test_without_a_repository_or_a_commit_or_a_folder(tmp_path: Path) -> None:
    assert source_revision(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert source_revision(tmp_path) is None
    assert source_revision(tmp_path / "missing") is None


def test_a_hook_of_another_repository_does_not_mislead(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    assert source_revision(checkout)


def test_without_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert source_revision(checkout) is None
