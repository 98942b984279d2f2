"""What every store promises of its streams."""

from dataclasses import replace

import pytest
from pydantic import JsonValue

from rollway.store import (
    Append,
    Conflict,
    Recorded,
    Store,
)
from rollway.testing.contracts._store_values import (
    HOSTILE_NUMBERS,
    HOSTILE_TEXTS,
    event,
    events,
    numbers,
    summary,
)


@pytest.mark.asyncio
class LogPromises:
    """Order, fencing, and what an event may hold."""

    async def test_events_come_back_whole_and_in_order(self, store: Store) -> None:
        given = (event(1), replace(event(2), type="Shifted", v=3, actor="daemon:b"))
        await store.append(Append("r1", 0, given))
        await store.append(Append("r1", 2, (event(3),)))
        expected = [
            Recorded("r1", seq, e.type, e.v, e.actor, e.at, e.data)
            for seq, e in enumerate((*given, event(3)), 1)
        ]
        assert list(await store.read("r1")) == expected

    async def test_reading_goes_on_after_what_was_read(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(5)))
        assert numbers(await store.read("r1", after=3)) == [4, 5]
        assert list(await store.read("r1", after=5)) == []
        assert list(await store.read("r1", after=99)) == []

    async def test_a_stream_never_written_is_empty(self, store: Store) -> None:
        assert list(await store.read("nobody")) == []
        assert await store.heads() == {}

    async def test_heads_of_all_and_of_some(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(3)), Append("r2", 0, events(1)))
        assert await store.heads() == {"r1": 3, "r2": 1}
        assert await store.heads(["r2", "nobody"]) == {"r2": 1}
        assert await store.heads([]) == {}

    async def test_heads_of_very_many(self, store: Store) -> None:
        await store.append(*(Append(f"r{number}", 0, events(1)) for number in range(1200)))
        assert await store.heads({f"r{number}" for number in range(40_000)}) == {
            f"r{n}": 1 for n in range(1200)
        }

    @pytest.mark.parametrize("expected", [0, 1, 3, 99, -1])
    async def test_another_head_is_a_conflict_and_changes_nothing(self, store: Store, expected: int) -> None:
        await store.append(Append("r1", 0, events(2), summary("r1")))
        with pytest.raises(Conflict) as caught:
            await store.append(Append("r1", expected, events(1, first=9), summary("r1", phase="lost")))
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == ("r1", expected, 2)
        assert numbers(await store.read("r1")) == [1, 2]
        assert [row.phase for row in await store.summaries(kind="rollout")] == ["running"]

    async def test_a_stream_begins_at_head_0(self, store: Store) -> None:
        with pytest.raises(Conflict):
            await store.append(Append("r1", 1, events(1)))
        assert await store.heads() == {}

    async def test_streams_written_together_stand_together(self, store: Store) -> None:
        await store.append(
            Append("r1", 0, events(1), summary("r1")),
            Append("e1", 0, events(1), summary("e1", kind="environment")),
        )
        assert await store.heads() == {"r1": 1, "e1": 1}
        assert [row.stream for row in await store.summaries(kind="environment")] == ["e1"]

    async def test_streams_written_together_fall_together(self, store: Store) -> None:
        await store.append(Append("e1", 0, events(1)))
        with pytest.raises(Conflict, match="e1"):
            await store.append(Append("r1", 0, events(1), summary("r1")), Append("e1", 0, events(1)))
        assert await store.heads() == {"e1": 1}
        assert list(await store.summaries(kind="rollout")) == []

    async def test_one_stream_twice_in_one_append(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(2)), Append("r1", 2, events(1, first=3)))
        assert numbers(await store.read("r1")) == [1, 2, 3]
        with pytest.raises(Conflict):
            await store.append(Append("r1", 3, events(1)), Append("r1", 3, events(1)))
        assert numbers(await store.read("r1")) == [1, 2, 3]

    async def test_without_events_only_the_head_is_checked(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(1), summary("r1", weight=500)))
        await store.append(Append("r1", 1, (), summary("r1", weight=700)))
        with pytest.raises(Conflict):
            await store.append(Append("r1", 0, (), summary("r1", weight=900)))
        assert [row.weight for row in await store.summaries(kind="rollout")] == [700]
        assert await store.heads() == {"r1": 1}

    async def test_nothing_appended_is_no_stream(self, store: Store) -> None:
        await store.append()
        await store.append(Append("r1", 0, ()))
        assert await store.heads() == {}

    async def test_a_summary_belongs_to_its_stream(self) -> None:
        with pytest.raises(ValueError, match="r2"):
            Append("r1", 0, events(1), summary("r2"))

    @pytest.mark.parametrize("text", HOSTILE_TEXTS)
    async def test_any_text_comes_back_as_it_was(self, store: Store, text: str) -> None:
        data: dict[str, JsonValue] = {"text": text, text: [text]}
        await store.append(Append("r1", 0, (event(data=data),)))
        assert (await store.read("r1"))[0].data == data

    @pytest.mark.parametrize("text", [text for text in HOSTILE_TEXTS if not set(text) & {"\0", "\udc80"}])
    async def test_names_come_back_as_they_were(self, store: Store, text: str) -> None:
        given = replace(event(1), type=text, actor=text, at=1)
        await store.append(Append(text, 0, (given,), summary(text, phase=text, release=text, updated=1e-7)))
        assert [(entry.stream, entry.type, entry.actor, entry.at) for entry in await store.read(text)] == [
            (text, text, text, 1)
        ]
        assert list(await store.summaries(kind="rollout")) == [
            summary(text, phase=text, release=text, updated=1e-7)
        ]

    async def test_any_number_comes_back_as_it_was(self, store: Store) -> None:
        await store.append(Append("r1", 0, (event(data={"numbers": HOSTILE_NUMBERS}),)))
        assert repr((await store.read("r1"))[0].data["numbers"]) == repr(HOSTILE_NUMBERS)

    async def test_a_large_event(self, store: Store) -> None:
        data: dict[str, JsonValue] = {"output": "é" * 2_000_000, "plan": [{"step": n} for n in range(10_000)]}
        await store.append(Append("r1", 0, (event(data=data),)))
        assert (await store.read("r1"))[0].data == data

    async def test_many_events_at_once(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(5_000)))
        assert numbers(await store.read("r1")) == list(range(1, 5_001))

    @pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf"), {1, 2}, object(), b"bytes"])
    async def test_what_is_no_json_is_refused_and_changes_nothing(
        self, store: Store, wrong: JsonValue
    ) -> None:
        good = Append("r1", 0, events(1))
        with pytest.raises((ValueError, TypeError)):
            await store.append(good, Append("r2", 0, (event(data={"wrong": wrong}),)))
        assert await store.heads() == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            {"v": 2**70},
            {"actor": "user:\udc80"},
            {"actor": "user:\0"},
            {"type": "\udc80"},
            {"at": float("nan")},
            {"at": float("inf")},
        ],
    )
    async def test_what_a_database_cannot_hold_is_refused(
        self, store: Store, wrong: dict[str, object]
    ) -> None:
        unstorable = replace(event(2), **wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError):  # noqa: PT011 - each database says it its way
            await store.append(Append("r1", 0, (event(1), unstorable)))
        assert await store.heads() == {}

    async def test_the_store_keeps_no_hold_of_what_it_was_given(self, store: Store) -> None:
        data: dict[str, JsonValue] = {"list": [1]}
        await store.append(Append("r1", 0, (event(data=data),)))
        data["list"] = "changed afterwards"
        (await store.read("r1"))[0].data["list"] = "changed by a reader"
        assert (await store.read("r1"))[0].data == {"list": [1]}
