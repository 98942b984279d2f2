"""Who drives what, as one daemon sees all that share its data: values, and the sentences about them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rollway.engine.ownership import ANYWHERE, lease_of, node_lease
from rollway.store.protocol import Member, Roll


@dataclass(frozen=True, slots=True)
class Seen:
    """A daemon as this one sees it; `silence` is for how many seconds, at least, it has given no sign of life."""

    member: Member
    me: bool = False
    alive: bool = True
    silence: float = 0.0
    leases: frozenset[str] = frozenset()

    @property
    def shares(self) -> int:
        """How many of the shares it holds of what any daemon may drive."""
        return sum(lease in self.leases for lease in ANYWHERE)

    @property
    def holds_node(self) -> bool:
        """Whether it drives what works on its machine."""
        return node_lease(self.member.node) in self.leases


@dataclass(frozen=True, slots=True)
class RollCall:
    """All daemons of the data as of the last look, this one among them; nobody before the first.

    With `sole` there can be no others: it drives everything, whatever its machine was called before.
    """

    daemons: tuple[Seen, ...] = ()
    sole: bool = False

    def at(self, node: str) -> tuple[Seen, ...]:
        """Those of a node."""
        return tuple(each for each in self.daemons if each.member.node == node)

    def lost(self, nodes: Iterable[str]) -> Sequence[str]:
        """Those of these nodes that nobody drives: their daemons were killed, or stopped and not started again."""
        if self.sole or not self.daemons:
            return ()
        return sorted(set(nodes) - {each.member.node for each in self.daemons if each.alive})


@dataclass(frozen=True, slots=True)
class Driver:
    """Which daemon drives an environment of this `node` (empty: of any). None: nobody, or it is not known yet.

    `problem` says that nobody will until somebody does what `advice` says; it is empty while it changes hands.
    """

    node: str = ""
    daemon: Seen | None = None
    problem: str = ""
    advice: str = ""


UNKNOWN = Driver()
"""Nothing is known of who drives it."""


def sole(member: Member) -> RollCall:
    """The only daemon of its data."""
    everything = frozenset({*ANYWHERE, node_lease(member.node)})
    return RollCall((Seen(member, me=True, leases=everything),), sole=True)


def roll_call(roll: Roll, me: str, silence: Mapping[str, float], dead_after: float) -> RollCall:
    """From what the store has and how long each has been silent, by id."""
    held: dict[str, set[str]] = {}
    for lease, holder in roll.leases.items():
        held.setdefault(holder, set()).add(lease)
    return RollCall(
        tuple(
            Seen(
                member,
                me=member.id == me,
                alive=member.id == me or silence.get(member.id, 0.0) < dead_after,
                silence=0.0 if member.id == me else silence.get(member.id, 0.0),
                leases=frozenset(held.get(member.id, ())),
            )
            for member in roll.members
        )
    )


def driver_of(place: str, node: str, daemons: RollCall, database: str = "") -> Driver:
    """Who drives the environment `place` of this `node`; `database` is how to name the data to another daemon."""
    lease = lease_of(place, node)
    holders = (each for each in daemons.daemons if daemons.sole or (each.alive and lease in each.leases))
    holder = next(holders, None)
    if holder is not None or not daemons.daemons:
        return Driver(node, holder)
    if not node or any(each.alive for each in daemons.at(node)):
        return Driver(node)  # it changes hands
    start = f"start one there: rollway daemon --node {node} --database {database or 'URL'}"
    return Driver(node, problem=_lost(node, daemons), advice=start)


def _lost(node: str, daemons: RollCall) -> str:
    heard = [each.silence for each in daemons.at(node)]
    since = f"none has been heard for {lasting(min(heard))}" if heard else "none is running"
    return f"waiting for a daemon of node {node}; {since}"


def lasting(seconds: float) -> str:
    """`12 s`, `2 min`, `3 h`, `4 days`: rounded down, for it is at least so long."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (seconds >= length and unit != "days"):
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
