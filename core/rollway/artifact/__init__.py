"""Artifacts: packed into one deterministic tar, named by its digest, unpacked whole or not at all.

`pack` takes a folder or archive, `unpack` makes a new folder of one, `release_name` and `release_digest` say what a
release is called and what it is. Errors are `rollway.errors.ArtifactError` and its kinds. All of it blocks: call it
in a thread from async code.
"""

from rollway.artifact.bounds import Bounds
from rollway.artifact.naming import release_digest, release_name, renamed_for_settings, target_settings
from rollway.artifact.packing import PackedArtifact, digest_of, pack
from rollway.artifact.revision import SourceRevision, source_revision
from rollway.artifact.unpacking import unpack

__all__ = [
    "Bounds",
    "PackedArtifact",
    "SourceRevision",
    "digest_of",
    "pack",
    "release_digest",
    "release_name",
    "renamed_for_settings",
    "source_revision",
    "target_settings",
    "unpack",
]
