"""The writes by which daemons find each other: signs of life, and leases."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import CompoundSelect, exists, literal, select, union_all

from rollway.store.protocol import Member, Roll
from rollway.store.rows import Row, row_of, storable
from rollway.store.schema import leases, members
from rollway.store.transaction import Needs, Transaction


class Beat:
    """A sign of life, answered by everybody's."""

    needs = Needs()

    def __init__(self, member: Member) -> None:
        self._row = row_of(replace(member, beat=1))

    async def make(self, transaction: Transaction) -> Roll:
        """Read by one statement, which sees one moment also where others go on writing."""
        beat = transaction.dialect.upsert(members, counting=members.c.beat)
        await transaction.connection.execute(beat, [self._row])
        everything = (await transaction.connection.execute(_everything())).all()
        return Roll(
            tuple(
                Member(row.id, row.node, row.url, row.version, row.beat)
                for row in everything
                if row.is_member
            ),
            {row.id: row.node for row in everything if not row.is_member},
        )


def _everything() -> CompoundSelect[tuple[bool, str, str, str, str, int]]:
    everybody = select(literal(True).label("is_member"), *members.c)
    nothing = literal("")
    held = select(literal(False), leases.c.lease, leases.c.member, nothing, nothing, literal(0))
    return union_all(everybody, held).order_by("id")


class TakeLeases:
    """Leases change hands, those that still are in the hands they are thought to be in."""

    def __init__(self, member: str, wanted: Mapping[str, str | None]) -> None:
        for name in (member, *wanted):
            storable(name)
        self._member, self._wanted = member, wanted
        self.needs = Needs(leases=frozenset(wanted))

    async def make(self, transaction: Transaction) -> frozenset[str]:
        """A row that was found is locked; one that was not may be inserted by somebody faster, and then stays."""
        found = transaction.leases
        due = {lease for lease, before in self._wanted.items() if found.get(lease) == before}
        taken = await self._insert(transaction, sorted(due - found.keys()))
        taken |= await self._update(transaction, sorted(due & found.keys()))
        found.update(dict.fromkeys(sorted(taken), self._member))
        return taken

    async def _insert(self, transaction: Transaction, names: Sequence[str]) -> frozenset[str]:
        if not names:
            return frozenset()
        rows: list[Row] = [{"lease": name, "member": self._member} for name in names]
        given = transaction.dialect.insert_new(leases).values(rows).returning(leases.c.lease)
        return frozenset((await transaction.connection.execute(given)).scalars())

    async def _update(self, transaction: Transaction, names: Sequence[str]) -> frozenset[str]:
        if names:
            theirs = leases.update().where(leases.c.lease.in_(names))
            await transaction.connection.execute(theirs.values(member=self._member))
        return frozenset(names)


class DropLeases:
    """A member lets go of some leases."""

    def __init__(self, member: str, dropped: Collection[str]) -> None:
        self._member = member
        self.needs = Needs(leases=frozenset(dropped))

    async def make(self, transaction: Transaction) -> None:
        """Delete those that are the member's own."""
        held = {lease for lease in self.needs.leases if transaction.leases.get(lease) == self._member}
        if held:
            await transaction.connection.execute(leases.delete().where(leases.c.lease.in_(sorted(held))))
        for lease in held:
            del transaction.leases[lease]


class Leave:
    """A member is struck off."""

    needs = Needs()

    def __init__(self, member: str) -> None:
        self._member = member

    async def make(self, transaction: Transaction) -> None:
        """Delete it with its leases."""
        await transaction.connection.execute(leases.delete().where(leases.c.member == self._member))
        await transaction.connection.execute(members.delete().where(members.c.id == self._member))
        kept = {lease: holder for lease, holder in transaction.leases.items() if holder != self._member}
        transaction.leases = kept


class StrikeOff:
    """A member that died is forgotten."""

    needs = Needs()

    def __init__(self, member: Member) -> None:
        self._member = member

    async def make(self, transaction: Transaction) -> None:
        """Delete it, unless it came back meanwhile or something is still to be taken from it."""
        silent = members.c.id == self._member.id, members.c.beat == self._member.beat
        holds = exists().where(leases.c.member == self._member.id)
        await transaction.connection.execute(members.delete().where(*silent, ~holds))
