"""A smallest right document, and ways to read variations of it."""

from collections.abc import Mapping
from pathlib import Path

from rollway.config import Deployment, load
from rollway.errors import ConfigurationError
from tests.unit.config.plugins import PLUGINS

EXAMPLE = Path(__file__).parents[2] / "data" / "contract-example.yaml"

SMALL = """\
version: 1
application: shop
environments:
  prod:
    target: {use: process, command: python app.py}
    strategy:
      use: canary
      steps:
        - {weight: 5%, hold: 1m}
"""


def loaded(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> Deployment:
    """The deployment in a text."""
    file = tmp_path / "deploy.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, environ or {}, PLUGINS)


def complaints(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """Every problem with a text, without the folder it lies in; empty where it is right."""
    try:
        loaded(tmp_path, text, environ)
    except ConfigurationError as error:
        return [str(each).replace(f"{tmp_path}/", "") for each in error.problems]
    return []
