"""Pages of instances, asked for all at once, and what is wrong with their answers."""

import asyncio
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollway.api import CANARY, Address, Scalar, Tick, Value
from rollway_monitors.http import HttpSettings

if TYPE_CHECKING:
    import httpx

MOST_READ = 1 << 20
"""Bytes of an answer in which `contains` is looked for; the rest is not read."""

AT_ONCE = 50
"""So many instances are asked at the same time."""


class Pages:
    """Counts the instances whose answer is wrong; an interval in which any is counts against the release."""

    specification = Scalar(">=", 1.0)

    def __init__(self, settings: HttpSettings) -> None:
        self.interval = settings.interval
        self._settings = settings
        self._expected = [settings.expect] if isinstance(settings.expect, int) else settings.expect

    async def sample(self, tick: Tick) -> Value | None:
        """How many instances of the new release answer wrongly now; None where there is none to ask."""
        addresses = tick.addresses.get(CANARY, ())
        if not addresses:
            return None
        library = await asyncio.to_thread(
            importlib.import_module, "httpx"
        )  # a slow import keeps nobody waiting
        # Nothing is verified because nothing is encrypted; loading certificates would take long, each time.
        client: httpx.AsyncClient = library.AsyncClient(verify=False, trust_env=False, timeout=None)
        async with client:
            turns = asyncio.Semaphore(AT_ONCE)
            found = await asyncio.gather(*(self._ask(client, turns, address) for address in addresses))
        wrong = [each for each in found if each]
        return Value(float(len(wrong)), detail=_said(wrong, len(addresses)))

    async def _ask(self, client: "httpx.AsyncClient", turns: asyncio.Semaphore, address: Address) -> str:
        """What is wrong with this instance's answer; empty where it is right."""
        import httpx

        async with turns:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    wrong = await self._answer(client, f"http://{address}{self._settings.path}")
            except TimeoutError:
                wrong = f"gave no whole answer in {self._settings.timeout:g} s"
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                wrong = f"gave no answer: {error or type(error).__name__}"
        return f"{address} {wrong}" if wrong else ""

    async def _answer(self, client: "httpx.AsyncClient", url: str) -> str:
        # As it is, so that a small answer does not unfold into a large one here.
        async with client.stream("GET", url, headers={"accept-encoding": "identity"}) as answer:
            status = answer.status_code
            if not (status in self._expected if self._expected is not None else 200 <= status < 400):
                return f"answered {status}"
            text = self._settings.contains
            if text is not None and not await _contains(answer, text.encode()):
                return f"answered {status} without {text[:60]!r}"
        return ""


async def _contains(answer: "httpx.Response", wanted: bytes) -> bool:
    read, kept = 0, b""
    async for chunk in answer.aiter_raw():
        kept += chunk
        if wanted in kept:
            return True
        read += len(chunk)
        if read > MOST_READ:
            break
        kept = kept[-len(wanted) :]
    return False


def _said(wrong: Sequence[str], of: int) -> str:
    if not wrong:
        return ""
    return wrong[0] if of == 1 else f"{len(wrong)} of {of} instances, {wrong[0]}"
