"""The composition root: every part is made here, once, and taken down in the other order."""

import asyncio
import contextlib
import gc
import logging
import os
import platform
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, disable_created_metrics

from rollway._version import __version__
from rollway.daemon import decisions
from rollway.daemon.beat import measure_lag, sweep
from rollway.daemon.counting import Counting
from rollway.daemon.doctor import Doctor, Practice
from rollway.daemon.folder import held, held_file
from rollway.daemon.logs import configure
from rollway.daemon.metrics import Gauges, Metrics, Sharing
from rollway.daemon.namesake import boot, refuse_namesake
from rollway.daemon.options import DaemonOptions
from rollway.daemon.reach import Reach, keep_looking
from rollway.daemon.sharing import agreed_folder, owned, this_daemon, without_password
from rollway.daemon.systemd import Notifier
from rollway.daemon.witness import Witness
from rollway.doctor.plugins import Bench
from rollway.engine.alarm import MemoryAlarmClock
from rollway.engine.artifacts import ArtifactFolder
from rollway.engine.engine import Engine
from rollway.engine.journal import Journal
from rollway.engine.nodes import PluginsAtWork
from rollway.engine.service import Service, World
from rollway.engine.system import SystemClock, SystemIdentifiers
from rollway.plugin.kinds import Node
from rollway.plugin.loading import load
from rollway.plugin.secrets import Secrets
from rollway.store import Store, StoreUnavailable, file_of, is_shared, open_store, sqlite_url

if TYPE_CHECKING:
    from rollway.http.serving import Listener

log = logging.getLogger(__name__)

ALLOCATIONS = 50_000
"""New objects before the garbage collector looks: seldom enough to cost nothing, often enough to keep memory low."""


def run(options: DaemonOptions) -> int:
    """See `rollway.daemon.run`. Raises RollwayError and StoreUnavailable where it cannot start."""
    from rollway.http.serving import bind

    listener = bind(options.listen)
    with held(options.data) as folder, held_file(file_of(_database_of(options, folder))):
        configure(options.log_format, options.log_level)
        _allow_many_files()
        asyncio.run(_serve(options, folder, listener))
    return 0


def _database_of(options: DaemonOptions, folder: Path) -> str:
    return options.database or sqlite_url(folder / "rollway.db")


def _allow_many_files() -> None:
    """Every instance costs a descriptor: take what the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _serve(options: DaemonOptions, folder: Path, listener: "Listener") -> None:
    from rollway.http import create_app
    from rollway.http.serving import serve

    stop, notifier, registry = asyncio.Event(), Notifier(), CollectorRegistry()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)

    def answers(url: str) -> None:
        log.info("rollway %s: listening on %s", __version__, url, extra={"data": str(folder)})
        notifier.ready(url)
        gc.freeze()  # what stays for life need not be looked through again
        gc.set_threshold(ALLOCATIONS)
        gc.enable()

    async with composed(folder, options.database, registry, listener.url, options.node) as service:
        await serve(create_app(service, registry=registry), listener, stop, answers)
        notifier.stopping()
    log.info("stopped; applications and their traffic go on")


@asynccontextmanager
async def composed(
    folder: Path,
    database: str | None = None,
    registry: CollectorRegistry | None = None,
    url: str = "",
    node: str | None = None,
) -> AsyncIterator[Service]:
    """Everything but HTTP, running; on leaving it is taken down and what was accepted is written.

    What is measured is found in `registry`; `url` is where other daemons of the same database may find this one, `node`
    what they call its machine (None: the host's name).
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = registry if registry is not None else CollectorRegistry()
    metrics = Metrics(registry)
    database = database or sqlite_url(folder / "rollway.db")
    store = await open_store(database, metrics.commit)
    clock, node = SystemClock(), node or platform.node() or "localhost"
    shared, me = is_shared(database), this_daemon(node, url)
    ownership, daemons = owned(store, clock, me, shared)
    at_node, artifacts = folder / "node", folder / "artifacts"
    if shared:
        await refuse_namesake(store, me, clock, boot())
        at_node = await agreed_folder(store, f"node:{node}", at_node, clock.now())
        artifacts = await agreed_folder(store, "artifacts", artifacts, clock.now())
    kept, secrets = ArtifactFolder(artifacts), Secrets(folder / "secrets")
    reach = Reach(store, artifacts, node) if shared else None
    plugins = PluginsAtWork(load(), at_node, node, secrets)
    journal = Journal(store, clock, node)
    engine = Engine(
        store=store,
        journal=journal,
        alarm=MemoryAlarmClock(clock, metrics.decisions.observe),
        clock=clock,
        identifiers=SystemIdentifiers(),
        plugins=plugins,
        ownership=ownership,
    )
    bench = Bench(plugins.registry, Node(node, at_node, secrets))
    doctor = Doctor(folder, database, store, kept, bench, daemons, lambda: engine.nodes, reach)
    world = World(
        store,
        journal,
        engine,
        kept,
        plugins.registry,
        clock,
        SystemIdentifiers(),
        node,
        daemons,
        without_password(database),
        Practice(doctor.look).look,
    )
    await _observe(metrics, registry, engine, journal, store)
    registry.register(Sharing(daemons, lambda: engine.nodes))
    running = asyncio.create_task(engine.run(), name="engine")
    running.add_done_callback(_end_if_broken)
    beside = [
        asyncio.create_task(measure_lag(metrics), name="lag"),
        asyncio.create_task(sweep(metrics, store), name="sweep"),
        *([asyncio.create_task(keep_looking(reach), name="reach")] if reach else []),
    ]
    try:
        yield Service(world)
    finally:
        for task in (running, *beside):
            task.cancel()
        await asyncio.gather(running, *beside, return_exceptions=True)
        await engine.close()
        await plugins.close()
        with contextlib.suppress(StoreUnavailable):
            await ownership.leave()
        await store.aclose()


def _end_if_broken(task: asyncio.Task[None]) -> None:
    """A daemon whose engine has ended serves nobody: it stops, so that whoever started it starts it again."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("the engine ended", exc_info=task.exception())
        os.kill(os.getpid(), signal.SIGTERM)


async def _observe(
    metrics: Metrics, registry: CollectorRegistry, engine: Engine, journal: Journal, store: Store
) -> None:
    """Count and log whatever is appended from here on; what is under way already is found in the store."""
    counting = Counting(metrics)
    witness = Witness((counting.of_rollout, decisions.of_rollout), (counting.of_environment,))
    witness.found(await store.summaries(kind="rollout", unfinished=True))
    journal.on_append(witness.heard)
    registry.register(Gauges(engine.standing, witness.under_way))
