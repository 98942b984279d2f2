"""The artifacts: those of what runs are there, to be started again."""

from collections.abc import Sequence

from rollway.doctor.examining import aside
from rollway.domain.findings import Finding, problem
from rollway.engine.artifacts import ArtifactFolder
from rollway.store.protocol import Store

MOST_NAMED = 5


async def artifacts(store: Store, folder: ArtifactFolder) -> Sequence[Finding]:
    """Whether the artifact of every stable release is kept. Raises StoreUnavailable."""
    rows = await store.summaries(kind="environment", unfinished=True)
    wanted = sorted({(row.application, row.release, row.environment) for row in rows if row.release})
    kept = [await store.release(application, name) for application, name, _ in wanted]
    digests = [release.artifact if release else "" for release in kept]
    there = await aside(lambda: [not digest or folder.has(digest) for digest in digests])
    gone = [_gone(*each) for each, found in zip(wanted, there, strict=True) if not found]
    more = len(gone) - MOST_NAMED
    return gone[:MOST_NAMED] + ([problem("artifacts", f"and {more} more")] if more > 0 else []) or [
        _all(len(wanted))
    ]


def _gone(application: str, release: str, environment: str) -> Finding:
    again = f"rollway deploy {application}/{environment} --release {release} --artifact PATH"
    said = (
        f"that of {application} {release}, stable in {environment}, is gone: nothing new of it can be started"
    )
    return problem("artifacts", said, f"send it again: {again}")


def _all(number: int) -> Finding:
    return Finding(
        "artifacts", f"those of {number} stable releases are kept" if number else "nothing needs one yet"
    )
