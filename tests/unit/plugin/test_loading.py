"""The loader: one entry point at a time, so that one broken plugin takes nothing else with it."""

import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from rollway.api import API_VERSION
from rollway.errors import PluginError
from rollway.plugin.loading import GROUP, load

SOUND = """
from pydantic import BaseModel
from rollway.api import Descriptor, hookimpl

class Settings(BaseModel):
    depth: int = 1

{name} = Descriptor(name={plugin!r}, settings=Settings, factory=lambda settings: None, api_version={version})

@hookimpl
def rollway_{kind}s():
    return [{name}]
"""


class Shelf:
    """Modules on the path, each an entry point of a distribution of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[metadata.EntryPoint] = []

    def put(self, entry: str, source: str, distribution: str | None = None) -> None:
        module = f"shelf_{len(self.found)}_{entry.replace('-', '_')}"
        (self.folder / f"{module}.py").write_text(source)
        name = distribution or f"acme-{entry}"
        info = self.folder / f"{name.replace('-', '_')}-1.2.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        point = metadata.EntryPoint(entry, module, GROUP)
        vars(point)["dist"] = metadata.Distribution.at(info)
        self.found.append(point)

    def sound(
        self, entry: str, *, plugin: str | None = None, kind: str = "monitor", version: int = API_VERSION
    ) -> None:
        self.put(entry, SOUND.format(name="one", plugin=plugin or entry, kind=kind, version=version))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield Shelf(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("shelf_"):
            del sys.modules[name]


def test_what_is_sound_is_there(shelf: Shelf) -> None:
    shelf.sound("tides")
    registry = load(shelf.found)
    assert registry.names("monitor") == ["tides"]
    assert registry.monitor("tides").name == "tides"
    origin = registry.loaded["monitor", "tides"].origin
    assert (origin.entry_point, origin.distribution, origin.version) == ("tides", "acme-tides", "1.2")
    model = registry.settings_model("monitor", "tides")
    assert model is not None
    assert "depth" in model.model_fields


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        (
            "from rollway.api import hookimpl\n@hookimpl\ndef rollway_monitors():\n    return [1]",
            "not descriptors",
        ),
        ("from rollway.api import hookimpl\n@hookimpl\ndef rollway_monitors():\n    return None", "hookimpl"),
        ("def rollway_monitors():\n    return []", "hookimpl"),
        (
            "from rollway.api import hookimpl\n@hookimpl\ndef rollway_monitors():\n    1 / 0",
            "ZeroDivisionError",
        ),
        (
            "from rollway.api import hookimpl\n@hookimpl\ndef rollway_monitor():\n    return []",
            "rollway_monitor",
        ),
        ("raise SystemExit(3)", "SystemExit"),
    ],
    ids=["import", "body", "syntax", "no-descriptors", "none", "unmarked", "hook", "unknown-hook", "exit"],
)
def test_a_broken_one_is_reported_and_skipped(shelf: Shelf, source: str, says: str) -> None:
    shelf.put("broken", source)
    shelf.sound("tides")
    registry = load(shelf.found)
    assert registry.names("monitor") == ["tides"]
    [broken] = registry.broken
    assert (broken.origin.entry_point, broken.origin.distribution) == ("broken", "acme-broken")
    assert says in broken.problem


def test_a_broken_one_is_fatal_when_it_is_named(shelf: Shelf) -> None:
    shelf.put("broken", "import nothing_of_this_name")
    registry = load(shelf.found)
    for named in (registry.monitor, registry.target, registry.router, registry.strategy):
        with pytest.raises(
            PluginError, match=r"'broken' of acme-broken cannot be used: .*nothing_of_this_name"
        ):
            named("broken")
    with pytest.raises(PluginError, match="acme-broken"):
        registry.settings_model("monitor", "broken")


def test_an_unknown_name_says_what_there_is(shelf: Shelf) -> None:
    shelf.sound("tides")
    registry = load(shelf.found)
    with pytest.raises(PluginError, match=r"no monitor named 'tide'; loaded: tides"):
        registry.monitor("tide")
    assert registry.settings_model("monitor", "tide") is None
    with pytest.raises(PluginError, match="loaded: none"):
        registry.target("tides")


@pytest.mark.parametrize("version", [API_VERSION - 1, API_VERSION + 1])
def test_one_for_another_api_is_skipped_and_says_so(shelf: Shelf, version: int) -> None:
    shelf.sound("tides", version=version)
    registry = load(shelf.found)
    assert registry.names("monitor") == []
    [broken] = registry.broken
    assert f"plugin API {version}, this is {API_VERSION}" in broken.problem
    with pytest.raises(PluginError, match="install a version that fits"):
        registry.monitor("tides")


def test_two_of_one_name_name_both_owners(shelf: Shelf) -> None:
    shelf.sound("tides")
    shelf.sound("moon", plugin="tides")
    with pytest.raises(PluginError, match="'tides'") as refused:
        load(shelf.found)
    assert "acme-tides" in str(refused.value)
    assert "acme-moon" in str(refused.value)


def test_one_name_may_stand_for_several_kinds(shelf: Shelf) -> None:
    shelf.sound("tides")
    shelf.sound("moon", plugin="tides", kind="target")
    registry = load(shelf.found)
    assert set(registry.loaded) == {("monitor", "tides"), ("target", "tides")}


def test_the_built_ins_come_in_like_a_strangers() -> None:
    registry = load()
    assert {
        ("target", "process"),
        ("router", "envoy"),
        ("strategy", "canary"),
        ("monitor", "error-rate"),
    } <= set(registry.loaded)
    assert {registry.loaded[key].origin.distribution for key in registry.loaded} == {"rollway"}
    assert registry.broken == ()
