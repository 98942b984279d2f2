"""What the daemon knows of applications and releases: what can be delivered, before anything is."""

import asyncio
from collections.abc import Sequence

from rollway.artifact import release_digest, target_settings
from rollway.config import Deployment, parse_settings, refuse_unbuilt
from rollway.engine.artifacts import ArtifactFolder
from rollway.engine.compiling import with_targets
from rollway.engine.ports import Clock
from rollway.engine.usecases import Applied, NewRelease, PluginView
from rollway.errors import NotFoundError, RollwayError
from rollway.plugin.registry import Registry
from rollway.store.protocol import ApplicationRow, Json, ReleaseRow, Store

MOST_PARSED = 1000
"""Applications whose settings are kept as values, by revision."""


class Catalogue:
    """Applications as last applied, and releases, which never change."""

    def __init__(self, store: Store, artifacts: ArtifactFolder, registry: Registry, clock: Clock) -> None:
        self._store = store
        self._artifacts = artifacts
        self._registry = registry
        self._clock = clock
        self._parsed: dict[str, tuple[int, Deployment]] = {}

    async def apply(self, name: str, settings: Json, actor: str) -> Applied:
        """Register or update an application. Raises ConfigurationError, NotBuiltError."""
        deployment = parse_settings(settings, self._registry)
        refuse_unbuilt(deployment)
        if deployment.application != name:
            raise RollwayError(f"the settings are those of {deployment.application!r}, not of {name!r}")
        before = await self._store.application(name)
        await self._store.put_application(name, settings, actor, self._clock.now())
        row = await self.application(name)
        changed = before is None or before.revision != row.revision
        return Applied(row, changed, tuple(str(warning) for warning in deployment.warnings))

    async def application(self, name: str) -> ApplicationRow:
        """One application. Raises NotFoundError."""
        row = await self._store.application(name)
        if row is None:
            raise NotFoundError(f"there is no application {name!r} here", advice="run `rollway apply` first")
        return row

    async def has_artifact(self, digest: str) -> bool:
        """Whether this tar is kept. Raises ArtifactError for what is no digest."""
        return await asyncio.to_thread(self._artifacts.has, digest)

    async def register(self, new: NewRelease, actor: str) -> ReleaseRow:
        """Make a release. Raises ReleaseDiffers, NotFoundError, ConfigurationError."""
        deployment = await self.deployment(new.application)
        if not await self.has_artifact(new.artifact):
            raise NotFoundError(
                f"artifact {new.artifact} is not here", advice=f"PUT /artifacts/{new.artifact} first"
            )
        targets = {name: s for name, s in new.settings.items() if isinstance(s, dict)} or target_settings(
            deployment
        )
        parse_settings(with_targets(deployment, targets), self._registry)
        settings: Json = dict(targets)
        digest = release_digest(new.artifact, targets)
        row = ReleaseRow(
            new.application, new.name, digest, new.artifact, new.source, settings, actor, self._clock.now()
        )
        return await self._store.put_release(row)

    async def release(self, application: str, name: str) -> ReleaseRow:
        """One release. Raises NotFoundError."""
        row = await self._store.release(application, name)
        if row is None:
            raise NotFoundError(
                f"{application} has no release {name!r}",
                advice="deploy it with an artifact, or name one it has",
            )
        return row

    async def releases(self, application: str, limit: int, before: str | None) -> Sequence[ReleaseRow]:
        """An application's releases, newest first. Raises NotFoundError."""
        await self.application(application)
        return await self._store.releases(application, limit, before)

    async def deployment(self, application: str) -> Deployment:
        """The application as a value. Raises NotFoundError, ConfigurationError."""
        row = await self.application(application)
        known = self._parsed.get(application)
        if known is None or known[0] != row.revision:
            known = (row.revision, parse_settings(row.settings, self._registry))
            if len(self._parsed) >= MOST_PARSED:
                self._parsed.clear()
            self._parsed[application] = known
        return known[1]


def plugin_views(registry: Registry) -> Sequence[PluginView]:
    """What a registry holds, as people are told."""
    loaded = [
        PluginView(
            kind,
            name,
            each.origin.distribution,
            each.origin.version,
            tuple(sorted(each.descriptor.capabilities)),
            each.descriptor.summary,
        )
        for (kind, name), each in sorted(registry.loaded.items())
    ]
    broken = [
        PluginView("?", b.origin.entry_point, b.origin.distribution, b.origin.version, problem=b.problem)
        for b in registry.broken
    ]
    return [*loaded, *broken]
