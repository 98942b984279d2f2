"""The writes by which daemons find each other: signs of life, and leases."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import CompoundSelect, Insert, Update, literal, select, union_all

from rollway.store.dialect import Dialect
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
        beat = transaction.dialect.upsert(members, {"beat": members.c.beat + 1})
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


class TakeLease:
    """A lease changes hands, if it still is in those it is thought to be in."""

    def __init__(self, lease: str, member: str, before: str | None) -> None:
        self._row: Row = {"lease": storable(lease), "member": storable(member)}
        self._lease, self._member, self._before = lease, member, before
        self.needs = Needs(leases=frozenset({lease}))

    async def make(self, transaction: Transaction) -> bool:
        """A row that was found is locked; one that was not may be inserted by somebody faster, and then stays."""
        if transaction.leases.get(self._lease) != self._before:
            return False
        given = self._given(transaction.dialect).execution_options(preserve_rowcount=True)
        if not (await transaction.connection.execute(given)).rowcount:
            return False
        transaction.leases[self._lease] = self._member
        return True

    def _given(self, dialect: Dialect) -> Insert | Update:
        if self._before is None:
            return dialect.insert_new(leases).values(self._row)
        return leases.update().where(leases.c.lease == self._lease).values(member=self._member)


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
