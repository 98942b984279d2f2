"""The wheel works outside the checkout: built, installed into a fresh environment, and used there."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def rollway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment into which only the wheel was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(
        sys.executable, "-m", "build", "--wheel", "--installer", "pip", "--outdir", str(folder), str(CHECKOUT)
    )
    (wheel,) = folder.glob("rollway-*.whl")
    venv.create(folder / "fresh", with_pip=True)
    _run(str(folder / "fresh/bin/python"), "-m", "pip", "install", "--quiet", str(wheel))
    return folder / "fresh/bin/rollway"


def test_says_its_version(rollway: Path) -> None:
    said = _run(str(rollway), "version", "-o", "json")
    assert (
        json.loads(said)["version"]
        == _run(sys.executable, "-c", "import rollway; print(rollway.__version__)").strip()
    )


def test_carries_its_plugins(rollway: Path) -> None:
    plugins = json.loads(_run(str(rollway), "plugins", "-o", "json"))
    assert {(p["kind"], p["name"]) for p in plugins} >= {
        ("target", "process"),
        ("router", "envoy"),
        ("strategy", "canary"),
        ("monitor", "error-rate"),
    }
    assert not any(p.get("problem") for p in plugins)


def test_runs_the_demo(rollway: Path, tmp_path: Path) -> None:
    told = json.loads(_run(str(rollway), "demo", "-o", "json", folder=tmp_path))
    assert (told["promoted"], told["rolled_back"], told["failed_other"]) == (True, True, 0)


def _run(*command: str, folder: Path = Path("/")) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
