"""What every store promises of the rows beside its streams."""

import asyncio
from dataclasses import replace

import pytest
from pydantic import JsonValue

from rollway.store import (
    AlreadyRemembered,
    Append,
    Conflict,
    Fenced,
    Held,
    MeasurementRow,
    ReleaseDiffers,
    ReleaseRow,
    Remembered,
    Store,
)
from rollway.testing.contracts._store_values import (
    event,
    events,
    release,
    summary,
)


@pytest.mark.asyncio
class RowPromises:
    """Summaries, epochs, measurements, applications, releases, and what is kept by key."""

    async def _list_rollouts(self, store: Store) -> None:
        rows = [
            summary("r1", phase="promoted", ended=True),
            summary("r2", environment="beta", facts={"step": 2, "why": "☂"}, node="node-1", release=None),
            summary("r3", application="blog", phase="paused"),
            summary("r4", phase="rolling_back"),
            summary("e1", kind="environment", phase="busy"),
        ]
        await store.append(*(Append(row.stream, 0, events(1), row) for row in rows))

    async def _streams(self, store: Store, **conditions: object) -> list[str]:
        rows = await store.summaries(**{"kind": "rollout", **conditions})  # type: ignore[arg-type]
        return [row.stream for row in rows]

    @pytest.mark.parametrize(
        ("conditions", "found"),
        [
            ({}, ["r4", "r3", "r2", "r1"]),
            ({"kind": "environment"}, ["e1"]),
            ({"application": "shop"}, ["r4", "r2", "r1"]),
            ({"application": "shop", "environment": "prod"}, ["r4", "r1"]),
            ({"environment": "beta"}, ["r2"]),
            ({"application": "nobody"}, []),
            ({"phases": ["paused", "promoted", "no-such"]}, ["r3", "r1"]),
            ({"phases": []}, []),
            ({"unfinished": True}, ["r4", "r3", "r2"]),
            ({"unfinished": False}, ["r1"]),
            ({"limit": 2}, ["r4", "r3"]),
            ({"limit": 0}, []),
            ({"limit": 2, "before": "r3"}, ["r2", "r1"]),
            ({"before": "r1"}, []),
            ({"application": "shop", "unfinished": True, "before": "r4", "limit": 5}, ["r2"]),
        ],
    )
    async def test_summaries_by_conditions(
        self, store: Store, conditions: dict[str, object], found: list[str]
    ) -> None:
        await self._list_rollouts(store)
        assert await self._streams(store, **conditions) == found

    async def test_a_summary_comes_back_whole(self, store: Store) -> None:
        await self._list_rollouts(store)
        expected = summary(
            "r2", environment="beta", facts={"step": 2, "why": "☂"}, node="node-1", release=None
        )
        assert list(await store.summaries(kind="rollout", environment="beta")) == [expected]

    async def test_the_cursor_visits_every_row_once(self, store: Store) -> None:
        await store.append(*(Append(f"r{n:03}", 0, events(1), summary(f"r{n:03}")) for n in range(25)))
        seen: list[str] = []
        while page := await self._streams(store, limit=7, before=seen[-1] if seen else None):
            seen += page
        assert seen == [f"r{n:03}" for n in reversed(range(25))]

    async def test_an_event_without_summary_leaves_the_summary(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(1), summary("r1")))
        await store.append(Append("r1", 1, events(1)))
        assert list(await store.summaries(kind="rollout")) == [summary("r1")]

    async def test_of_concurrent_writes_the_summary_is_the_last_event_s(self, store: Store) -> None:
        writes = [
            store.append(Append("r1", n, (event(n + 1),), summary("r1", weight=n + 1))) for n in range(20)
        ]
        await asyncio.gather(*writes, return_exceptions=True)
        log = await store.read("r1")
        assert [row.weight for row in await store.summaries(kind="rollout")] == [log[-1].data["number"]]

    async def test_epochs_rise_for_each_environment_by_itself(self, store: Store, other: Store) -> None:
        assert await store.raise_epoch("e1", "daemon-a") > 0
        before = await store.raise_epoch("e1", "daemon-a")
        assert await other.raise_epoch("e1", "daemon-b") > before
        assert await store.raise_epoch("e2", "daemon-a") <= before

    async def test_an_epoch_is_raised_above_what_the_caller_has_seen(
        self, store: Store, other: Store
    ) -> None:
        first = await store.raise_epoch("e1", "daemon-a", above=40)
        assert first > 40
        assert await other.raise_epoch("e1", "daemon-b", above=3) == first + 1
        assert await store.raise_epoch("e1", "daemon-a", above=70) > 70
        with pytest.raises(Fenced):
            await store.append(Append("r1", 0, (event(1),)), held=Held("e1", first))

    async def test_no_epoch_is_given_twice(self, store: Store, other: Store) -> None:
        given = await asyncio.gather(
            *(side.raise_epoch("e1", "x") for _ in range(20) for side in (store, other))
        )
        assert len(set(given)) == 40

    async def test_measurements_are_replaced_and_ordered(self, store: Store) -> None:
        await store.record_measurements(
            [
                MeasurementRow("r1", "latency", 60, [[1, 2]]),
                MeasurementRow("r1", "error-rate", 60, [{"n": 1}]),
                MeasurementRow("r1", "error-rate", 30, []),
                MeasurementRow("r2", "error-rate", 30, [{"n": 9}]),
            ]
        )
        await store.record_measurements([MeasurementRow("r1", "error-rate", 60, [{"n": 1}, {"n": 2}])])
        assert list(await store.measurements("r1")) == [
            MeasurementRow("r1", "error-rate", 30, []),
            MeasurementRow("r1", "error-rate", 60, [{"n": 1}, {"n": 2}]),
            MeasurementRow("r1", "latency", 60, [[1, 2]]),
        ]

    async def test_the_same_measurement_twice_in_one_call(self, store: Store) -> None:
        await store.record_measurements(
            [MeasurementRow("r1", "m", 30, [1]), MeasurementRow("r1", "m", 30, [2])]
        )
        assert list(await store.measurements("r1")) == [MeasurementRow("r1", "m", 30, [2])]

    async def test_no_measurements_are_no_error(self, store: Store) -> None:
        await store.record_measurements([])
        assert list(await store.measurements("r1")) == []

    async def test_old_measurements_are_pruned(self, store: Store) -> None:
        rows = [
            MeasurementRow(rollout, "m", window, [1]) for rollout in ("r1", "r2") for window in (0, 30, 60)
        ]
        await store.record_measurements(rows)
        assert await store.prune_measurements(before=60) == 4
        assert await store.prune_measurements(before=60) == 0
        assert list(await store.measurements("r2")) == [MeasurementRow("r2", "m", 60, [1])]

    async def test_settings_that_differ_are_another_revision(self, store: Store) -> None:
        assert await store.put_application("shop", {"a": 1, "b": [2]}, "user:ada", 1.0) == 1
        assert await store.put_application("shop", {"b": [2], "a": 1}, "user:bob", 2.0) == 1
        assert await store.put_application("shop", {"a": True, "b": [2]}, "user:bob", 3.0) == 2
        assert await store.put_application("shop", {"a": 1, "b": [2]}, "user:eve", 4.0) == 3
        found = await store.application("shop")
        assert found is not None
        assert (found.name, found.revision, found.settings, found.actor, found.at) == (
            "shop",
            3,
            {"a": 1, "b": [2]},
            "user:eve",
            4.0,
        )

    async def test_applications_as_last_applied(self, store: Store) -> None:
        assert list(await store.applications()) == []
        assert await store.application("shop") is None
        for name, number in (("shop", 1), ("blog", 2), ("shop", 3)):
            await store.put_application(name, {"number": number}, "user:ada", 1.0)
        rows = await store.applications()
        assert [(row.name, row.revision, row.settings) for row in rows] == [
            ("blog", 1, {"number": 2}),
            ("shop", 2, {"number": 3}),
        ]

    async def test_a_release_is_put_once(self, store: Store) -> None:
        first = release("1.0")
        assert await store.put_release(first) == first
        assert await store.put_release(replace(first, actor="user:bob", at=9.0)) == first
        assert await store.release("shop", "1.0") == first
        assert await store.release("blog", "1.0") is None

    async def test_a_name_stands_for_one_content(self, store: Store, other: Store) -> None:
        await store.put_release(release("1.0", digest="sha256:aa"))
        with pytest.raises(ReleaseDiffers) as caught:
            await other.put_release(release("1.0", digest="sha256:bb"))
        assert (caught.value.existing, caught.value.given) == ("sha256:aa", "sha256:bb")
        assert await other.release("shop", "1.0") == release("1.0", digest="sha256:aa")

    async def test_of_many_that_want_one_name_one_content_gets_it(self, store: Store, other: Store) -> None:
        puts = [
            side.put_release(release("1.0", digest=f"sha256:{n}"))
            for n in range(10)
            for side in (store, other)
        ]
        answers = await asyncio.gather(*puts, return_exceptions=True)
        assert len({answer.digest for answer in answers if isinstance(answer, ReleaseRow)}) == 1
        assert sum(isinstance(answer, ReleaseDiffers) for answer in answers) == 18

    async def test_releases_the_last_inserted_first(self, store: Store) -> None:
        for name in ("b", "c", "a"):  # at the same instant
            await store.put_release(release(name))
        await store.put_release(replace(release("d"), application="blog"))
        assert [row.name for row in await store.releases("shop")] == ["a", "c", "b"]
        assert [row.name for row in await store.releases("shop", limit=1)] == ["a"]
        assert [row.name for row in await store.releases("shop", limit=1, before="a")] == ["c"]
        assert [row.name for row in await store.releases("shop", before="b")] == []
        assert [row.name for row in await store.releases("shop", before="no-such")] == []

    async def test_an_answer_is_remembered_with_its_events(self, store: Store, other: Store) -> None:
        answer = Remembered("key-1", "POST /rollouts abc", {"id": "r1"}, 5.0)
        await store.append(Append("r1", 0, events(1)), remember=answer)
        assert await other.recall("key-1") == answer
        assert await other.recall("key-2") is None

    async def test_a_conflict_remembers_nothing(self, store: Store) -> None:
        with pytest.raises(Conflict):
            await store.append(Append("r1", 7, events(1)), remember=Remembered("key-1", "f", {}, 5.0))
        assert await store.recall("key-1") is None

    async def test_a_key_used_twice_writes_nothing(self, store: Store) -> None:
        await store.append(Append("r1", 0, events(1)), remember=Remembered("key-1", "f", {"id": "r1"}, 5.0))
        with pytest.raises(AlreadyRemembered, match="key-1"):
            await store.append(
                Append("r2", 0, events(1)), remember=Remembered("key-1", "f", {"id": "r2"}, 6.0)
            )
        assert await store.heads() == {"r1": 1}
        assert (await store.recall("key-1")) == Remembered("key-1", "f", {"id": "r1"}, 5.0)

    async def test_of_the_same_calls_at_once_one_counts(self, store: Store, other: Store) -> None:
        calls = [
            side.append(
                Append(f"r{n}-{side is store}", 0, events(1)), remember=Remembered("key", "f", {"n": n}, 1.0)
            )
            for n in range(10)
            for side in (store, other)
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(answer is None for answer in answers) == 1
        assert sum(isinstance(answer, AlreadyRemembered) for answer in answers) == 19
        assert len(await store.heads()) == 1

    async def test_an_answer_without_events(self, store: Store) -> None:
        await store.append(remember=Remembered("key-1", "f", {"ok": True}, 5.0))
        assert (await store.recall("key-1")) == Remembered("key-1", "f", {"ok": True}, 5.0)

    async def test_old_answers_are_forgotten(self, store: Store) -> None:
        for number in range(4):
            await store.append(remember=Remembered(f"key-{number}", "f", {}, float(number)))
        assert await store.forget(before=2.0) == 2
        assert await store.recall("key-1") is None
        assert await store.recall("key-2") is not None

    @pytest.mark.parametrize("value", [{"phi": 1.5}, [1], "text", 0, False, None])
    async def test_a_value_is_replaced(self, store: Store, other: Store, value: JsonValue) -> None:
        assert await store.value("dispersion/shop") is None
        await store.put_value("dispersion/shop", {"phi": 1})
        await store.put_value("dispersion/shop", value)
        assert await other.value("dispersion/shop") == value
