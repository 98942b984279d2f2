"""Who drives what, as `rollway status` shows it: nothing of it where one daemon drives everything."""

import io

import pytest
from rich.console import Console

from rollway.cli import daemons as shown
from rollway.cli.tables import environments
from rollway.http.documents import DaemonDocument, EnvironmentDocument, GroupDocument


def daemon(id_: str, node: str = "web-6", port: int = 7700, **changes: object) -> DaemonDocument:
    values: dict[str, object] = {
        "id": id_, "node": node, "url": f"http://127.0.0.1:{port}", "version": "1.0", "me": id_ == "a", "alive": True,
        "silent_for": 0.0, "shares": 16, "holds_node": True,
    }  # fmt: skip
    return DaemonDocument.model_validate({**values, **changes})


A = daemon("a")
B = daemon("b", "web-7", 7701)
SILENT = daemon("b", "web-7", 7701, alive=False, silent_for=130.2)
LOST = {
    "problem": "waiting for a daemon of node web-7; none has been heard for 2 min",
    "advice": "start one there: rollway daemon --node web-7 --database URL",
}


def environment(
    name: str, driver: DaemonDocument | None, ready: int | None, **changes: object
) -> EnvironmentDocument:
    group = GroupDocument(
        id="g", release="1.0", role="stable", weight=100, wanted=3, ready=ready, instances=[]
    )
    return EnvironmentDocument.model_validate(
        {
            "application": "shop", "environment": name, "phase": "steady", "release": "1.0", "rollout": None,
            "groups": [group], "history": [], "router_running": True, "listen": "127.0.0.1:8080", "node": "web-7",
            "daemon": driver, **changes,
        }
    )  # fmt: skip


def text(*parts: object, width: int = 120) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False)
    for part in parts:
        console.print(part)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_one_daemon_that_drives_everything_is_not_spoken_of() -> None:
    prod = environment("prod", A, 3)
    assert not shown.are_told([A], [prod])
    assert "DRIVEN BY" not in text(environments([prod]))[0]
    assert shown.are_told([A, B], [prod])
    assert shown.are_told([A], [environment("beta", None, None, **LOST)])
    assert not shown.are_told([], [prod]), "a daemon of an earlier version"


def test_who_drives_what() -> None:
    found = [
        environment("prod", A, 3),
        environment("beta", None, None, **LOST),
        environment("gamma", None, None),
    ]
    assert text(environments(found, shown.labels([A, SILENT]))) == [
        "ENVIRONMENT  STATE   RELEASE       TRAFFIC  INSTANCES  ROLLOUT  LISTENS ON      DRIVEN BY",
        "shop/prod    steady  1.0 (stable)  100%     3/3                 127.0.0.1:8080  web-6",
        "shop/beta    steady  1.0 (stable)  100%     ?/3                 127.0.0.1:8080  nobody: node web-7 is lost",
        "shop/gamma   steady  1.0 (stable)  100%     ?/3                 127.0.0.1:8080  changes hands",
    ]
    assert text(shown.daemons([A, SILENT], found)) == [
        "DAEMON  NODE   LISTENS ON             VERSION  HEARD             DRIVES",
        "web-6   web-6  http://127.0.0.1:7700  1.0      this one          1 environment",
        "web-7   web-7  http://127.0.0.1:7701  1.0      silent for 2 min  nothing",
    ]


def test_two_of_one_node_are_told_apart_by_their_ports() -> None:
    twin = daemon("c", port=7702)
    assert shown.labels([A, B, twin]) == {"a": "web-6:7700", "b": "web-7", "c": "web-6:7702"}
    assert shown.labels([A, daemon("d", url="http://[broken")])["d"] == "d"


def test_what_nobody_drives_is_said_once_for_all_of_a_node() -> None:
    found = [environment(name, None, None, **LOST) for name in ("beta", "prod")]
    problem, advice = shown.problems([environment("gamma", A, 3), *found])
    assert problem == f"shop/beta, shop/prod: {LOST['problem']}; what runs there goes on, unwatched"
    assert advice == f"  {LOST['advice']}"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_on_narrow_terminals_no_cell_is_broken(width: int) -> None:
    lines = text(shown.daemons([A, SILENT], []), width=width)
    assert any("http://127.0.0.1:7701" in line for line in lines)
    assert all(len(line) <= width for line in lines)
