"""Waiting until Envoy has taken over what was written, or has refused it.

`since` is how much Envoy had written to its log before the change: a refusal is looked for after that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from rollway.api import PluginError, RoutedGroup
from rollway_plugins.envoy import documents
from rollway_plugins.envoy.process import EnvoyProcess

Question = Callable[[], Awaitable[bool]]

DEADLINE = 10.0
"""Seconds until a change that Envoy has not taken over is an error."""
REFUSAL_AFTER = 0.2
"""Seconds that a change takes at most when all is well; only then a refusal in Envoy's log is taken as its answer."""
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.05


class Force:
    """Asks one Envoy. Every verb raises PluginError with Envoy's own words where it refuses or does not answer."""

    def __init__(self, process: EnvoyProcess) -> None:
        self._process = process

    async def routes(self, environment: str, version: str, since: int) -> None:
        """These routes are in force."""

        async def there() -> bool:
            return await self._process.admin.routes_version(environment) == version

        await self._until(there, f"the routes of {environment}", since)

    async def routes_or_silence(self, environment: str, version: str, since: int) -> None:
        """These routes are in force, or there is no Envoy and so no traffic; the next one begins with them."""

        async def there() -> bool:
            running = self._process.running
            return not running or await self._process.admin.routes_version(environment) == version

        await self._until(there, f"the routes of {environment}", since)

    async def clusters(self, wanted: frozenset[str], since: int) -> None:
        """These clusters are there."""

        async def there() -> bool:
            return wanted <= await self._process.admin.clusters()

        await self._until(there, "new clusters", since)

    async def instances(self, group: RoutedGroup, since: int) -> None:
        """Requests of this group go to its instances and nowhere else."""
        wanted = {(address.host, address.port) for address in group.endpoints}

        async def there() -> bool:
            return await self._process.admin.hosts(documents.inner_name(group.id)) == wanted

        await self._until(there, f"the instances of {group.id}", since)

    async def listening(self, wanted: frozenset[str], since: int) -> None:
        """These listeners are there. One that cannot be opened is refused at once."""

        async def there() -> bool:
            found = await self._process.admin.listeners()
            for name in wanted:
                if (trouble := found.get(name, "")) and trouble != documents.WARMING:
                    raise ListenError(f"Envoy refuses a listener: {trouble}")
            there = all(name in found and found[name] is None for name in wanted)
            return there and await self._process.admin.accepting()

        await self._until(there, "new listeners", since)

    async def silent(self, unwanted: Iterable[str], since: int) -> None:
        """These listeners are gone and with them every connection through them."""
        gone = frozenset(unwanted)

        async def there() -> bool:
            return not gone & (await self._process.admin.listeners()).keys()

        await self._until(there, "the end of listeners", since)

    def now(self) -> int:
        """How much Envoy has written to its log."""
        return self._process.said.size

    async def _until(self, question: Question, what: str, since: int) -> None:
        began = asyncio.get_running_loop().time()
        pause, trouble = FIRST_PAUSE, ""
        while True:
            waited = asyncio.get_running_loop().time() - began
            try:
                if await question():
                    return
            except ListenError:
                raise
            except PluginError as error:
                trouble = str(error)
            if waited > REFUSAL_AFTER and (refusal := self._process.said.refusal(since)):
                raise PluginError(f"Envoy refuses {what}: {refusal}")
            if waited > DEADLINE:
                raise PluginError(f"Envoy has not taken over {what} in {DEADLINE:g} s. {trouble}".strip())
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)


class ListenError(PluginError):
    """A listener cannot be opened."""
