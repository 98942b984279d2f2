"""The API over use cases in memory, served by the real server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rollway.http import create_app
from rollway.http.serving import Listener, bind, serve
from tests.unit.http.memory_usecases import MemoryUseCases

Result = TypeVar("Result")


@dataclass
class Served:
    """A running server; `do` runs something in its loop."""

    url: str
    cases: MemoryUseCases
    loop: asyncio.AbstractEventLoop
    stop: asyncio.Event
    thread: threading.Thread

    def do(self, work: Callable[[], Result]) -> Result:
        async def done() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(10)

    def end(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(20)
        assert not self.thread.is_alive(), "the server did not stop"


@contextmanager
def served(cases: MemoryUseCases | None = None, listen: str = "127.0.0.1:0") -> Iterator[Served]:
    cases = cases or MemoryUseCases()
    listener = bind(listen)
    made: list[Served] = []
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(cases, listener, made, ready, thread)))
    thread.start()
    assert ready.wait(20), "the server did not start"
    try:
        yield made[0]
    finally:
        made[0].end()


async def _serve(
    cases: MemoryUseCases,
    listener: Listener,
    made: list[Served],
    ready: threading.Event,
    thread: threading.Thread,
) -> None:
    stop = asyncio.Event()

    def announce(url: str) -> None:
        made.append(Served(url, cases, asyncio.get_running_loop(), stop, thread))
        ready.set()

    await serve(create_app(cases), listener, stop, announce)
