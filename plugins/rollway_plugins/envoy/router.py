"""The verbs of the router: what is written in which order, and when it is in force."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from rollway.api import (
    Connections,
    Effect,
    GroupCounters,
    Mark,
    Node,
    PluginError,
    RouterState,
    Routing,
    Split,
    Token,
)
from rollway_plugins.envoy import acts, documents, files
from rollway_plugins.envoy.bootstrap import Document
from rollway_plugins.envoy.files import EnvironmentFiles, NodeFiles
from rollway_plugins.envoy.force import Force
from rollway_plugins.envoy.identity import Identity
from rollway_plugins.envoy.process import EnvoyProcess
from rollway_plugins.envoy.reserve import Reserve
from rollway_plugins.envoy.settings import EnvoySettings
from rollway_plugins.envoy.shared import SharedFiles, keeping, names, offering
from rollway_plugins.envoy.wanted import Wanted, checked, endpoints, wanted

Given = tuple[files.Stamp, Identity | None]
"""A route file as it was put into place, and the Envoy that reads it."""


class EnvoyRouter:
    """`Router` by the one Envoy of this node."""

    def __init__(self, node: Node) -> None:
        self._files = NodeFiles(node.folder.absolute())
        self._shared = SharedFiles(self._files)
        self._process = EnvoyProcess(node)
        self._force = Force(self._process)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # Of its own, so that threads stuck on a disk or a lock elsewhere never keep a lowering waiting.
        self._urgent = ThreadPoolExecutor(4, thread_name_prefix="envoy-lower")
        self._reserve = Reserve()
        self._told: dict[str, tuple[Given, Split]] = {}

    async def open(self) -> None:
        """As `Router.open`."""
        await self._process.open()

    async def close(self) -> None:
        """As `Router.close`."""
        await self._process.close()
        self._urgent.shutdown(wait=False)
        self._reserve.close()

    async def shutdown(self) -> None:
        """End Envoy and with it all traffic; for tests and demonstrations."""
        await self._process.shutdown()
        self._urgent.shutdown(wait=False)
        self._reserve.close()

    async def counters(self) -> Mapping[str, GroupCounters]:
        """As `Router.counters`."""
        return await self._process.admin.counters()

    async def observe(self, environment: str) -> RouterState:
        """As `Router.observe`: the split as Envoy itself gives it, the rest from the node's files."""
        here = self._files.environment(environment)
        running, split, known = self._process.running, None, here.current() is not None
        if running and known:
            with contextlib.suppress(PluginError):
                split = await self._in_force(environment, here)
        marks, endpoints = here.marks(), here.known_endpoints()
        return RouterState(running, split, marks, here.last_token(), endpoints, remembers=known)

    async def _in_force(self, environment: str, here: EnvironmentFiles) -> Split | None:
        """Envoy is asked once for each file it was given: it looks through all its routes to answer.

        None of them changes by itself.
        """
        given = files.stamp(here.routes), self._process.current.identity
        if (told := self._told.get(environment)) is not None and told[0] == given:
            return told[1]
        found = await self._process.admin.routes(environment)
        taken = await self._process.admin.routes_version(environment) == files.version(here.routes)
        if found and taken and given == (files.stamp(here.routes), self._process.current.identity):
            self._told[environment] = given, found.split
        return found.split if found else None

    async def reconcile(self, routing: Routing, effect: Effect) -> None:
        """As `Router.reconcile`. Groups that go are given `drain` to end their requests, marked ones nothing."""
        settings = checked(routing)
        here = self._files.environment(routing.environment)
        async with self._turns[routing.environment]:
            await self._raise(here, routing, settings, effect)
        await self._drain(here, routing, settings)
        async with self._turns[routing.environment]:
            await self._retire(here, routing, settings, effect)

    async def lower(self, environment: str, mark: Mark) -> None:
        """As `Router.lower`."""
        here = self._files.environment(environment)
        loop, since = asyncio.get_running_loop(), self._force.now()
        version = await loop.run_in_executor(self._urgent, self._reserve.last_resort, acts.lower, here, mark)
        if version:
            await self._force.routes_or_silence(environment, version, since)
        await loop.run_in_executor(self._urgent, acts.after_lowering, here, mark)

    async def sever(self, environment: str, group: str) -> None:
        """As `Router.sever`."""
        current = self._files.environment(environment).current()
        if current and current.split.of(group):
            raise PluginError(
                f"{group} still has weight in {environment}: lower it before its connections are ended"
            )
        gone = frozenset({documents.inner_name(group)})
        await self._shared.listeners(
            environment, lambda mine: [one for one in mine if one["name"] not in gone]
        )
        await self._force.silent(gone, self._force.now())

    async def remove(self, environment: str, effect: Effect) -> None:
        """As `Router.remove`."""
        here = self._files.environment(environment)
        async with self._turns[environment]:
            if not here.folder.exists():
                return
            await asyncio.to_thread(acts.admit, here, effect.token)
            gone = await self._shared.listeners(environment, keeping(frozenset()), effect.token)
            await self._force.silent(names(gone), self._force.now())
            await self._shared.clusters(environment, keeping(frozenset()), effect.token)
            await asyncio.to_thread(acts.forget, here, effect.token)

    async def _raise(
        self, here: EnvironmentFiles, routing: Routing, settings: EnvoySettings, effect: Effect
    ) -> None:
        """Everything that gives: endpoints, clusters, listeners, then the routes that use them."""
        since = self._force.now()
        new = await asyncio.to_thread(acts.begin, here, routing, settings.timeout, effect.token)
        try:
            await self._offer(here, routing, wanted(here, routing, settings), since, effect.token)
        except PluginError:
            if new:
                await self._withdraw(here, routing.environment, effect.token)
            raise
        version, before = await asyncio.to_thread(
            acts.put_routes, here, routing, settings.timeout, effect.token
        )
        try:
            await self._force.routes(routing.environment, version, since)
        except PluginError:
            await asyncio.to_thread(acts.put_back, here, version, before)
            raise

    async def _offer(
        self, here: EnvironmentFiles, routing: Routing, what: Wanted, since: int, token: Token
    ) -> None:
        environment = routing.environment
        clusters: Sequence[Document] | None = None
        listeners: Sequence[Document] | None = None
        inner = frozenset(documents.inner_name(group.id) for group in routing.groups)
        try:
            clusters = await self._shared.clusters(
                environment, offering(what.clusters, renewing=inner), token
            )
            await self._force.clusters(names(what.clusters), since)
            for group in routing.groups:
                await self._force.instances(group, since)
            listeners = await self._shared.listeners(environment, offering(what.listeners), token)
            await self._force.listening(names(what.listeners), since)
            await asyncio.to_thread(here.keep_endpoints, {**here.known_endpoints(), **endpoints(routing)})
        except PluginError:
            await self._shared.restore(environment, clusters, listeners, token)
            raise

    async def _withdraw(self, here: EnvironmentFiles, environment: str, token: Token) -> None:
        """A new environment that could not be opened leaves nothing behind."""
        with contextlib.suppress(PluginError):
            await self._shared.listeners(environment, keeping(frozenset()), token)
            await self._shared.clusters(environment, keeping(frozenset()), token)
        await asyncio.to_thread(acts.forget, here, token)

    async def _drain(self, here: EnvironmentFiles, routing: Routing, settings: EnvoySettings) -> None:
        """Wait until groups that go have no request left, no longer than `drain`."""
        marked = {mark.group for mark in here.marks()}
        stay = {group.id for group in routing.groups if group.connections is Connections.OPEN}
        going = here.known_endpoints().keys() - stay - marked
        with contextlib.suppress(TimeoutError, PluginError):
            async with asyncio.timeout(settings.drain):
                for group in going:
                    while await self._process.admin.active(group):  # noqa: ASYNC110 - Envoy tells nobody
                        await asyncio.sleep(0.05)

    async def _retire(
        self, here: EnvironmentFiles, routing: Routing, settings: EnvoySettings, effect: Effect
    ) -> None:
        """Everything that takes, unless a later writer has come while requests ended: then it is its work."""
        if here.last_token() != effect.token:
            return
        what = wanted(here, routing, settings)
        stay = names(what.listeners)
        before = await self._shared.listeners(routing.environment, keeping(stay), effect.token)
        await self._force.silent(names(before) - stay, self._force.now())
        await self._shared.clusters(routing.environment, keeping(names(what.clusters)), effect.token)
        await asyncio.to_thread(acts.tidy, here, endpoints(routing), effect.token)
