"""The loop of virtual time: no real time passes, and everything happens in the same order each time."""

import asyncio
import time

import pytest

from rollway.testing import Stalled, VirtualClock, VirtualIdentifiers, run_virtually


def test_a_day_takes_no_time() -> None:
    began = time.monotonic()
    run_virtually(asyncio.sleep(86_400.0))
    assert time.monotonic() - began < 60.0


async def passing() -> list[tuple[str, float]]:
    order: list[tuple[str, float]] = []
    clock = VirtualClock()

    async def walker(name: str, pace: float) -> None:
        for _ in range(5):
            await asyncio.sleep(pace)
            order.append((name, clock.monotonic()))

    await asyncio.gather(walker("a", 0.3), walker("b", 0.2), walker("c", 0.3))
    return order


def test_the_same_program_is_the_same_course() -> None:
    first = run_virtually(passing())
    assert first == run_virtually(passing())
    assert [at for _, at in first] == sorted(at for _, at in first)


def test_deadlines_are_virtual_too() -> None:
    async def too_slow() -> float:
        clock = VirtualClock()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(300.0):
                await asyncio.sleep(3_600.0)
        return clock.monotonic()

    assert run_virtually(too_slow()) == pytest.approx(300.0)


def test_work_for_threads_is_done_in_its_place() -> None:
    async def threaded() -> tuple[int, float]:
        return await asyncio.to_thread(sum, [1, 2]), VirtualClock().monotonic()

    assert run_virtually(threaded()) == (3, 0.0)


def test_what_fails_in_a_thread_fails_for_whoever_awaits() -> None:
    with pytest.raises(ZeroDivisionError):
        run_virtually(asyncio.to_thread(lambda: 1 // 0))


def test_a_program_in_which_all_wait_for_nothing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollway.testing.clock.PATIENCE", 0.01)
    with pytest.raises(Stalled):
        run_virtually(asyncio.Event().wait())


def test_the_wall_clock_jumps_and_the_other_does_not() -> None:
    async def jumping() -> tuple[float, float]:
        clock = VirtualClock()
        wall, monotonic = clock.now(), clock.monotonic()
        clock.jump(-3_600.0)
        await clock.sleep(1.0)
        return clock.now() - wall, clock.monotonic() - monotonic

    assert run_virtually(jumping()) == pytest.approx((-3_599.0, 1.0))


def test_identifiers_are_the_same_for_a_seed_and_sort() -> None:
    first, again, other = VirtualIdentifiers(7), VirtualIdentifiers(7), VirtualIdentifiers(8)
    made = [first.new() for _ in range(100)]
    assert made == [again.new() for _ in range(100)]
    assert made != [other.new() for _ in range(100)]
    assert made == sorted(set(made))
