"""The reference, made of the models that the program itself works with, so that it cannot say anything else."""

from collections.abc import Callable, Mapping
from typing import Final

from docs.generate.api import api
from docs.generate.command_line import command_line
from docs.generate.deploy_yaml import deploy_yaml

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "deploy-yaml.md": deploy_yaml,
    "command-line.md": command_line,
    "api.md": api,
}
"""What `docs/reference` holds, and what makes it."""
