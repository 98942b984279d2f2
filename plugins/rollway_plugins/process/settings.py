"""What stands beside `use: process` in a deploy.yaml."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rollway.api import CommandLine, Duration, Secret, Settings
from rollway_plugins.rotation import Bounds

_VARIABLE = re.compile(r"[^=\0]{1,200}")
_PATH = re.compile(r"/[!-~]*")
_SIZE = re.compile(r"([0-9]{1,6})([KMG])iB")
MIB = 1024 * 1024
RESERVED = "ROLLWAY_"


def _http_path(value: str) -> str:
    if not _PATH.fullmatch(value):
        raise PydanticCustomError(
            "path", "expected a path that starts with '/', without spaces; write others as %20"
        )
    return value


def _is_secret(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


def _text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticCustomError("environment", "expected text; write it in quotes")
    if isinstance(value, str) and "\0" in value:
        raise PydanticCustomError("environment", "an environment variable cannot contain a NUL character")
    return str(value)


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise PydanticCustomError("environment", "expected the name of an environment variable, without '='")
    if name.startswith(RESERVED):
        raise PydanticCustomError("environment", "names that start with ROLLWAY_ are set by Rollway itself")
    return name


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\0" in value:
        raise PydanticCustomError("directory", "expected a folder inside the artifact, relative to its top")
    return value


def _size(value: object) -> object:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("size", "expected a size such as 512KiB, 10MiB or 1GiB")
    return int(found[1]) * 1024 ** (" KMG".index(found[2]))


def _written(size: int) -> str:
    power = next(power for power in (3, 2, 1) if size % 1024**power == 0)
    return f"{size // 1024**power}{' KMG'[power]}iB"


_Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number"]})]
Variable = Annotated[
    Annotated[_Text, Tag("text")] | Annotated[Secret, Tag("secret")], Discriminator(_is_secret)
]
"""The value of an environment variable: text, a number, or a secret by its name."""


Size = Annotated[
    int,
    Field(ge=16 * 1024),
    BeforeValidator(_size),
    PlainSerializer(lambda size: _written(size), return_type=str),
    WithJsonSchema({"type": "string", "examples": ["10MiB"]}),
]
"""Bytes, written with their unit; whole KiB."""


class HealthSettings(Settings):
    """How an instance is found healthy: `GET path` answered 2xx or 3xx, or its port accepts a TCP connection."""

    path: Annotated[str, AfterValidator(_http_path)] | None = None
    """What to GET; left out, a TCP connection to the port is enough."""
    tcp: bool = False
    """Says outright that a TCP connection is enough; not together with `path`."""
    interval: Annotated[Duration, Field(ge=0.05)] = 1.0
    """Between two checks of one instance."""
    timeout: Annotated[Duration, Field(ge=0.01)] = 1.0
    """For one check."""
    healthy_after: Annotated[int, Field(ge=1, le=1000)] = 2
    """So many checks passed in a row make it healthy."""
    unhealthy_after: Annotated[int, Field(ge=1, le=1000)] = 3
    """So many checks failed in a row make a healthy one unhealthy."""
    deadline: Annotated[Duration, Field(gt=0)] = 300.0
    """A new release whose instances are not all healthy after so long is taken back, before it gets any traffic."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.tcp and self.path is not None:
            raise PydanticCustomError("health", "expected either path or tcp, not both")
        return self


class StopSettings(Settings):
    """How an instance is asked to end."""

    signal: Literal["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "WINCH", "KILL"] = "TERM"
    """Sent first, to the instance and its children."""
    grace: Duration = 10.0
    """After so long, what still runs is killed."""


class LogSettings(Settings):
    """How much is kept of what an instance writes to standard output and standard error."""

    size: Size = 10 * MIB
    """A log that has grown so large is put aside; looked at each minute."""
    keep: Annotated[int, Field(ge=1, le=1000)] = 5
    """So many logs put aside stay, together no more than so many times `size`."""

    @property
    def bounds(self) -> Bounds:
        """The same, as the rotation takes it."""
        return Bounds(self.size, self.keep)


class ProcessSettings(Settings):
    """Instances of a command as processes on this machine."""

    command: CommandLine
    """Runs in the unpacked artifact; {port}, {address}, {instance}, {instance_id} and {release} are filled in."""
    instances: Annotated[int, Field(ge=0, le=1000)] = 1
    """How many; belongs to the environment, not to a release."""
    health: HealthSettings = HealthSettings()
    """When an instance counts as healthy."""
    environment: dict[Annotated[str, AfterValidator(_variable)], Variable] = Field(default_factory=dict)
    """Environment variables: text, filled in like the command, or {secret: NAME}."""
    directory: Annotated[str, AfterValidator(_inside)] = "."
    """Where in the artifact the command runs."""
    stop: StopSettings = StopSettings()
    """How an instance is stopped."""
    log: LogSettings = LogSettings()
    """How much is kept of what it writes."""
