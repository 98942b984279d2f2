"""What comes from the core, checked once more where it becomes names of files and commands."""

import re

from pydantic import ValidationError

from rollway.api import Group, PluginError
from rollway_plugins.process.settings import ProcessSettings

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")


def check_names(group: Group, instance: str) -> None:
    """They become names of files. Raises PluginError."""
    for name in (group.id, group.application, group.environment, group.release, instance):
        if not _SAFE.fullmatch(name):
            raise PluginError(f"{name!r} cannot be the name of a file; nothing was started")


def check_place(place: str) -> None:
    """An environment's full name becomes the name of a file. Raises PluginError."""
    if not all(_SAFE.fullmatch(name) for name in place.split("/")):
        raise PluginError(f"{place!r} is not the name of an environment")


def settings_of(group: Group) -> ProcessSettings:
    """The group's settings, less `use`. Raises PluginError that names what is wrong."""
    settings = {name: value for name, value in group.settings.items() if name != "use"}
    try:
        return ProcessSettings.model_validate(settings)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise PluginError(f"release {group.release} does not fit the target process: {problems}") from None
