"""What can go wrong, as one tree; each edge (command line, HTTP) translates it once.

::

    RollwayError                     anything this program says no to; `advice` is what to do next
    ├── ConfigurationError           deploy.yaml, or settings stored from it, are not valid: `problems`
    │   └── NotBuiltError            valid, but it asks for what this version does not have: `refusals`
    ├── ArtifactError                an artifact cannot be packed, read or unpacked
    │   ├── UnsafeArtifactError      a member would reach outside its folder, or is a device or socket
    │   ├── ArtifactTooLargeError    over the bounds that the caller set
    │   └── DigestMismatchError      the content is not what its digest says
    ├── PluginError                  a plugin is missing, broken or contradicts another
    ├── UnreachableError             the daemon does not answer
    ├── ForbiddenError               not allowed
    ├── ConflictError                somebody else holds it, or it changed meanwhile
    └── NotFoundError                no such application, environment, release or rollout

Packages may add leaves below these; nothing may stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "ArtifactError",
    "ArtifactTooLargeError",
    "ConfigurationError",
    "ConflictError",
    "DigestMismatchError",
    "ForbiddenError",
    "NotBuiltError",
    "NotFoundError",
    "PluginError",
    "Problem",
    "Refusal",
    "RollwayError",
    "UnreachableError",
    "UnsafeArtifactError",
]


def _placed(file: str | None, line: int | None, column: int | None, path: str, sentence: str) -> str:
    place = ":".join(str(part) for part in (file, line, column) if part is not None)
    return ": ".join(part for part in (place, path, sentence) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration, and where.

    `line` and `column` count from 1 and are None where there is no file (settings sent as JSON). `path` is
    written like `environments.prod.strategy.steps[1].weight`, indexes from 0; it is empty for the whole document.
    `suggestion` is the nearest right spelling, alone, for tools; `str()` includes it.
    """

    file: str | None
    line: int | None
    column: int | None
    path: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return _placed(self.file, self.line, self.column, self.path, self.message + hint)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One key that the contract knows and this version does not carry out; places as in `Problem`."""

    file: str | None
    line: int | None
    column: int | None
    path: str
    sentence: str

    def __str__(self) -> str:
        return _placed(self.file, self.line, self.column, self.path, self.sentence)


class RollwayError(Exception):
    """The root. `str()` says what is wrong and where, on one line or more; `advice` what to do next, if known."""

    def __init__(self, message: str, *, advice: str | None = None) -> None:
        super().__init__(message)
        self.advice = advice


class ConfigurationError(RollwayError):
    """A configuration is not valid. All its problems at once, in the order of the file."""

    def __init__(self, problems: Sequence[Problem], refusals: Sequence[Refusal] = ()) -> None:
        self.problems = tuple(problems)
        self.refusals = tuple(refusals)
        super().__init__("\n".join(str(each) for each in (*self.problems, *self.refusals)))


class NotBuiltError(ConfigurationError):
    """A valid configuration asks for what is not built yet; see `rollway.config.refuse_unbuilt`."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__((), refusals)


class ArtifactError(RollwayError):
    """An artifact cannot be packed, read or unpacked."""


class UnsafeArtifactError(ArtifactError):
    """A member of an archive or folder reaches outside, or is neither file, folder nor link."""


class ArtifactTooLargeError(ArtifactError):
    """More bytes or members than the caller allows."""


class DigestMismatchError(ArtifactError):
    """The content is not what its digest says."""


class PluginError(RollwayError):
    """A plugin is missing, broken, or contradicts another one."""


class UnreachableError(RollwayError):
    """The daemon does not answer."""


class ForbiddenError(RollwayError):
    """The caller is known and not allowed to do this."""


class ConflictError(RollwayError):
    """Somebody else holds the environment, or the state changed meanwhile."""


class NotFoundError(RollwayError):
    """No such application, environment, release or rollout."""
