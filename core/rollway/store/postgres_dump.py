"""A copy of a PostgreSQL database, by PostgreSQL's own means."""

import asyncio
import os
import shlex
import shutil
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import make_conninfo

from rollway.store.postgres_connection import Place
from rollway.store.protocol import StoreUnavailable


async def dump(place: Place, to: Path) -> None:
    """Write a dump that `pg_restore` reads. Raises `StoreUnavailable`, which says what to run by hand."""
    there = make_conninfo("", **{name: value for name, value in place.given.items() if name != "password"})
    arguments = ["--format=custom", "--no-owner", f"--file={to}", f"--dbname={there}"]
    program = next(_programs(), None)
    if program is None:
        by_hand = shlex.join(["pg_dump", *arguments[:2], "--file=FILE", arguments[3]])
        raise StoreUnavailable(
            f"the database {place.name} cannot be copied: there is no pg_dump here",
            f"Install PostgreSQL's client programs (apt-get install postgresql-client), or run elsewhere: {by_hand}",
        )
    # not among the arguments, which every user of this machine may read
    secret = {"PGPASSWORD": place.password} if place.password else {}
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stderr=PIPE, stdin=asyncio.subprocess.DEVNULL, env={**os.environ, **secret}
    )
    _, complaint = await process.communicate()
    if process.returncode:
        said = complaint.decode(errors="replace").strip() or f"it ended with {process.returncode}"
        raise StoreUnavailable(
            f"the database {place.name} cannot be copied: {said}",
            "See that the server can be reached, and that pg_dump is as new as the server",
        )


def _programs() -> Iterator[str]:
    if (on_path := shutil.which("pg_dump")) is not None:
        yield on_path
    yield from sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_dump")), reverse=True)
