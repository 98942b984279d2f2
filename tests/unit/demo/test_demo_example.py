"""The example that comes with Rollway, and whom the clearing takes away."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from rollway.demo.errors import DemoError
from rollway.demo.example import Example, find, target_settings
from rollway.demo.leftovers import INSTANCE, MARK, belongs


def members(tar: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {member.name: (archive.extractfile(member) or io.BytesIO()).read() for member in archive}


def test_the_example_is_found_and_complete() -> None:
    files = members(find().artifact({}))
    assert {"server.py", "shop.json", "style.css"} <= files.keys()
    assert json.loads(files["shop.json"])["faults"] == 0


def test_the_bad_release_is_another_artifact() -> None:
    good, bad = find().artifact({}), find().artifact({"faults": 0.05})
    assert hashlib.sha256(good).digest() != hashlib.sha256(bad).digest()
    assert json.loads(members(bad)["shop.json"])["faults"] == 0.05
    assert {k: v for k, v in members(good).items() if k != "shop.json"} == {
        k: v for k, v in members(bad).items() if k != "shop.json"
    }


def test_the_same_changes_make_the_same_artifact(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "shop.json").write_text('{"faults": 0}')
    (shop / "__pycache__").mkdir()
    (shop / "__pycache__" / "server.pyc").write_bytes(b"different each time")
    first = Example(shop, tmp_path / "deploy.yaml").artifact({"faults": 1})
    (shop / "shop.json").touch()
    assert Example(shop, tmp_path / "deploy.yaml").artifact({"faults": 1}) == first
    assert members(first).keys() == {"shop.json"}


def test_the_router_listens_where_the_demo_says() -> None:
    settings = find().application("127.0.0.1:4711")
    environments = settings["environments"]
    assert isinstance(environments, dict)
    assert environments["prod"]["router"] == {"use": "envoy", "listen": "127.0.0.1:4711"}
    assert "instances" in environments["prod"]["target"]
    assert "instances" not in target_settings(settings)["prod"]  # type: ignore[operator]
    assert target_settings(settings)["prod"]["use"] == "process"  # type: ignore[index]


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
