"""The database: reachable, up to date, writable, fast enough, backed up."""

import time
from collections.abc import Awaitable, Callable, Sequence

from rollway.doctor.machine import size
from rollway.domain.findings import Finding, problem, warning
from rollway.engine.rollcall import lasting
from rollway.store.maintenance import NoDatabase
from rollway.store.survey import Survey, commit_seconds, survey

SLOW, TOO_SLOW = 0.1, 1.0
"""Seconds of a commit: each step of a rollout waits for two or three."""
TRIALS = 3
"""The shortest of so many commits counts: the other looks load the machine at the same time."""
OLD_BACKUP = 8 * 86_400.0
APART = 30.0
"""Seconds that two clocks may differ before people who read the log are misled."""

Commit = Callable[[], Awaitable[float]]
"""Commits something; the seconds it took."""


async def database(url: str, commit: Commit | None = None) -> Sequence[Finding]:
    """Everything about the database at `url`; `commit` tries it another way than by a connection of its own.

    Raises StoreUnavailable.
    """
    try:
        found = await survey(url)
    except NoDatabase as none:
        return [Finding("database", f"{none.problem}; {none.advice}")]
    findings = [of_revision(found), of_backup(found.backed_up, time.time())]
    if abs(found.ahead) > APART:
        findings.append(of_clocks(found.ahead))
    if found.revision != found.newest:
        return findings  # nothing is tried on tables that this version does not know
    seconds = [await (commit() if commit else commit_seconds(url)) for _ in range(TRIALS)]
    return [findings[0], of_commit(min(seconds)), *findings[1:]]


def of_revision(found: Survey) -> Finding:
    """Where it is, and whether this version has anything to migrate."""
    said = f"{found.place}: revision {found.revision}, {size(found.size)}"
    if found.revision < found.newest:
        advice = "make a backup, then: rollway db upgrade (a daemon does it when it starts)"
        return warning("database", f"{said}; {found.newest} is the newest", advice)
    return Finding("database", said)


def of_commit(seconds: float) -> Finding:
    """How long it takes to make something durable."""
    said = f"takes {seconds * 1000:,.0f} ms" if seconds >= 0.001 else "takes less than 1 ms"
    advice = "every step waits for it: look at the disk of the database, and at what else uses it"
    if seconds >= TOO_SLOW:
        return problem("commit", said, advice)
    return warning("commit", said, advice) if seconds >= SLOW else Finding("commit", said)


def of_backup(at: float | None, now: float) -> Finding:
    """How old the last copy is, as far as that is known."""
    if at is None:
        return Finding("backup", "none is known that was made with: rollway db backup FILE")
    said = f"the last one by rollway db backup is {lasting(max(0.0, now - at))} old"
    if now - at > OLD_BACKUP:
        return warning("backup", said, "make one: rollway db backup FILE")
    return Finding("backup", said)


def of_clocks(ahead: float) -> Finding:
    """Two clocks that differ."""
    which = "ahead of" if ahead > 0 else "behind"
    said = f"the database server's is {lasting(abs(ahead))} {which} this machine's"
    return warning("clock", said, "set both: timedatectl set-ntp true")
