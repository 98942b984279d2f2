"""Makes the logs of this version: `python -m tests.corpus.make`, at each release; what is there already is never changed.

A real daemon, Envoy, processes and visitors; the database is copied while it is used, each time something new is going on.
"""

import asyncio
import json
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from rollway import __version__
from rollway.testing.traffic import Load
from tests.acceptance.harness import ENDS, Site
from tests.corpus.logs import HERE, ends

STEPS: list[dict[str, object]] = [{"weight": "25%", "hold": "2s"}, {"weight": "50%", "hold": "1s"}]


def copied(site: Site) -> str:
    """The database as SQL text, with nothing of this machine in it."""
    with (
        closing(sqlite3.connect(site.data / "rollway.db")) as here,
        closing(sqlite3.connect(":memory:")) as copy,
    ):
        here.backup(copy)
        copy.execute(  # as the retention does in time
            "DELETE FROM measurements WHERE 'rollout:' || rollout IN (SELECT stream FROM summaries WHERE ended)"
        )
        copy.commit()
        text = "\n".join(copy.iterdump()) + "\n"
    node = platform.node()
    for found, name in (
        (str(site.folder), "@FOLDER@"),
        (sys.executable, "@PYTHON@"),
        (str(site.visitors), "@VISITORS@"),
        (f'"node":"{node}"', '"node":"@NODE@"'),
        (f"'{node}'", "'@NODE@'"),
        (f"'{node}:", "'@NODE@:"),
    ):
        text = text.replace(found, name)
    return text


def keep(site: Site, name: str) -> None:
    """Write the database under this name, once."""
    folder = HERE / __version__
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.sql"
    if not path.exists():
        sql = copied(site)
        path.write_text(sql, "utf-8")
        path.with_suffix(".json").write_text(json.dumps(ends(sql), indent=1, sort_keys=True) + "\n", "utf-8")
        print(path.name, len(sql))


def follow(site: Site, id_: str, name: str) -> None:
    """Keep a copy in each step of a rollout that lasts long enough, and one of its end."""
    while (rollout := site.rollout(id_)).phase not in ENDS:
        step = rollout.step.name if rollout.step else "end"
        keep(site, f"{name}-{rollout.step.index if rollout.step else 0:02}-{step.split()[0].lower()}")
    keep(site, f"{name}-{rollout.phase}")


def when(site: Site, id_: str, reached: Callable[[], object], name: str) -> None:
    """Keep a copy as soon as this is so."""
    site.until(reached, f"{name} of {id_}")
    keep(site, name)


def good(site: Site) -> None:
    """A first release, and a canary after it."""
    follow(site, site.deploy("1.0"), "first")
    follow(site, site.deploy("1.1"), "canary")


def bad(site: Site) -> None:
    """A canary that is taken back."""
    site.stable()
    id_ = site.deploy("1.1", faults=1.0)
    when(site, id_, lambda: site.rollout(id_).phase == "rolling_back", "bad-being-taken-back")
    site.ended(id_)
    keep(site, "bad-rolled_back")


def stopped(site: Site) -> None:
    """A canary that a person pauses, and aborts."""
    site.stable()
    id_ = site.deploy("1.1")
    site.until(lambda: site.rollout(id_).weight == 25, "the first weight")
    with site.client as client:
        client.pause(id_, "lunch")
        keep(site, "paused")
        client.abort(id_, "the shop window is wrong")
    site.ended(id_)
    keep(site, "aborted")


def at_once(site: Site) -> None:
    """All traffic at once, and back again."""
    site.stable()
    site.strategy, site.monitors = {"use": "all-at-once", "hold": "1s"}, [{"use": "error-rate", "max": "1%"}]
    site.apply()
    follow(site, site.deploy("2.0"), "all-at-once")
    with site.client as client:
        id_ = client.rollback("app", "prod").id
    site.ended(id_)
    keep(site, "back-promoted")


def without_traffic(site: Site) -> None:
    """A canary that nobody visits waits for evidence."""
    site.stable()
    id_ = site.deploy("1.1")
    when(site, id_, lambda: site.rollout(id_).waiting_for == "evidence", "waiting-for-evidence")


def never_starts(site: Site) -> None:
    """A first release that cannot be started."""
    id_ = site.deploy("1.0", exits=True)
    site.ended(id_)
    keep(site, "first-failed")


async def main() -> None:
    """Live through everything."""
    visited = ((good, True), (bad, True), (stopped, True), (at_once, True))
    for part, visits in (*visited, (without_traffic, False), (never_starts, False)):
        with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
            site = Site(Path(folder), steps=STEPS)
            try:
                await asyncio.to_thread(site.start)
                await asyncio.to_thread(site.apply)
                async with Load(site.visitors, rate=150.0 if visits else 0.001):
                    await asyncio.to_thread(part, site)
            finally:
                site.close()


if __name__ == "__main__":
    asyncio.run(main())
