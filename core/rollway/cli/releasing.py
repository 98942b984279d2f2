"""From the files here to a release at the daemon: applied, packed, named, sent, registered."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollway.cli.output import say
from rollway.errors import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from rollway.artifact import PackedArtifact, SourceRevision
    from rollway.client import Client
    from rollway.config import Deployment


@dataclass(frozen=True, slots=True)
class Source:
    """What a release is made of: `everything` of the path, or of a project's folder what belongs to it."""

    path: Path
    everything: bool = True


def apply_if_different(client: Client, deployment: Deployment) -> None:
    """Let the daemon know the file here, and say so where it did not."""
    done = client.apply(deployment.application, deployment.settings)
    if done.changed:
        say(f"applied deploy.yaml: {done.application}, revision {done.revision}")
    for warning in done.warnings:
        say(f"warning: {warning}")


def source_of(deployment: Deployment, folder: Path, given: Path | None) -> Source:
    """The artifact named on the command line, or by `build.artifact`, or the folder of the file.

    Raises ConfigurationError for a `build.artifact` that leads out of the folder.
    """
    if given is not None:
        return Source(given)
    if deployment.artifact is None:
        return Source(folder, everything=False)
    path = (folder / deployment.artifact).resolve()
    if not path.is_relative_to(folder.resolve()):
        message = "leads out of the folder of deploy.yaml; name such an artifact with --artifact"
        raise ConfigurationError([deployment.places.problem(("build", "artifact"), message)])
    return Source(path, everything=path != folder.resolve())


def release(client: Client, deployment: Deployment, source: Source, folder: Path, name: str | None) -> str:
    """Make a release of the source and register it; its name. What the daemon has is not sent again."""
    from rollway.artifact import source_revision, target_settings

    revision = source_revision(folder)
    with _packed(source) as packed:
        chosen = name or _name(client, deployment, packed, revision)
        if not client.has_artifact(packed.digest):
            client.put_artifact(packed.digest, packed.path)
    made = client.register(
        deployment.application,
        chosen,
        packed.digest,
        source={"revision": revision.full, "dirty": revision.dirty} if revision else {},
        settings={key: dict(value) for key, value in target_settings(deployment).items()},
    )
    return made.name


def next_name(client: Client, deployment: Deployment, source: Source, folder: Path) -> str:
    """The name that `release` would give; nothing is sent. Raises ArtifactError."""
    from rollway.artifact import source_revision

    with _packed(source) as packed:
        return _name(client, deployment, packed, source_revision(folder))


@contextmanager
def _packed(source: Source) -> Iterator[PackedArtifact]:
    from rollway.artifact import pack

    with tempfile.TemporaryDirectory(prefix="rollway-") as folder:
        yield pack(source.path, Path(folder) / "artifact.tar", everything=source.everything)


def _name(
    client: Client, deployment: Deployment, packed: PackedArtifact, revision: SourceRevision | None
) -> str:
    """The name of a release that nobody named; where only the settings differ from the one that has it, another."""
    from rollway.artifact import release_digest, release_name, renamed_for_settings, target_settings

    name = release_name(
        revision.short if revision else None, revision.dirty if revision else False, packed.digest
    )
    try:
        existing = client.release(deployment.application, name)
    except NotFoundError:
        return name
    targets = target_settings(deployment)
    if existing.artifact == packed.digest and existing.settings != targets:
        return renamed_for_settings(name, release_digest(packed.digest, targets))
    return name
