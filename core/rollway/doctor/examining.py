"""Several looks at once, none of which can hold up or break the others."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from rollway.domain.findings import Finding, problem
from rollway.errors import RollwayError
from rollway.store.protocol import StoreUnavailable

log = logging.getLogger(__name__)

DEADLINE = 8.0
"""Seconds that one look may take."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at something: `name` is what its findings are about where it gives none."""

    part: str
    name: str
    look: Callable[[], Awaitable[Sequence[Finding]]]


async def examined(looks: Sequence[Look], deadline: float = DEADLINE) -> Sequence[Finding]:
    """What all of them find, in their order; one that fails or hangs is a problem of its own."""
    found = await asyncio.gather(*(_within(each, deadline) for each in looks))
    return [replace(each, part=look.part) for look, some in zip(looks, found, strict=True) for each in some]


async def _within(look: Look, deadline: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(deadline):
            return await look.look()
    except TimeoutError:
        said = f"nothing is known of it after {deadline:g} s"
        return [problem(look.name, said, "see whether a disk or the network hangs")]
    except StoreUnavailable as error:
        return [problem(look.name, error.problem, error.advice)]
    except RollwayError as error:
        return [problem(look.name, str(error), error.advice or "")]
    except Exception as error:  # the boundary of a look: a plugin's may raise anything
        log.debug("a look at %s failed", look.name, exc_info=True)
        said = f"it could not be looked at: {type(error).__name__}: {error}"
        return [problem(look.name, said, "report it")]


async def aside(work: Callable[[], Result]) -> Result:
    """The result of what blocks, in a thread that nobody waits for: a file system that hangs would keep the program."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: Exception | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("Result", result))

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except Exception as error:  # told to whoever waits
            failed = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="look", daemon=True).start()
    return await done
