"""What every store promises to daemons that share it: who holds what, and that whoever was replaced writes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rollway.store import (
    AlreadyRemembered,
    Append,
    Conflict,
    Fenced,
    Held,
    Member,
    Remembered,
    Roll,
    Store,
    StoreUnavailable,
)
from rollway.testing.contracts._store_values import OpenAnother, event, events, numbers, summary

SOON = 10.0
"""Seconds within which a notice comes; one that does not come fails the test."""


def member(name: str) -> Member:
    """Return a daemon of one node."""
    return Member(name, "node-1", f"http://127.0.0.1:7700/{name}", "1.0")


class Notices:
    """What one listener is told."""

    def __init__(self) -> None:
        self.told: list[str | None] = []
        self._news = asyncio.Event()

    def __call__(self, stream: str | None) -> None:
        """Be told."""
        self.told.append(stream)
        self._news.set()

    async def until(self, *streams: str | None) -> None:
        """Wait until all of these were told."""
        for stream in streams:
            await self.until_any(stream)

    async def until_any(self, *streams: str | None) -> None:
        """Wait until one of these was told."""
        async with asyncio.timeout(SOON):
            while not set(streams) & set(self.told):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(store: Store) -> AsyncIterator[Notices]:
    """Listen, from a moment on at which nothing is missed any more."""
    notices = Notices()
    task = asyncio.create_task(store.listen(notices))
    try:
        await notices.until(None)
        yield notices
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.asyncio
class LeasePromises:
    """Signs of life, leases, and epochs that fence."""

    async def test_who_holds_the_epoch_writes(self, store: Store) -> None:
        held = Held("shop/prod", await store.raise_epoch("shop/prod", "a"))
        await store.append(Append("r1", 0, events(2)), held=held)
        await store.append(Append("r1", 2, events(1, first=3)), held=held)
        assert numbers(await store.read("r1")) == [1, 2, 3]

    async def test_whoever_was_replaced_writes_nothing(self, store: Store, other: Store) -> None:
        old = Held("shop/prod", await store.raise_epoch("shop/prod", "a"))
        await store.append(Append("r1", 0, events(1), summary("r1")), held=old)
        new = Held("shop/prod", await other.raise_epoch("shop/prod", "b"))
        late = Append("r1", 1, events(1, first=2), summary("r1", phase="lost"))
        with pytest.raises(Fenced, match="shop/prod"):
            await store.append(late, remember=Remembered("key", "f", {}, 1.0), held=old)
        assert numbers(await other.read("r1")) == [1]
        assert [row.phase for row in await other.summaries(kind="rollout")] == ["running"]
        assert await other.recall("key") is None
        await other.append(Append("r1", 1, events(1, first=2)), held=new)

    @pytest.mark.parametrize("difference", [-1, 1, 10])
    async def test_only_the_epoch_itself_will_do(self, store: Store, difference: int) -> None:
        epoch = await store.raise_epoch("shop/prod", "a")
        with pytest.raises(Fenced):
            await store.append(Append("r1", 0, events(1)), held=Held("shop/prod", epoch + difference))
        assert await store.heads() == {}

    async def test_an_environment_nobody_ever_held_is_not_held(self, store: Store) -> None:
        with pytest.raises(Fenced):
            await store.append(Append("r1", 0, events(1)), held=Held("shop/prod", 1))
        assert await store.heads() == {}

    async def test_each_environment_is_fenced_by_itself(self, store: Store) -> None:
        held = Held("shop/prod", await store.raise_epoch("shop/prod", "a"))
        await store.raise_epoch("shop/beta", "b")
        await store.append(Append("r1", 0, events(1)), held=held)
        await store.append(Append("r1", 1, events(1)))  # a person's command, which any daemon writes

    async def test_fenced_is_said_before_conflict_and_that_before_the_key(self, store: Store) -> None:
        old = Held("shop/prod", await store.raise_epoch("shop/prod", "a"))
        new = Held("shop/prod", await store.raise_epoch("shop/prod", "a"))
        answer = Remembered("key", "f", {}, 1.0)
        await store.append(Append("r1", 0, events(1)), remember=answer, held=new)
        with pytest.raises(Fenced):
            await store.append(Append("r1", 0, events(1)), remember=answer, held=old)
        with pytest.raises(Conflict):
            await store.append(Append("r1", 0, events(1)), remember=answer, held=new)
        with pytest.raises(AlreadyRemembered):
            await store.append(Append("r1", 1, events(1)), remember=answer, held=new)
        assert await store.heads() == {"r1": 1}

    async def test_a_refusal_costs_its_neighbours_nothing(self, store: Store) -> None:
        old = Held("e1", await store.raise_epoch("e1", "a"))
        new = Held("e1", await store.raise_epoch("e1", "a"))
        writes = [
            store.append(Append(f"r{n}", 0, (event(n),)), held=old if n % 2 else new) for n in range(40)
        ]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        assert [isinstance(answer, Fenced) for answer in answers] == [bool(n % 2) for n in range(40)]
        assert await store.heads() == {f"r{n}": 1 for n in range(0, 40, 2)}

    async def test_nothing_of_the_old_owner_comes_after_the_new_epoch(
        self, store: Store, other: Store
    ) -> None:
        """What the new owner reads once it has its epoch is all that the old one ever wrote."""
        for turn in range(5):
            held = Held("e1", await store.raise_epoch("e1", "a"))
            streams = [f"{turn}-{n}" for n in range(30)]
            writing = asyncio.gather(
                *(store.append(Append(stream, 0, events(1)), held=held) for stream in streams),
                return_exceptions=True,
            )
            await other.raise_epoch("e1", "b")
            seen = await other.heads(streams)
            answers = await writing
            assert await other.heads(streams) == seen
            assert len(seen) == sum(answer is None for answer in answers)
            assert all(answer is None or isinstance(answer, Fenced) for answer in answers)

    async def test_an_epoch_is_raised_by_the_lease_s_holder_only(self, store: Store, other: Store) -> None:
        with pytest.raises(Fenced, match="any/01"):
            await store.raise_epoch("shop/prod", "a", "any/01")
        assert await store.take_leases("a", {"any/01": None})
        first = await store.raise_epoch("shop/prod", "a", "any/01")
        assert await other.take_leases("b", {"any/01": "a"})
        with pytest.raises(Fenced):
            await store.raise_epoch("shop/prod", "a", "any/01")
        await store.append(Append("r1", 0, events(1)), held=Held("shop/prod", first))  # it was not raised
        assert await other.raise_epoch("shop/prod", "b", "any/01") > first

    async def test_a_lease_is_taken_from_whoever_is_thought_to_hold_it(
        self, store: Store, other: Store
    ) -> None:
        assert not await store.take_leases("a", {"any/01": "z"})
        assert await store.take_leases("a", {"any/01": None})
        assert not await other.take_leases("b", {"any/01": None})
        assert not await other.take_leases("b", {"any/01": "z"})
        assert await other.take_leases("b", {"any/01": "a"})
        assert not await store.take_leases("c", {"any/01": "a"})
        assert (await store.beat(member("a"))).leases == {"any/01": "b"}

    async def test_of_many_leases_those_are_taken_whose_holder_is_the_one_named(
        self, store: Store, other: Store
    ) -> None:
        assert await store.take_leases("a", {"any/02": None, "any/03": None, "any/04": None})
        assert await other.take_leases("b", {"any/03": "a"}) == {"any/03"}
        wanted = {"any/01": None, "any/02": "a", "any/03": "a", "any/04": None, "any/05": "a"}
        assert await other.take_leases("c", wanted) == {"any/01", "any/02"}
        assert await other.take_leases("c", {}) == frozenset()
        held = {"any/01": "c", "any/02": "c", "any/03": "b", "any/04": "a"}
        assert (await store.beat(member("a"))).leases == held

    @pytest.mark.parametrize("before", [None, "gone"])
    async def test_of_many_that_take_a_lease_one_gets_it(
        self, store: Store, other: Store, before: str | None
    ) -> None:
        leases = [f"any/{n:02}" for n in range(8)]
        if before is not None:
            assert await store.take_leases(before, dict.fromkeys(leases)) == set(leases)
        takers = [
            (lease, f"{name}{n}", side)
            for n in range(3)
            for lease in leases
            for name, side in (("a", store), ("b", other))
        ]
        won = await asyncio.gather(*(side.take_leases(name, {lease: before}) for lease, name, side in takers))
        winners = {lease: name for (lease, name, _), taken in zip(takers, won, strict=True) if taken}
        assert sum(map(len, won)) == len(leases)
        assert (await store.beat(member("a"))).leases == winners

    async def test_beats_count_and_show_everybody(self, store: Store, other: Store) -> None:
        assert await store.beat(member("a")) == Roll((Member(*_named("a"), beat=1),), {})
        await other.beat(member("b"))
        await store.take_leases("a", {"any/01": None})
        roll = await store.beat(member("a"))
        assert roll.members == (Member(*_named("a"), beat=2), Member(*_named("b"), beat=1))
        assert roll.leases == {"any/01": "a"}
        assert (await other.beat(member("b"))).members[1].beat == 2

    async def test_beats_of_many_at_once_are_all_counted(self, store: Store, other: Store) -> None:
        sides = [(store, "a"), (other, "b")]
        await asyncio.gather(*(side.beat(member(name)) for _ in range(10) for side, name in sides))
        roll = await store.beat(member("a"))
        assert [(each.id, each.beat) for each in roll.members] == [("a", 11), ("b", 10)]

    async def test_one_lets_go_of_one_s_own_leases_only(self, store: Store, other: Store) -> None:
        for lease, holder in (("any/01", "a"), ("any/02", "a"), ("any/03", "b")):
            assert await store.take_leases(holder, {lease: None})
        await store.drop_leases("a", ["any/01", "any/03", "no-such"])
        await store.drop_leases("a", [])
        assert (await other.beat(member("b"))).leases == {"any/02": "a", "any/03": "b"}
        assert await other.take_leases("b", {"any/01": None})

    async def test_leaving_frees_everything(self, store: Store, other: Store) -> None:
        for name in ("a", "b"):
            await store.beat(member(name))
        for lease, holder in (("any/01", "a"), ("any/02", "a"), ("any/03", "b")):
            assert await store.take_leases(holder, {lease: None})
        await store.leave("a")
        await store.leave("nobody")
        roll = await other.beat(member("b"))
        assert [each.id for each in roll.members] == ["b"]
        assert roll.leases == {"any/03": "b"}
        assert (await store.beat(member("a"))).members[0].beat == 1  # as if it were new

    async def test_whoever_died_is_struck_off_unless_he_came_back_or_holds_something(
        self, store: Store, other: Store
    ) -> None:
        for name in ("back", "holder"):
            await store.beat(member(name))
        await store.take_leases("holder", {"any/01": None})
        roll = await store.beat(member("dead"))
        await store.beat(member("back"))
        for each in roll.members:
            await other.strike_off(each)
        await other.strike_off(member("unknown"))
        roll = await other.beat(member("a"))
        assert [each.id for each in roll.members] == ["a", "back", "holder"]
        assert roll.leases == {"any/01": "holder"}

    @pytest.mark.parametrize("wrong", ["a\0", "a\udc80"])
    async def test_names_that_no_database_can_hold_are_refused(self, store: Store, wrong: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - each database says it its way
            await store.beat(member(wrong))
        with pytest.raises(ValueError):  # noqa: PT011
            await store.raise_epoch(wrong, "a")
        with pytest.raises(ValueError):  # noqa: PT011
            await store.take_leases("a", {wrong: None})
        assert (await store.beat(member("a"))).leases == {}

    async def test_a_closed_store_says_so_to_a_daemon_that_beats(self, open_another: OpenAnother) -> None:
        closed = await open_another()
        await closed.aclose()
        with pytest.raises(StoreUnavailable, match="closed"):
            await closed.beat(member("a"))
        with pytest.raises(StoreUnavailable, match="closed"):
            await closed.listen(lambda _: None)


@pytest.mark.asyncio
class NoticePromises:
    """What a store that several daemons write to promises to those that listen."""

    async def test_what_another_daemon_appends_is_told(self, store: Store, other: Store) -> None:
        async with listening(store) as notices:
            await other.append(Append("r1", 0, events(2)), Append("e1", 0, events(1)))
            await other.append(Append("r1", 2, events(1)))
            await notices.until("r1", "e1")
            assert (await store.heads()) == {"r1": 3, "e1": 1}

    async def test_what_was_refused_or_changed_nothing_is_not_told(self, store: Store, other: Store) -> None:
        async with listening(store) as notices:
            with pytest.raises(Conflict):
                await other.append(Append("r1", 5, events(1)))
            await other.append(Append("r2", 0, ()))
            await other.append(Append("last", 0, events(1)))
            await notices.until("last")
        assert set(notices.told) == {None, "last"}

    async def test_many_streams_with_any_name_are_told(self, store: Store, other: Store) -> None:
        names = [*(f"rollout:{n:012}" for n in range(1000)), "Grüße, 'Welt' \\ \n🚀", "x" * 10_000]
        async with listening(store) as notices:
            await other.append(*(Append(name, 0, events(1)) for name in names[:-1]))
            await notices.until(*names[:-1])
            notices.told.clear()
            await other.append(Append(names[-1], 0, events(1)))
            await notices.until_any(None, names[-1])  # it may be too long to be named

    async def test_who_listens_no_more_is_told_nothing(self, store: Store, other: Store) -> None:
        async with listening(store) as gone:
            pass
        async with listening(store) as notices:
            await other.append(Append("r1", 0, events(1)))
            await notices.until("r1")
        assert gone.told == [None]


def _named(name: str) -> tuple[str, str, str, str]:
    given = member(name)
    return given.id, given.node, given.url, given.version
