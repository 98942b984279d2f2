"""Time that passes only when nobody has anything left to do: an event loop, a clock and identifiers for tests.

On a `VirtualTimeLoop` every `asyncio.sleep`, `asyncio.timeout` and deadline takes no real time, and the same program
does the same in the same order each time.
"""

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from rollway.engine.system import make_id

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

Result = TypeVar("Result")

BEGAN = 1_000_000.0
"""When virtual clocks begin, in unix seconds."""

PATIENCE = 5.0
"""Real seconds that a loop with nothing to do waits for the outside, before it says that nothing will ever happen."""


class Stalled(RuntimeError):
    """Everybody waits, for nothing that will come."""


class _JumpingSelector(selectors.BaseSelector):
    """Waits for nobody: where no file is ready, the time asked for has passed."""

    def __init__(self) -> None:
        self.passed = 0.0
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: "FileDescriptorLike", events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping["FileDescriptorLike", selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._real.select(PATIENCE if timeout is None else 0)
        if not ready and timeout is None:
            raise Stalled("every task waits, and no timer is set")
        if not ready and timeout:
            self.passed += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer; work for threads is done at once, in its place."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.passed

    def run_in_executor(
        self, executor: object, func: Callable[..., Result], *args: object
    ) -> asyncio.Future[Result]:
        """Call it here and now: a thread would come back at some real moment, whatever the time is."""
        done: asyncio.Future[Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # as a thread's: it belongs to whoever awaits
            done.set_exception(error)
        return done


def run_virtually(main: Coroutine[Any, Any, Result]) -> Result:
    """`asyncio.run` on a loop of its own in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class VirtualClock:
    """A `Clock` of the running loop. `jump` moves the wall clock alone, as an administrator or NTP does."""

    def __init__(self, began: float = BEGAN) -> None:
        self._wall = began

    def now(self) -> float:
        """Unix seconds."""
        return self._wall + self.monotonic()

    def monotonic(self) -> float:
        """The loop's own seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""
        await asyncio.sleep(seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back."""
        self._wall += seconds

    async def until(self, condition: Callable[[], bool | Awaitable[bool]], within: float = 600.0) -> None:
        """Wait until it holds, looking every 50 ms. Raises TimeoutError after `within` seconds."""
        deadline = self.monotonic() + within
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            if self.monotonic() >= deadline:
                raise TimeoutError(f"not so within {within:g} s")
            await self.sleep(0.05)


class VirtualIdentifiers:
    """`Identifiers` that are the same for the same seed, and sort by the order in which they were made."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - identities in a test, not secrets
        self._made = int(BEGAN * 1000)

    def new(self) -> str:
        """The next id."""
        self._made += 1
        return make_id(self._made, self._random.getrandbits(30))
