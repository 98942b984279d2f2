"""What this daemon rests on, looked at from inside of it: its user, its limits, its database, its folders."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rollway.config import Deployment, parse_settings
from rollway.daemon.reach import Reach, Reached
from rollway.daemon.unit import unit
from rollway.doctor import machine
from rollway.doctor.artifacts import artifacts
from rollway.doctor.database import database
from rollway.doctor.examining import Look, aside, examined
from rollway.doctor.plugins import Bench, Named, looks, used
from rollway.domain.findings import Finding, problem, warning
from rollway.engine.artifacts import ArtifactFolder
from rollway.engine.rollcall import RollCall
from rollway.errors import ConfigurationError
from rollway.store.protocol import Store, StoreUnavailable

TRIAL = "doctor/trial"
GOOD_FOR = 1.0
"""Seconds for which what was found is told again."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """`url` is that of the database, `nodes` are those of environments; `reach` None where no other daemon can share it."""

    folder: Path
    url: str
    store: Store
    kept: ArtifactFolder
    bench: Bench
    daemons: Callable[[], RollCall]
    nodes: Callable[[], Collection[str]]
    reach: Reach | None = None

    async def look(self, plugins: Collection[Named] = ()) -> Sequence[Finding]:
        """Look at everything; at the plugins that the applications here use, and at these."""
        deployments, wrong = await self._deployments()
        uses = used(deployments)
        return await examined([*self._looks(wrong), *looks(self.bench, uses, plugins)])

    def _looks(self, wrong: Sequence[Finding]) -> Sequence[Look]:
        return [
            Look("machine", "machine", lambda: aside(lambda: machine.machine(self.folder))),
            Look("machine", "clock", self._clock),
            Look("machine", "systemd", lambda: aside(unit)),
            Look("database", "database", lambda: database(self.url, self._commit)),
            Look("daemons", "daemons", self._daemons),
            Look("artifacts", "artifacts", self._artifacts),
            Look("artifacts", "artifact folder", self._reach),
            Look("plugins", "settings", lambda: _as_they_are(wrong)),
        ]

    async def _deployments(self) -> tuple[Sequence[Deployment], Sequence[Finding]]:
        """What is applied here; where the database is away, another look says so."""
        found: list[Deployment] = []
        wrong: list[Finding] = []
        try:
            async with asyncio.timeout(2):
                rows = await self.store.applications()
        except (StoreUnavailable, TimeoutError):
            return (), ()
        for row in rows:
            try:
                found.append(parse_settings(row.settings, self.bench.registry))
            except ConfigurationError as error:
                said = f"those of {row.name} are not valid any more: {error}"
                wrong.append(problem("settings", said, "mend its deploy.yaml, then: rollway apply"))
        return found, wrong

    async def _commit(self) -> float:
        """The way every write of this daemon goes."""
        began = time.perf_counter()
        await self.store.put_value(TRIAL, time.time())
        return time.perf_counter() - began

    async def _clock(self) -> Sequence[Finding]:
        try:
            rows = await self.store.summaries(kind="environment")
        except StoreUnavailable:
            rows = ()
        return machine.clock(max((row.updated for row in rows), default=None))

    async def _daemons(self) -> Sequence[Finding]:
        return of_daemons(self.daemons(), self.nodes())

    async def _artifacts(self) -> Sequence[Finding]:
        """Nothing where the database is away: another look says so."""
        with suppress(StoreUnavailable):
            return await artifacts(self.store, self.kept)
        return ()

    async def _reach(self) -> Sequence[Finding]:
        """The same."""
        if self.reach is None:
            return ()
        here = {each.member.node for each in self.daemons().daemons if each.alive}
        with suppress(StoreUnavailable):
            mine = await self.reach.look(time.time())
            others = {
                node: found for node in sorted(here) if (found := await self.reach.of(node)) is not None
            }
            return of_reach({**others, self.bench.node.name: mine})
        return ()


class Practice:
    """Whoever asks while somebody is being answered, or soon after, gets the same answer: each look costs processes."""

    def __init__(self, look: Callable[[Collection[Named]], Awaitable[Sequence[Finding]]]) -> None:
        self._look = look
        self._asked = asyncio.Lock()
        self._known: tuple[frozenset[Named], float, Sequence[Finding]] = (frozenset(), -math.inf, ())

    async def look(self, plugins: Collection[Named] = ()) -> Sequence[Finding]:
        """As `Doctor.look`."""
        named = frozenset(plugins)
        async with self._asked:
            before, at, found = self._known
            if before != named or time.monotonic() - at > GOOD_FOR:
                found = await self._look(named)
                self._known = (named, time.monotonic(), found)
            return found


async def _as_they_are(findings: Sequence[Finding]) -> Sequence[Finding]:
    return findings


def of_daemons(found: RollCall, nodes: Collection[str] = ()) -> Sequence[Finding]:
    """Those that share the database, and those of the `nodes` of environments that nobody drives any more."""
    if found.sole:
        return ()
    lost = [
        problem(
            "daemons",
            f"node {node} is lost: what works there goes on and is watched by nobody",
            f"start a daemon there: rollway daemon --node {node} --database URL",
        )
        for node in found.lost(nodes)
    ]
    alive = [each for each in found.daemons if each.alive]
    silent = len(found.daemons) - len(alive)
    versions = sorted({each.member.version for each in alive})
    said = f"{len(alive)} share the database" + (f", {silent} silent" if silent else "")
    if not alive:
        return [problem("daemons", "this one has not been counted among them yet", "see what its log says")]
    if len(versions) > 1:
        said, advice = f"{said}, of different versions: {', '.join(versions)}", "bring all to the newest"
        return [*lost, warning("daemons", said, advice)]
    return [*lost, Finding("daemons", said)]


def of_reach(found: Mapping[str, Reached]) -> Sequence[Finding]:
    """What each node found in the artifact folder."""
    wrong = [
        problem("artifact folder", f"on {node}: {each.trouble}", each.advice)
        for node, each in sorted(found.items())
        if each.trouble
    ]
    folder = next(iter(found.values())).folder
    return wrong or [Finding("artifact folder", f"{folder}, reached from {', '.join(sorted(found))}")]
