"""The daemon of the previous commit beside this one's, a rollout in flight: first the older one goes, and it ends right.

ROLLWAY_SIDE_BY_SIDE (seconds, 0): how long both are there before the older one goes; rollouts begin all the while.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollway.testing.postgres import PostgresServer
from rollway.testing.traffic import Load
from tests.acceptance.daemons import Daemon, Daemons, assert_done_once, at_step
from tests.conftest import CANNOT

SIDE_BY_SIDE = float(os.environ.get("ROLLWAY_SIDE_BY_SIDE", "0"))
SOURCES = ("core", "plugins", "strategies", "monitors")
REPOSITORY = Path(__file__).parents[2]
STEPS: list[dict[str, object]] = [{"weight": "50%", "hold": "2s"}]

pytestmark = pytest.mark.timeout(120 + 2 * SIDE_BY_SIDE)


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment variables by which a daemon runs the code of the commit before this one."""
    command = ["git", "-C", str(REPOSITORY), "archive", "HEAD~1", *SOURCES]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip(f"{CANNOT}read the previous commit here: {archive.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("previous")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    variables = {"PYTHONPATH": os.pathsep.join(str(folder / source) for source in SOURCES)}
    asked = "import rollway.daemon, rollway_plugins.process; print(rollway.daemon.__file__, rollway_plugins.process.__file__)"
    loaded = subprocess.run(
        [sys.executable, "-c", asked],
        env={**os.environ, **variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(file).is_relative_to(folder) for file in loaded.stdout.split()), loaded.stdout
    return variables


@pytest.fixture
def pair(postgres: PostgresServer, previous: dict[str, str], tmp_path: Path) -> Iterator[Daemons]:
    """The older daemon, which drives, and the newer one, which is not started yet; release 1.0 is stable."""
    database = postgres.new_database()
    older = Daemon(tmp_path, STEPS, name="older", database=postgres.url(database), environment=previous)
    newer = Daemon(tmp_path, STEPS, name="newer", database=postgres.url(database), visitors=older.visitors)
    together = Daemons(postgres, database, [older, newer])
    try:
        older.start()
        older.apply()
        older.stable()
        yield together
    finally:
        together.close()
        postgres.drop_database(database)


async def test_the_older_daemon_goes_and_the_newer_one_carries_its_rollout_on(pair: Daemons) -> None:
    older, newer = pair.each
    async with Load(older.visitors, rate=100) as load:
        first = await asyncio.to_thread(older.deploy, "1.1")
        await asyncio.to_thread(at_step, older, first, "shift")
        await asyncio.to_thread(newer.start)
        await assert_promoted(newer, first, "1.1")
        release = await side_by_side(pair)
        last = await asyncio.to_thread(newer.deploy, release)
        await asyncio.to_thread(at_step, newer, last, "observe")
        assert pair.driver() is older
        assert await asyncio.to_thread(older.stop) == 0
        assert await asyncio.to_thread(pair.taken_from, older) is newer
        await assert_promoted(newer, last, release)
    assert load.failures == []


async def side_by_side(pair: Daemons) -> str:
    """Rollouts told to either daemon in turn; the name of the next release."""
    until, number = time.monotonic() + SIDE_BY_SIDE, 2
    while time.monotonic() < until:
        site = pair.each[number % 2]
        id_ = await asyncio.to_thread(site.deploy, f"1.{number}")
        await assert_promoted(site, id_, f"1.{number}")
        number += 1
    return f"1.{number}"


async def assert_promoted(site: Daemon, id_: str, release: str) -> None:
    rollout = await asyncio.to_thread(site.ended, id_)
    assert (rollout.phase, rollout.weight) == ("promoted", 100), rollout.reason
    assert_done_once(site.events(id_))
    await asyncio.to_thread(site.until, lambda: site.running() == {release: 2}, f"only {release} runs")
