"""What the daemon does for its own metrics, beside everything else: how late the loop runs, and which series are stale."""

import asyncio
import logging

from rollway.daemon.metrics import Metrics
from rollway.store.protocol import Store, StoreUnavailable

log = logging.getLogger(__name__)

LAG_EVERY = 0.5
SWEEP_EVERY = 60.0


async def measure_lag(metrics: Metrics, every: float = LAG_EVERY) -> None:
    """Sleep, and see how much too late it ends, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every
        await asyncio.sleep(every)
        metrics.lag.observe(max(0.0, loop.time() - due))


async def sweep(metrics: Metrics, store: Store, every: float = SWEEP_EVERY) -> None:
    """Drop the series of environments that no application has any more and that have ended, until cancelled."""
    while True:
        await asyncio.sleep(every)
        try:
            metrics.keep_only(await places(store))
        except StoreUnavailable as unavailable:
            log.debug("metrics of gone environments are kept for now: %s", unavailable)


async def places(store: Store) -> set[tuple[str, str]]:
    """Application and environment of whatever is configured or still at work."""
    found = {
        (row.application, row.environment)
        for row in await store.summaries(kind="environment", unfinished=True)
    }
    for row in await store.applications():
        environments = row.settings.get("environments")
        found |= {(row.name, name) for name in environments} if isinstance(environments, dict) else set()
    return found
