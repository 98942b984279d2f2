"""Who drives an environment, and what is said where nobody does."""

import pytest

from rollway.engine.ownership import ANYWHERE, lease_of, node_lease
from rollway.engine.rollcall import Driver, RollCall, driver_of, lasting, roll_call, sole
from rollway.store import Member, Roll

ME = Member("me", "web-6", "http://127.0.0.1:7700", "1.0")
OTHER = Member("other", "web-7", "http://127.0.0.1:7701", "1.0")
TWIN = Member("twin", "web-7", "http://127.0.0.1:7702", "1.0")
HERE, THERE, SHARE = node_lease("web-6"), node_lease("web-7"), lease_of("shop/prod", "")


def call(leases: dict[str, str], *members: Member, **silence: float) -> RollCall:
    return roll_call(Roll(members, leases), "me", silence, 3.0)


@pytest.mark.parametrize(
    ("found", "node", "driver", "problem"),
    [
        (call({HERE: "me"}, ME), "web-6", "me", ""),
        (call({SHARE: "other"}, ME, OTHER), "", "other", ""),
        (call({THERE: "other"}, ME, OTHER, other=2.9), "web-7", "other", ""),
        (call({THERE: "other"}, ME, OTHER, other=130.0), "web-7", None, "none has been heard for 2 min"),
        (call({THERE: "other"}, ME, OTHER, TWIN, other=130.0), "web-7", None, ""),
        (call({THERE: "other"}, ME, OTHER, TWIN, other=130.0, twin=9.0), "web-7", None, "heard for 9 s"),
        (call({HERE: "me"}, ME), "web-7", None, "none is running"),
        (call({SHARE: "other"}, ME, OTHER, other=60.0), "", None, ""),
        (call({}, ME), "web-6", None, ""),
        (RollCall(), "web-7", None, ""),
        (sole(ME), "called otherwise once", "me", ""),
        (sole(ME), "", "me", ""),
    ],
    ids=[
        "mine", "anybody's", "theirs", "lost", "taken over by its twin", "lost with its twin", "stopped", "changes hands",
        "just begun", "not known yet", "a host that was renamed", "alone",
    ],
)  # fmt: skip
def test_who_drives(found: RollCall, node: str, driver: str | None, problem: str) -> None:
    drives = driver_of("shop/prod", node, found, "postgresql://db/rollway")
    assert (drives.daemon.member.id if drives.daemon else None) == driver
    assert (problem in drives.problem) == bool(drives.problem or not problem)
    assert bool(drives.problem) == bool(drives.advice) == bool(problem)
    if problem:
        assert drives.problem.startswith(f"waiting for a daemon of node {node}; ")
        assert drives.advice.endswith("rollway daemon --node web-7 --database postgresql://db/rollway")


@pytest.mark.parametrize(
    ("found", "lost"),
    [
        (call({THERE: "other"}, ME, OTHER, other=9.0), ["web-7"]),
        (call({THERE: "other"}, ME, OTHER, TWIN, other=9.0), []),
        (call({}, ME), ["web-7"]),
        (sole(ME), []),
        (RollCall(), []),
    ],
    ids=["killed", "one is left", "stopped", "alone", "not known yet"],
)
def test_which_nodes_are_lost(found: RollCall, lost: list[str]) -> None:
    assert list(found.lost(["web-6", "web-7"])) == lost
    assert list(found.lost([])) == [], "a node on which nothing works is nobody's loss"


def test_i_am_alive_whatever_the_store_says_of_me() -> None:
    [me] = call({HERE: "me", "any/00": "me"}, ME, me=99.0).daemons
    assert (me.me, me.alive, me.silence, me.shares, me.holds_node) == (True, True, 0.0, 1, True)
    [alone] = sole(ME).daemons
    assert (alone.shares, alone.holds_node) == (len(ANYWHERE), True)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.9, "59 s"), (119, "1 min"), (3600, "1 h"), (86_400, "24 h"), (172_800, "2 days")],
)
def test_how_long_at_least(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_nothing_is_known_of_nobody() -> None:
    assert driver_of("shop/prod", "web-7", RollCall()) == Driver("web-7")
