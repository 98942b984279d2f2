"""The daemons of one database, and who drives what, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.text import Text

from rollway.cli.figures import length
from rollway.cli.plain import plain
from rollway.cli.rows import Rows
from rollway.errors import NotFoundError
from rollway.http import documents as d

if TYPE_CHECKING:
    from rollway.client import Client


def known(client: Client) -> list[d.DaemonDocument]:
    """Those that the daemon knows; none where it is of an earlier version."""
    try:
        return list(client.daemons())
    except NotFoundError:
        return []


def are_told(daemons: Sequence[d.DaemonDocument], environments: Sequence[d.EnvironmentDocument]) -> bool:
    """Whether there is more to say than that one daemon drives everything."""
    return len(daemons) > 1 or any(each.problem for each in environments)


def labels(daemons: Sequence[d.DaemonDocument]) -> Mapping[str, str]:
    """A short name of each, by id: its node's, with its port where several share the node."""
    nodes = Counter(each.node for each in daemons)
    return {each.id: each.node if nodes[each.node] == 1 else _with_port(each) for each in daemons}


def _with_port(daemon: d.DaemonDocument) -> str:
    try:
        port = urlsplit(daemon.url).port
    except ValueError:
        port = None
    return f"{daemon.node}:{port}" if port else daemon.id


def driver(environment: d.EnvironmentDocument, known: Mapping[str, str]) -> Text:
    """Who drives an environment."""
    if environment.daemon is not None:
        return Text(plain(known.get(environment.daemon.id, environment.daemon.node)))
    if environment.problem:
        return Text(plain(f"nobody: node {environment.node} is lost"), "bold red")
    return Text("changes hands", "yellow")


def daemons(
    found: Sequence[d.DaemonDocument], environments: Sequence[d.EnvironmentDocument] | None = None
) -> Rows:
    """Each daemon: where, since when silent, and how much it drives where that was asked."""
    known = labels(found)
    drives = Counter(each.daemon.id for each in environments or () if each.daemon is not None)
    headers = (
        "DAEMON",
        "NODE",
        "LISTENS ON",
        "VERSION",
        "HEARD",
        *(("DRIVES",) if environments is not None else ()),
    )
    made = Rows(*headers)
    for each in found:
        cells = [plain(known[each.id]), plain(each.node), plain(each.url), plain(each.version), heard(each)]
        made.add_row(*cells, *((_number(drives[each.id]),) if environments is not None else ()))
    return made


def heard(daemon: d.DaemonDocument) -> str | Text:
    """When it gave its last sign of life."""
    if daemon.me:
        return "this one"
    if daemon.alive:
        return Text("now", "green")
    return Text(f"silent for {length(int(daemon.silent_for))}", "bold red")


def _number(environments: int) -> str:
    return f"{environments} environment{'' if environments == 1 else 's'}" if environments else "nothing"


def problems(environments: Sequence[d.EnvironmentDocument]) -> Iterator[str]:
    """What nobody drives, each with what to do; environments of one node together."""
    together: dict[tuple[str, str], list[str]] = {}
    for each in environments:
        if each.problem:
            together.setdefault((each.problem, each.advice or ""), []).append(
                f"{each.application}/{each.environment}"
            )
    for (problem, advice), places in together.items():
        yield f"{', '.join(places)}: {problem}; what runs there goes on, unwatched"
        if advice:
            yield f"  {advice}"
