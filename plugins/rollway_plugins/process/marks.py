"""Finding the processes of an instance, children too, among all of this machine."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from rollway_plugins.process import kernel
from rollway_plugins.process.kernel import Identity, Status

INSTANCE = "ROLLWAY_INSTANCE"
START = "ROLLWAY_START"


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in the environment of an instance's processes: its id, and a random word made for this start.

    The second tells apart instances of two daemons on one machine that have the same id.
    """

    instance: str
    start: str


def marked() -> dict[Mark, list[Status]]:
    """The living processes of this machine by the mark that stands in their environment."""
    found: dict[Mark, list[Status]] = {}
    for process in _living():
        if (mark := _mark_of(process.pid)) is not None:
            found.setdefault(mark, []).append(process)
    return found


def members(mark: Mark, leader: Identity | None) -> list[Status]:
    """The living processes of an instance: with its mark in their environment, or in the session it leads.

    The second catches children that were given another environment. A session whose leader's pid belongs to another
    process by now is not the instance's.
    """
    if leader is not None and leader.boot != kernel.boot_id():
        return []
    session = leader.pid if leader is not None and _still_named_after(leader) else None
    return [
        process
        for process in _living()
        if (leader is None or process.started >= leader.started)
        and (process.session == session or _mark_of(process.pid) == mark)
    ]


def _still_named_after(leader: Identity) -> bool:
    now = kernel.identify(leader.pid)
    return now is None or now == leader


def _living() -> Iterator[Status]:
    own = os.getpid()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and int(entry.name) != own:
            found = kernel.status(int(entry.name))
            if found is not None and found.alive:
                yield found


def _mark_of(pid: int) -> Mark | None:
    environment = kernel.read(pid, "environ")
    if START.encode() not in environment:
        return None
    pairs = (variable.partition("=") for variable in environment.decode("utf-8", "replace").split("\0"))
    variables = {name: value for name, _, value in pairs}
    if INSTANCE not in variables or START not in variables:
        return None
    return Mark(variables[INSTANCE], variables[START])
