"""Calls of plugins: each has a deadline, and one that hangs is told apart from one that failed."""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from structlog.contextvars import bound_contextvars

from rollway.errors import PluginError
from rollway.plugin.kinds import StaleToken

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Trouble(Exception):
    """A plugin's call did not do what it should; `hung` when it was cancelled because its time was over."""

    def __init__(self, reason: str, *, hung: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hung = hung


async def call(what: str, work: Awaitable[Result], deadline: float, plugin: str = "") -> Result:
    """Await a plugin for at most `deadline` seconds. Raises Trouble; StaleToken passes.

    What is logged meanwhile, by whomever, carries the name of the `plugin` that was called.
    """
    with _named(plugin):
        return await _guarded(what, work, deadline)


def _named(plugin: str) -> AbstractContextManager[object]:
    return bound_contextvars(plugin=plugin) if plugin else nullcontext()


async def _guarded(what: str, work: Awaitable[Result], deadline: float) -> Result:
    patience = asyncio.timeout(deadline)
    try:
        async with patience:
            return await work
    except StaleToken:
        raise
    except (
        Exception
    ) as error:  # the plugin boundary: whatever a stranger's code raises is that plugin's failure
        if patience.expired():
            raise Trouble(
                f"{what} did not answer within {deadline:g} s and was cancelled", hung=True
            ) from None
        if isinstance(error, PluginError):
            raise Trouble(f"{what}: {error}") from error
        log.exception("a plugin failed", extra={"call": what})
        raise Trouble(f"{what}: {type(error).__name__}: {error}") from error
