import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.engine.scene import Daemon, Scene


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """The world around a daemon, with visitors."""
    scene = Scene(tmp_path)
    visitors = asyncio.create_task(scene.visitors())
    yield scene
    visitors.cancel()
    await asyncio.gather(visitors, return_exceptions=True)


@pytest.fixture
async def daemon(scene: Scene) -> AsyncIterator[Daemon]:
    """A daemon that runs."""
    async with scene.daemon() as daemon:
        yield daemon
