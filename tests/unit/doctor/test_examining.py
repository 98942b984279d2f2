"""Several looks at once: none holds up or breaks the others."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from pydantic import BaseModel

from rollway.api import Descriptor, Node, PluginError
from rollway.doctor.artifacts import artifacts
from rollway.doctor.examining import Look, aside, examined
from rollway.doctor.plugins import Bench, looks
from rollway.domain.findings import Finding, Grade
from rollway.engine.artifacts import ArtifactFolder
from rollway.plugin.registry import Broken, Loaded, Origin, Registry
from rollway.store import Append, NewEvent, ReleaseRow, StoreUnavailable, Summary
from rollway.testing.memory_store import MemoryStore

ORIGIN = Origin("moon", "moonbase", "1.0")


def giving(*found: Finding) -> Callable[[], Awaitable[Sequence[Finding]]]:
    async def look() -> Sequence[Finding]:
        return found

    return look


def raising(error: Exception) -> Callable[[], Awaitable[Sequence[Finding]]]:
    async def look() -> Sequence[Finding]:
        raise error

    return look


async def hanging() -> Sequence[Finding]:
    await asyncio.sleep(3600)
    return []


@pytest.mark.virtual_time
async def test_each_look_is_told_in_its_place_whatever_becomes_of_the_others() -> None:
    found = await examined(
        [
            Look("machine", "a", giving(Finding("clock", "12:00"))),
            Look("database", "b", raising(StoreUnavailable("it is locked", "see who has it"))),
            Look("database", "c", raising(PluginError("it is broken", advice="mend it"))),
            Look("plugins", "d", raising(ZeroDivisionError("x"))),
            Look("plugins", "e", hanging),
            Look("plugins", "f", giving()),
        ]
    )
    assert [(each.part, each.name, each.grade.value, each.said) for each in found] == [
        ("machine", "clock", "ok", "12:00"),
        ("database", "b", "problem", "it is locked"),
        ("database", "c", "problem", "it is broken"),
        ("plugins", "d", "problem", "it could not be looked at: ZeroDivisionError: x"),
        ("plugins", "e", "problem", "nothing is known of it after 8 s"),
    ]
    assert all(each.advice or each.grade is Grade.OK for each in found)


async def test_what_hangs_in_the_system_is_left_behind() -> None:
    never = threading.Event()

    async def look() -> Sequence[Finding]:
        await aside(lambda: never.wait(60))
        return []

    [found] = await examined([Look("machine", "disk", look)], deadline=0.05)
    assert found.grade is Grade.PROBLEM
    never.set()


class Settings(BaseModel):
    """Of a plugin that is tried."""

    fuel: int = 0


def bench(check: object = None, *broken: Broken) -> Bench:
    descriptor = Descriptor(name="moon", settings=Settings, factory=lambda: None, check=check)  # type: ignore[arg-type]
    return Bench(
        Registry({("target", "moon"): Loaded("target", descriptor, ORIGIN)}, broken),
        Node("here", Path("/data")),
    )


async def test_a_plugin_gets_its_folder_and_the_settings_of_its_uses() -> None:
    seen: list[tuple[Node, Sequence[BaseModel]]] = []

    async def check(node: Node, uses: Sequence[BaseModel]) -> Sequence[Finding]:
        seen.append((node, uses))
        return [Finding("whatever", "no fuel", Grade.WARNING, "buy some")]

    uses = {("target", "moon"): [Settings(fuel=3)]}
    [found] = await examined(list(looks(bench(check), uses)))
    assert (found.part, found.name, found.said) == ("plugins", "target moon", "no fuel")
    assert seen == [(Node("here", Path("/data/moon"), seen[0][0].reveal), [Settings(fuel=3)])]


async def test_one_without_a_check_or_without_anything_to_say_is_well() -> None:
    async def silent(node: Node, uses: Sequence[BaseModel]) -> Sequence[Finding]:
        return []

    for check in (None, silent):
        [found] = await examined(list(looks(bench(check), {})))
        assert (found.name, found.grade, found.said) == ("target moon", Grade.OK, "of moonbase 1.0")


async def test_one_that_is_used_and_not_there_is_a_problem_and_one_that_nobody_uses_a_warning() -> None:
    broken = Broken(Origin("mars", "marsbase", "2.0"), "ImportError: no mars")
    wanted: dict[tuple[str, str], list[BaseModel]] = {("target", "mars"): [], ("router", "venus"): []}
    router, target = await examined(list(looks(bench(None, broken), wanted)))
    assert (router.grade, router.said) == (Grade.PROBLEM, "no plugin of that name is installed")
    assert (target.grade, target.said) == (
        Grade.PROBLEM,
        "of marsbase 2.0 cannot be loaded: ImportError: no mars",
    )
    assert "pip install --force-reinstall marsbase" in target.advice
    used, unused = await examined(list(looks(bench(None, broken), {("target", "moon"): []})))
    assert (used.grade, unused.grade, unused.name) == (Grade.OK, Grade.WARNING, "mars")


async def test_a_stable_release_whose_artifact_is_gone_is_named(tmp_path: Path) -> None:
    store, folder = MemoryStore(), ArtifactFolder(tmp_path)
    assert [each.grade for each in await artifacts(store, folder)] == [Grade.OK]
    digest = f"sha256:{'a' * 64}"
    await store.put_release(ReleaseRow("shop", "1.0", "d", digest, {}, {}, "user:ada", 1.0))
    row = Summary(
        "environment:shop/prod", "environment", "shop", "prod", "steady", 10_000, "1.0", None, 1.0, False
    )
    event = NewEvent("Ticked", 1, "user:ada", {}, 1.0)
    await store.append(Append("environment:shop/prod", 0, (event,), row))
    [found] = await artifacts(store, folder)
    assert "that of shop 1.0, stable in prod, is gone" in found.said
    assert found.advice == "send it again: rollway deploy shop/prod --release 1.0 --artifact PATH"
    folder.path(digest).write_bytes(b"tar")
    [found] = await artifacts(store, folder)
    assert found.said == "those of 1 stable releases are kept"
