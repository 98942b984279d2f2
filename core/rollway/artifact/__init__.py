"""Artifacts: packed into one deterministic tar, named by its digest, unpacked whole or not at all.

`pack` takes a folder or archive, `unpack` makes a new folder of one, `release_name` and `release_digest` say what a
release is called and what it is. Errors are `rollway.errors.ArtifactError` and its kinds. All of it blocks: call it
in a thread from async code.

What packs is imported when it is asked for: every plugin imports what unpacks, and few commands pack.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOME = {
    "bounds": ("Bounds",),
    "naming": ("release_digest", "release_name", "renamed_for_settings", "target_settings"),
    "packing": ("PackedArtifact", "digest_of", "pack"),
    "revision": ("SourceRevision", "source_revision"),
    "unpacking": ("unpack",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOME.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
