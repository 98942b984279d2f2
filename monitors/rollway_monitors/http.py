"""The monitor `http`: a page of each new instance, asked for directly, as a visitor would from outside."""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rollway.api import (
    CANARY,
    Address,
    Descriptor,
    Duration,
    MonitorDescriptor,
    Scalar,
    Tick,
    Value,
    hookimpl,
)

if TYPE_CHECKING:
    import httpx

MOST_READ = 1 << 20
"""Bytes of an answer in which `contains` is looked for; the rest is not read."""

AT_ONCE = 50
"""So many instances are asked at the same time."""

Status = Annotated[int, Field(ge=100, le=599)]


class HttpSettings(BaseModel):
    """Settings of the monitor `http`."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(default="/", pattern=r"^/\S*$", max_length=2000, description="what is asked for")
    expect: Status | list[Status] | None = Field(
        default=None,
        description="the status, or statuses, of a right answer; without it any from 200 to 399. "
        "A redirect is an answer and is not followed",
    )
    contains: str | None = Field(
        default=None, min_length=1, max_length=10_000, description="text of a right answer"
    )
    timeout: Annotated[Duration, Field(gt=0)] = Field(
        default=1.0, description="the whole answer is there by then, or it is wrong"
    )
    interval: Annotated[Duration, Field(ge=0.25)] = Field(
        default=1.0, description="each instance is asked so often"
    )

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        if self.timeout > self.interval:
            raise ValueError(
                "timeout: at most the interval, so that an answer is there before the next is asked for"
            )
        return self


class Http:
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


def _make(settings: Mapping[str, object]) -> Http:
    return Http(HttpSettings.model_validate(settings))


http: MonitorDescriptor = Descriptor(
    name="http",
    settings=HttpSettings,
    factory=_make,
    summary="a page of each instance of the canary, asked for directly",
)


@hookimpl
def rollway_monitors() -> Sequence[MonitorDescriptor]:
    """The monitors of this module."""
    return [http]
