"""The example that comes with Rollway, and whom the clearing takes away."""

import json
import tarfile
from pathlib import Path

import pytest

from rollway.config import Json
from rollway.demo.errors import DemoError
from rollway.demo.example import Example, find
from rollway.demo.leftovers import INSTANCE, MARK, belongs


def files(changes: dict[str, Json], workshop: Path, example: Example | None = None) -> dict[str, bytes]:
    """What is in the artifact."""
    with tarfile.open((example or find()).artifact(changes, workshop).path) as archive:
        return {
            member.name: stream.read()
            for member in archive
            if (stream := archive.extractfile(member)) is not None
        }


def test_the_example_is_found_and_complete(tmp_path: Path) -> None:
    packed = files({}, tmp_path)
    assert {"server.py", "shop.json", "style.css"} <= packed.keys()
    assert json.loads(packed["shop.json"])["faults"] == 0


def test_the_bad_release_differs_in_its_artifact(tmp_path: Path) -> None:
    good, bad = files({}, tmp_path), files({"faults": 0.05}, tmp_path)
    assert {name for name in good | bad if good.get(name) != bad.get(name)} == {"shop.json"}
    assert json.loads(bad["shop.json"])["faults"] == 0.05


def test_what_python_leaves_behind_is_not_delivered(tmp_path: Path) -> None:
    shop = tmp_path / "source"
    (shop / "__pycache__").mkdir(parents=True)
    (shop / "__pycache__" / "server.pyc").write_bytes(b"different each time")
    (shop / "shop.json").write_text('{"faults": 0}')
    assert files({"faults": 1}, tmp_path, Example(shop, tmp_path / "deploy.yaml")).keys() == {"shop.json"}


def test_the_router_listens_where_the_demo_says() -> None:
    settings = find().application("127.0.0.1:4711")
    match settings["environments"]:
        case {"prod": {"router": router, "target": {"use": "process"}, "strategy": {"use": "canary"}}}:
            assert router == {"use": "envoy", "listen": "127.0.0.1:4711"}
        case other:
            pytest.fail(f"not what the demo tells of: {other}")


def test_an_example_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=str(tmp_path)):
        find((Example(tmp_path, tmp_path / "deploy.yaml"),))


FOLDER = "/tmp/rollway-demo-abc"  # noqa: S108 - a name, nothing is written


@pytest.mark.parametrize(
    ("command", "working", "environment", "expected"),
    [
        (["python3", "server.py"], "/", {MARK: FOLDER}, True),
        (["python3", "server.py"], "/", {MARK: FOLDER + "d"}, False),
        (["python3", "server.py"], f"{FOLDER}/data/releases/x", {INSTANCE: "i1"}, True),
        (["python3", "server.py"], FOLDER + "d/data", {INSTANCE: "i1"}, False),
        (["python3", "server.py"], "/srv/shop", {INSTANCE: "i1"}, False),
        (["/site-packages/envoy/envoy", "-c", f"{FOLDER}/data/envoy/boot.yaml"], "/", {}, True),
        (["/usr/bin/envoy", "-c", "/etc/envoy.yaml"], "/", {}, False),
        (["vim", f"{FOLDER}/daemon.log"], "/", {}, False),
        (["bash"], FOLDER, {}, False),
        ([], FOLDER, {}, False),
    ],
)
def test_only_what_works_for_the_demo_belongs_to_it(
    command: list[str], working: str, environment: dict[str, str], expected: bool
) -> None:
    assert belongs(FOLDER, command, working, environment) is expected
