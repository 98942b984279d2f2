"""From settings to what is executed: placeholders filled in, the environment put together. Pure."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from rollway.api import Address, Group, Secret
from rollway_plugins.process.marks import INSTANCE, START
from rollway_plugins.process.settings import ProcessSettings

_PLACEHOLDER = re.compile(r"\{(port|address|instance|instance_id|release)\}")

KEPT = frozenset({"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"})
"""What an instance inherits of the daemon's environment, with `LC_*`; nothing else, so that a release runs alike
whoever started the daemon, and the daemon's own secrets stay with it."""

_FALLBACK_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def values(group: Group, instance: str, address: Address) -> Mapping[str, str]:
    """What the placeholders stand for; `{instance}` is the address, as in hooks and queries."""
    return {
        "port": str(address.port),
        "address": str(address),
        "instance": str(address),
        "instance_id": instance,
        "release": group.release,
    }


def fill(text: str, known: Mapping[str, str]) -> str:
    """The text with the five placeholders replaced; every other brace stays."""
    return _PLACEHOLDER.sub(lambda found: known[found[1]], text)


def inherited(daemon: Mapping[str, str], python: Path) -> dict[str, str]:
    """The part of the daemon's environment that instances get.

    The folder of the Python that runs Rollway comes last in `PATH`: where `python` is not installed by that name, it
    is found all the same, and everything that is installed goes first.
    """
    kept = {name: value for name, value in daemon.items() if name in KEPT or name.startswith("LC_")}
    return kept | {"PATH": f"{kept.get('PATH') or _FALLBACK_PATH}:{python.parent}"}


def environment(
    settings: ProcessSettings,
    group: Group,
    known: Mapping[str, str],
    start: str,
    base: Mapping[str, str],
    reveal: Callable[[Secret], str],
) -> dict[str, str]:
    """The whole environment of an instance, `start` being the random word of its mark.

    `reveal` gives the value of a secret, and what it raises goes through.
    """
    own = {
        name: fill(value, known) if isinstance(value, str) else reveal(value)
        for name, value in settings.environment.items()
    }
    ours = {
        INSTANCE: known["instance_id"],
        START: start,
        "ROLLWAY_RELEASE": group.release,
        "ROLLWAY_ENVIRONMENT": group.environment,
        "ROLLWAY_APPLICATION": group.application,
    }
    return {**base, "PORT": known["port"], **own, **ours}
