"""Two machines of one name: the second daemon to come is refused while the first lives."""

import asyncio

import pytest

from rollway.daemon.namesake import refuse_namesake
from rollway.engine.leases import BEAT, SILENCE
from rollway.errors import ConflictError
from rollway.store import Member
from rollway.testing.clock import VirtualClock
from rollway.testing.memory_store import MemoryStore

pytestmark = pytest.mark.virtual_time

FIRST, SECOND = (Member(f"web-7:{n}:ab", "web-7", "", "1.0") for n in (1, 2))


async def beating(store: MemoryStore, member: Member) -> None:
    while True:
        await store.beat(member)
        await asyncio.sleep(BEAT)


async def come(store: MemoryStore, member: Member, machine: str) -> float:
    """Seconds that it took to be let in."""
    clock = VirtualClock()
    began = clock.monotonic()
    await refuse_namesake(store, member, clock, machine)
    return clock.monotonic() - began


@pytest.mark.parametrize(
    ("machine", "alive", "refused", "slow"),
    [
        ("one", True, False, False),
        ("one", False, False, False),
        ("another", True, True, False),
        ("another", False, False, True),
    ],
    ids=["a second one there", "its successor", "of another machine", "the machine was started anew"],
)
async def test_who_is_let_in(machine: str, alive: bool, refused: bool, slow: bool) -> None:
    store = MemoryStore()
    assert await come(store, FIRST, "one") == 0
    await store.beat(FIRST)
    first = asyncio.create_task(beating(store, FIRST)) if alive else None
    if refused:
        with pytest.raises(ConflictError, match="another machine is called web-7 as well") as error:
            await come(store, SECOND, machine)
        assert error.value.advice == "give this one a name of its own: --node NAME"
    else:
        took = await come(store, SECOND, machine)
        assert (SILENCE <= took <= SILENCE + BEAT) == slow
    if first is not None:
        first.cancel()
    assert [each.id for each in (await store.beat(FIRST)).members] == [FIRST.id], (
        "nothing of the second is left"
    )


async def test_one_of_another_node_is_none_of_its_business() -> None:
    store = MemoryStore()
    await come(store, FIRST, "one")
    other = asyncio.create_task(beating(store, Member("web-8:1:ab", "web-8", "", "1.0")))
    await asyncio.sleep(1)
    assert await come(store, SECOND, "another") == 0
    other.cancel()
