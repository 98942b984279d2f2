"""The tars of releases, by digest, under one folder; written beside and renamed, so that a name means whole content."""

import asyncio
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from rollway.artifact import Bounds
from rollway.errors import ArtifactError, ArtifactTooLargeError, DigestMismatchError, NotFoundError

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LARGEST = Bounds().bytes
"""Bytes of one artifact: what can be unpacked."""


class ArtifactFolder:
    """Artifacts on this machine's disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def path(self, digest: str) -> Path:
        """Where this artifact is or would be. Raises ArtifactError for what is no digest."""
        if not DIGEST.fullmatch(digest):
            raise ArtifactError(
                f"{digest[:80]!r} is no digest", advice="write it as sha256: and 64 hexadecimal digits"
            )
        return self._folder / f"{digest.replace(':', '-')}.tar"

    def has(self, digest: str) -> bool:
        """Whether it is kept here."""
        return self.path(digest).is_file()

    async def kept(self, digest: str, release: str) -> Path:
        """Where the artifact of a release is. Raises NotFoundError where somebody has taken it away."""
        path = self.path(digest)
        if not await asyncio.to_thread(path.is_file):
            raise NotFoundError(
                f"the artifact of {release} is gone: {path}",
                advice=f"send it again: rollway deploy ENV --release {release} --artifact PATH",
            )
        return path

    async def put(self, digest: str, chunks: AsyncIterator[bytes]) -> bool:
        """Keep this content; False where it was here already.

        Raises DigestMismatchError, ArtifactTooLargeError; ArtifactError where it cannot be written.
        """
        path = self.path(digest)
        if await asyncio.to_thread(path.is_file):
            return False
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self._folder / f".{path.name}.{secrets.token_hex(4)}"
        try:
            await self._write(partial, digest, chunks)
            await asyncio.to_thread(os.replace, partial, path)
        except OSError as error:
            raise ArtifactError(
                f"the artifact cannot be kept under {self._folder}: {error.strerror}",
                advice="make room, then try again",
            ) from error
        finally:
            partial.unlink(missing_ok=True)
        return True

    async def _write(self, partial: Path, digest: str, chunks: AsyncIterator[bytes]) -> None:
        found, size = hashlib.sha256(), 0
        with partial.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > LARGEST:
                    raise ArtifactTooLargeError(f"the artifact is larger than {LARGEST} bytes")
                found.update(chunk)
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_durable, file.fileno(), file.flush)
        if f"sha256:{found.hexdigest()}" != digest:
            raise DigestMismatchError(
                f"the content sent is sha256:{found.hexdigest()}, not {digest}", advice="send it again"
            )


def _durable(descriptor: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(descriptor)
