"""Several daemons on one database: whichever is asked, the answer is the same, and one of them drives."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from rollway.http.documents import RolloutDocument
from rollway.testing.postgres import PostgresServer
from tests.acceptance.daemons import Daemon, Daemons, daemons

pytestmark = pytest.mark.xdist_group("daemons share")

LONG: list[dict[str, object]] = [{"weight": "25%", "hold": "60s"}]


@pytest.fixture(scope="module")
def together(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemons]:
    with daemons(postgres, tmp_path_factory.mktemp("share"), steps=LONG) as found:
        yield found


@pytest.fixture
def driver(together: Daemons) -> Daemon:
    return together.driving()


@pytest.fixture
def other(together: Daemons, driver: Daemon) -> Daemon:
    """One that does not drive: whatever it is told has to reach the one that does."""
    return together.other(driver)


def in_phase(site: Daemon, id_: str, phase: str) -> RolloutDocument:
    return site.until(
        lambda: found if (found := site.rollout(id_)).phase == phase else None, f"{id_} is {phase}"
    )


def told(rollout: RolloutDocument) -> dict[str, object]:
    """All of a rollout but what only the machine it runs on can see at the moment."""
    return rollout.model_dump(exclude={"instances", "verdicts", "watched"})


def test_commands_given_to_any_daemon_are_carried_out_by_the_one_that_drives(
    driver: Daemon, other: Daemon
) -> None:
    id_ = other.deploy("1.1")
    other.until(lambda: other.rollout(id_).weight == 25, "the first weight")
    with other.client as client:
        client.pause(id_, reason="a look")
    assert in_phase(driver, id_, "paused").waiting_for == "person"
    with driver.client as client:
        client.resume(id_)
    in_phase(other, id_, "running")
    with other.client as client:
        client.abort(id_)
    ended = other.ended(id_)
    assert (ended.phase, ended.weight) == ("aborted", 0)
    assert told(driver.rollout(id_)) == told(ended)
    assert driver.events(id_) == other.events(id_)
    driver.until(lambda: driver.running() == {"1.0": 2}, "only the stable release runs")


def test_lists_releases_and_environments_are_the_same_everywhere(driver: Daemon, other: Daemon) -> None:
    with driver.client as one, other.client as two:
        assert list(one.rollouts()) == list(two.rollouts())
        assert list(one.releases("app")) == list(two.releases("app"))
        assert list(one.applications()) == list(two.applications())
        here, there = one.environment("app", "prod"), two.environment("app", "prod")
    assert (here.phase, here.release, here.history) == (there.phase, there.release, there.history)


def test_a_follower_of_a_daemon_that_does_not_drive_sees_everything_in_order(other: Daemon) -> None:
    id_ = other.deploy("1.2")
    with other.client as client:
        seen = []
        for event in client.follow(id_):
            seen.append(event)
            if event.type == "StepStarted" and event.data["step"] == 3:
                client.abort(id_)
    assert [event.seq for event in seen] == list(range(1, len(seen) + 1))
    assert seen[-1].type == "RolloutEnded"
    assert all(one.at <= two.at for one, two in pairwise(seen))


def test_the_same_call_made_at_two_daemons_at_once_is_one_call(driver: Daemon, other: Daemon) -> None:
    driver.release("1.3")

    def start(site: Daemon) -> str:
        with site.client as client:
            return client.start("app", "prod", "1.3", key="only-once").id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(start, [driver, other] * 4))
    assert len(ids) == 1
    with other.client as client:
        client.abort(id_ := ids.pop())
    other.ended(id_)


def test_what_any_daemon_may_drive_is_shared_out_equally(together: Daemons, driver: Daemon) -> None:
    shares = "SELECT count(*) FROM leases WHERE lease LIKE 'any/%' GROUP BY member"
    driver.until(lambda: together.server.execute(shares, together.database) == [(16,), (16,)], "equal shares")
