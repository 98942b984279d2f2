"""The guide for plugin authors, followed: its files are saved, its tests are run, its plugin is found and used."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-plugin.md"
FILE = re.compile(r"^```\w+\n# (?P<name>\S+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, installed as pip would: the module on the path, its entry point beside it."""
    folder = tmp_path_factory.mktemp("backlog")
    for found in FILE.finditer(GUIDE.read_text(encoding="utf-8")):
        (folder / found["name"]).write_text(found["body"])
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = "".join(f"{key} = {value}\n" for key, value in project["entry-points"]["rollway"].items())
    (info / "entry_points.txt").write_text(f"[rollway]\n{points}")
    return folder


def python(folder: Path, *words: str) -> str:
    """What a Python that has the package installed prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_tests_pass(package: Path) -> None:
    told = python(package, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert re.search(r"^5 passed", told, re.MULTILINE), told


def test_it_is_loaded_like_any_other(package: Path) -> None:
    plugins = json.loads(python(package, "-m", "rollway", "plugins", "-o", "json"))
    found = [each for each in plugins if each["name"] == "backlog"]
    assert [(each["kind"], each["loaded"], each["origin"]) for each in found] == [
        ("monitor", True, "rollway-backlog")
    ]


def test_its_settings_are_words_of_deploy_yaml(package: Path) -> None:
    assert "OK" in python(package, "-m", "rollway", "validate")


def test_it_is_as_short_as_the_page_says() -> None:
    module = next(FILE.finditer(GUIDE.read_text(encoding="utf-8")))["body"]
    assert len(module.splitlines()) < 100
