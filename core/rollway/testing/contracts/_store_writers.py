"""What every store promises when several write at once, give up, or close."""

import asyncio
import random
from contextlib import suppress

import pytest

from rollway.store import (
    Append,
    Conflict,
    Store,
    StoreUnavailable,
)
from rollway.testing.contracts._store_values import (
    OpenAnother,
    assert_gapless,
    event,
    events,
    numbers,
)


@pytest.mark.asyncio
class WriterPromises:
    """Nothing lost, nothing half, nothing twice."""

    async def test_of_many_that_want_one_place_one_gets_it(self, store: Store) -> None:
        rivals = [Append(f"r{n % 5}", 0, (event(n),)) for n in range(50)]
        answers = await asyncio.gather(*(store.append(rival) for rival in rivals), return_exceptions=True)
        assert sum(answer is None for answer in answers) == 5
        assert sum(isinstance(answer, Conflict) for answer in answers) == 45
        assert await store.heads() == {f"r{n}": 1 for n in range(5)}

    @pytest.mark.parametrize("seed", range(5))
    async def test_any_crowd_of_writers_leaves_whole_streams(
        self, store: Store, other: Store, seed: int
    ) -> None:
        chance = random.Random(seed)  # noqa: S311 - only has to be repeatable
        told: dict[str, list[int]] = {}
        await asyncio.gather(*(self._write_some((store, other), chance, n, told) for n in range(30)))
        assert told
        logs = {stream: await store.read(stream) for stream in told}
        for stream, log in logs.items():
            assert_gapless(log)
            assert sorted(numbers(log), key=repr) == sorted(told[stream], key=repr)
        assert await other.heads() == {stream: len(log) for stream, log in logs.items() if log}

    async def _write_some(
        self, stores: tuple[Store, Store], chance: random.Random, writer: int, told: dict[str, list[int]]
    ) -> None:
        for turn in range(8):
            store = chance.choice(stores)
            streams = chance.sample(["r1", "r2", "r3", "e1"], chance.randint(1, 2))
            heads = await store.heads(streams)
            number = writer * 1000 + turn
            appends = [Append(name, heads.get(name, 0), (event(number), event(number))) for name in streams]
            with suppress(Conflict):
                await store.append(*appends)
                for name in streams:
                    told.setdefault(name, []).extend([number, number])

    async def test_the_slower_of_two_daemons_gets_the_conflict(self, store: Store, other: Store) -> None:
        await store.append(Append("r1", 0, events(1)))
        await other.append(Append("r1", 1, events(1, first=2)))
        with pytest.raises(Conflict) as caught:
            await store.append(Append("r1", 1, events(1, first=3)))
        assert caught.value.actual == 2
        assert numbers(await store.read("r1")) == numbers(await other.read("r1")) == [1, 2]

    async def test_two_daemons_at_once(self, store: Store, other: Store) -> None:
        writes = [side.append(Append(f"r{n}", 0, events(1))) for n in range(40) for side in (store, other)]
        answers = await asyncio.gather(*writes, return_exceptions=True)
        assert sum(answer is None for answer in answers) == 40
        assert sum(isinstance(answer, Conflict) for answer in answers) == 40

    async def test_what_is_acknowledged_is_there_for_everyone(self, store: Store, other: Store) -> None:
        for number in range(20):
            await store.append(Append("r1", number, events(1)))
            assert await other.heads(["r1"]) == {"r1": number + 1}

    async def test_a_cancelled_write_is_made_whole_or_not_at_all(self, store: Store) -> None:
        tasks = [
            asyncio.create_task(store.append(Append(f"r{n}", 0, events(3)), Append(f"e{n}", 0, events(3))))
            for n in range(60)
        ]
        for number, task in enumerate(tasks):
            if number % 2:
                task.cancel()
            await asyncio.sleep(0)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        heads = await store.heads()
        assert all(answer is None for answer in answers[::2])
        assert {heads.get(f"r{n}") for n in range(0, 60, 2)} == {3}
        assert all(
            heads.get(f"r{n}") == heads.get(f"e{n}") and heads.get(f"r{n}") in (None, 3) for n in range(60)
        )
        await store.append(Append("after", 0, events(1)))

    async def test_a_cancelled_read_leaves_the_store_usable(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(100)))
        for turns in range(12):
            task = asyncio.create_task(store.read("r1"))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert len(await store.read("r1")) == 100

    async def test_closing_commits_what_was_accepted(self, store: Store, open_another: OpenAnother) -> None:
        closing = await open_another()
        tasks = [asyncio.create_task(closing.append(Append(f"r{n}", 0, events(1)))) for n in range(30)]
        await asyncio.sleep(0)
        await closing.aclose()
        await asyncio.gather(*tasks)
        assert await store.heads() == {f"r{n}": 1 for n in range(30)}

    async def test_a_closed_store_says_so(self, open_another: OpenAnother) -> None:
        closed = await open_another()
        await closed.aclose()
        await closed.aclose()
        with pytest.raises(StoreUnavailable, match="closed"):
            await closed.append(Append("r1", 0, events(1)))
        with pytest.raises(StoreUnavailable, match="closed"):
            await closed.read("r1")
