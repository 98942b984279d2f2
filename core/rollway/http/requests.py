"""What the API is sent: the bodies of mutating calls. Unknown keys are errors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from rollway.config.names import ReleaseName

Name = Annotated[str, Field(min_length=1, max_length=100)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Reason = Annotated[str, Field(max_length=2000)]


class Body(BaseModel):
    """A body of a call."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ReleaseBody(Body):
    """A release to be registered."""

    application: Name
    name: ReleaseName
    artifact: Digest
    """The digest of an uploaded tar."""
    source: dict[str, JsonValue] = {}
    """The revision it was made of, for people."""
    settings: dict[str, JsonValue] = {}
    """The `target` sections by environment, less `instances`."""


class RolloutBody(Body):
    """A rollout to be started."""

    application: Name
    environment: Name
    release: Name
    on_busy: Literal["refuse", "replace", "queue"] | None = None
    """What to do where another rollout holds the environment; without it, what the environment says."""
    unwatched: bool = False
    reason: Reason = ""


class PlanBody(Body):
    """A plan to be made, nothing started."""

    application: Name
    environment: Name
    release: Name | None = None


class EmptyBody(Body):
    """Nothing more to say."""


class ReasonBody(Body):
    """Why; kept in the log."""

    reason: Reason = ""


class PromoteBody(Body):
    """How far a person goes on without evidence."""

    full: bool = False
    """Not this step alone: all that follow."""


class RollbackBody(Body):
    """Where to go back to; the last good release without `to`."""

    to: Name | None = None
    reason: Reason = ""
