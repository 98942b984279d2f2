"""A daemon that looks at itself: on SQLite and PostgreSQL, with everything fine and with each fault of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url

from rollway.daemon.process import composed
from rollway.daemon.reach import MARK
from rollway.domain.findings import Finding, Grade
from rollway.engine.service import Service
from rollway.store import Json, open_store, sqlite_url
from tests.integration.postgres_proxy import Wire, wire_to

GONE = f"sha256:{'a' * 64}"


@dataclass(frozen=True)
class Found:
    findings: Sequence[Finding]

    @property
    def wrong(self) -> dict[str, str]:
        """What is a problem, by name."""
        return {each.name: each.said for each in self.findings if each.grade is Grade.PROBLEM}

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.findings}


async def looked(service: Service, *plugins: tuple[str, str]) -> Found:
    return Found(await service.doctor(plugins))


async def ready(service: Service) -> None:
    async with asyncio.timeout(20):
        while await service.ready():  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)


async def test_on_sqlite_with_everything_fine(tmp_path: Path) -> None:
    async with composed(tmp_path) as service:
        await ready(service)
        first = await looked(service)
        assert first.wrong == {}
        assert first.names >= {
            "disk",
            "clock",
            "database",
            "commit",
            "artifacts",
            "router envoy",
            "strategy canary",
        }
        assert first.names.isdisjoint({"daemons", "artifact folder"}), "nobody shares it"
        assert await service.doctor() is first.findings, "who asks again at once is told the same"
        assert set((await looked(service, ("router", "envoy"), ("target", "moon"))).wrong) == {"target moon"}


async def test_settings_that_are_not_valid_any_more(tmp_path: Path) -> None:
    store = await open_store(sqlite_url(tmp_path / "rollway.db"))
    settings: Json = {
        "version": 1,
        "application": "shop",
        "environments": {"prod": {"target": {"use": "moon"}}},
    }
    await store.put_application("shop", settings, "user:ada", 1.0)
    await store.aclose()
    async with composed(tmp_path) as service:
        wrong = (await looked(service)).wrong
        assert "those of shop are not valid any more" in wrong["settings"]
        assert "moon" in wrong["settings"]


@asynccontextmanager
async def over_a_wire(folder: Path, url: str) -> AsyncIterator[tuple[Service, Wire]]:
    """A daemon on PostgreSQL, over a wire that may be cut."""
    async with wire_to(make_url(url).port or 0) as wire:
        through = make_url(url).set(port=wire.port).render_as_string(hide_password=False)
        async with composed(folder, through, node="web-6") as service:
            await ready(service)
            yield service, wire


async def test_on_postgres(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollway.daemon.doctor.GOOD_FOR", 0.0)
    async with over_a_wire(tmp_path, postgres_url) as (service, wire):
        found = await looked(service)
        assert found.wrong == {}
        assert found.names >= {"daemons", "artifact folder", "database", "commit"}
        (tmp_path / "artifacts" / MARK).write_text("of somebody else")
        assert set((await looked(service)).wrong) == {"artifact folder"}
        wire.server_port = 1
        wire.cut()
        assert set((await looked(service)).wrong) == {"database"}, "one cause, told once"
