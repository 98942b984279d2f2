"""The target `process`: its verbs, over what is kept on disk and what is known in memory."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from rollway.api import Effect, Group, Instance, Node, Token
from rollway_plugins.process import adoption, stopping
from rollway_plugins.process.checks import check_names, check_place, settings_of
from rollway_plugins.process.known import Known
from rollway_plugins.process.output import last_lines
from rollway_plugins.process.ports import Ports
from rollway_plugins.process.records import Kept, Life, Record, Records
from rollway_plugins.process.releases import Releases
from rollway_plugins.process.settings import ProcessSettings
from rollway_plugins.process.starting import Starter
from rollway_plugins.process.tokens import Tokens
from rollway_plugins.process.trouble import foreseen
from rollway_plugins.process.unpacking import unpack
from rollway_plugins.rotation import Bounds, discard_parts, keep_in_bounds

_THREADS = 8
_STOPPED_KEPT = 20
_PARTS_OF_STOPPED = 1
_log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class ProcessTarget:
    """Runs instances as processes of this machine, and keeps what it must in `node.folder`.

    | below it | is |
    | --- | --- |
    | `tokens/APPLICATION.ENVIRONMENT` | the last token seen, and the lock |
    | `releases/APPLICATION/RELEASE-DIGEST/` | an artifact, unpacked once |
    | `groups/GROUP.json` | which folder a group runs in; `groups/GROUP/` where it has no artifact |
    | `instances/ID/` | `record.json` or `stopped.json`, `life.json`, `output.log`, older `output.log.1` and on |
    """

    def __init__(self, node: Node, *, ports: Ports | None = None) -> None:
        self._ports = ports or Ports()
        self._records = Records(node.folder / "instances")
        self._tokens = Tokens(node.folder / "tokens")
        self._releases = Releases(node.folder, unpack)
        self._starter = Starter(self._records, self._tokens, self._ports, node.reveal)
        self._known: dict[str, Known] = {}
        self._stopped: dict[str, Record] = {}
        self._rotation: asyncio.Task[None] | None = None
        self._beginning: dict[str, asyncio.Task[None]] = {}
        self._arrivals: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # threads of our own: a lock that somebody holds must not starve the daemon's other work
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="process-target")

    async def open(self) -> None:
        """As `Target.open`. Raises PluginError where the folder cannot be read."""
        with foreseen("adopting the instances of this node"):
            await self._releases.open()
            for kept in await self._in_thread(adoption.adopt_all, self._records):
                self._take_in(kept)
        self._rotation = asyncio.create_task(keep_in_bounds(self._logs), name="logs of instances")

    async def close(self) -> None:
        """As `Target.close`."""
        if self._rotation is not None:
            self._rotation.cancel()
            await asyncio.gather(self._rotation, return_exceptions=True)
        await asyncio.gather(*self._beginning.values(), return_exceptions=True)
        await asyncio.gather(*(known.leave() for known in self._known.values()))
        self._threads.shutdown(wait=False)

    async def start(self, group: Group, instance: str, effect: Effect) -> None:
        """As `Target.start`. What cannot be executed is dead and says why.

        Raises PluginError where it could not be recorded: no free disk, no free port, a missing secret or artifact.
        """
        check_names(group, instance)
        with foreseen(f"starting instance {instance}"):
            await self._admit(group.place, effect.token)
            if not self._knows(instance):
                settings = settings_of(group)
                release = await self._releases.prepare(group)
                await self._begin(group, settings, instance, release, effect.token)

    async def stop(self, group: Group, instance: str, effect: Effect, *, hard: bool = False) -> None:
        """As `Target.stop`. Children go with it. Raises PluginError where a process does not end even when killed."""
        with foreseen(f"stopping instance {instance}"):
            await self._admit(group.place, effect.token)
            await self._begun(instance)
            known = self._known.get(instance)
            if known is not None:
                await self._end(known, hard=hard)

    async def observe(self, place: str) -> Sequence[Instance]:
        """As `Target.observe`."""
        return [known.seen() for known in self._known.values() if known.record.group.place == place]

    async def output(self, place: str, instance: str, lines: int = 20) -> Sequence[str]:
        """As `Target.output`; also of instances that were stopped, until their group is forgotten."""
        known = self._known.get(instance)
        record = known.record if known else self._stopped.get(instance)
        if record is None or record.group.place != place:
            return []
        return await self._in_thread(last_lines, Path(record.log), lines)

    async def forget(self, group: str, effect: Effect) -> None:
        """As `Target.forget`. What still runs of it is stopped."""
        home = self._releases.home(group)
        if home is None:
            return
        with foreseen(f"forgetting group {group}"):
            await self._admit(home.place, effect.token)
            if self._beginning:
                await asyncio.wait(self._beginning.values())
            left = [known for known in self._known.values() if known.record.group.id == group]
            await asyncio.gather(*(self._end(known, hard=False) for known in left))
            for record in [record for record in self._stopped.values() if record.group.id == group]:
                await self._drop(record)
            await self._releases.forget(group)

    async def _admit(self, place: str, token: Token) -> None:
        """Compare tokens in the order of the calls: of two that are made at once, the later must not refuse the first."""
        check_place(place)
        async with self._arrivals[place]:
            await self._in_thread(self._tokens.check, place, token)

    async def _begin(
        self, group: Group, settings: ProcessSettings, instance: str, release: Path, token: Token
    ) -> None:
        """Start it once, whoever else asks meanwhile; a caller who is cancelled now does not undo it."""
        if self._knows(instance):
            return
        if instance not in self._beginning:
            task = asyncio.create_task(self._start_and_know(group, settings, instance, release, token))
            self._beginning[instance] = task
            task.add_done_callback(lambda done: self._forget_beginning(instance, done))
        await asyncio.shield(self._beginning[instance])

    async def _start_and_know(
        self, group: Group, settings: ProcessSettings, instance: str, release: Path, token: Token
    ) -> None:
        record, life = await self._in_thread(self._starter.start, group, settings, instance, release, token)
        self._look_after(record, life)

    def _forget_beginning(self, instance: str, done: asyncio.Task[None]) -> None:
        self._beginning.pop(instance, None)
        if not done.cancelled():
            done.exception()  # whoever asked has it, unless he was cancelled

    async def _begun(self, instance: str) -> None:
        task = self._beginning.get(instance)
        if task is not None:
            await asyncio.wait([task])

    async def _end(self, known: Known, *, hard: bool) -> None:
        if not hard:
            await stopping.wait(known, await stopping.ask(known))
        await stopping.kill(known)
        await known.leave()
        await self._in_thread(self._records.mark_stopped, known.record.id)
        if self._known.pop(known.record.id, None) is not None:
            self._ports.give_back(known.record.address.port)
            self._stopped[known.record.id] = known.record
            await self._in_thread(discard_parts, Path(known.record.log), _PARTS_OF_STOPPED)
            await self._prune(known.record.group.id)

    async def _prune(self, group: str) -> None:
        """One that dies again and again must not fill the disk with what is kept of it."""
        old = [record for record in self._stopped.values() if record.group.id == group][:-_STOPPED_KEPT]
        for record in old:
            await self._drop(record)

    async def _drop(self, record: Record) -> None:
        self._stopped.pop(record.id, None)
        await self._in_thread(self._records.discard, record.id)

    def _logs(self) -> list[tuple[Path, Bounds]]:
        records = [known.record for known in self._known.values()]
        return [(Path(record.log), record.settings.log.bounds) for record in records]

    def _knows(self, instance: str) -> bool:
        return instance in self._known or instance in self._stopped

    def _look_after(self, record: Record, life: Life) -> None:
        known = Known(record, life, self._save)
        self._known[record.id] = known
        known.watch()

    async def _save(self, instance: str, life: Life) -> None:
        try:
            await self._in_thread(self._records.write_life, instance, life)
        except (OSError, RuntimeError) as error:
            _log.warning("what became of instance %s could not be written: %s", instance, error)

    def _take_in(self, kept: Kept) -> None:
        if kept.stopped:
            self._stopped[kept.record.id] = kept.record
            return
        self._ports.keep(kept.record.address.port)
        self._look_after(kept.record, kept.life)

    async def _in_thread(
        self, work: Callable[Arguments, Result], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*arguments, **named))
