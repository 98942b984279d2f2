"""What a demo's proxy kept outside of its folder is known from its command, and nothing else is removed."""

import socket
from pathlib import Path

import pytest

from rollway.demo.outside import SHARED_MEMORY, Outside

MEMORY = SHARED_MEMORY / "envoy_shared_memory_420"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (
            ["envoy", "--base-id", "42", "--socket-path", "/t/rollway-x/hot"],
            Outside(MEMORY, Path("/t/rollway-x")),
        ),
        (["envoy", "--base-id", "42", "--socket-path", "/t/data/node/hot"], Outside(MEMORY)),
        (["envoy", "--base-id", "../../etc/passwd"], Outside()),
        (["envoy", "--base-id"], Outside()),
        (["envoy", "--disable-hot-restart"], Outside()),
    ],
)
def test_it_is_told_by_the_command(command: list[str], expected: Outside) -> None:
    assert Outside.of(command) == expected


def test_sockets_and_their_folder_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "rollway-x"
    folder.mkdir()
    _listening(folder / "admin.sock")
    memory = tmp_path / "memory"
    memory.touch()
    Outside(memory, folder).remove()
    assert list(tmp_path.iterdir()) == []
    Outside(memory, folder).remove()


def test_what_is_no_socket_stays(tmp_path: Path) -> None:
    folder = tmp_path / "rollway-x"
    folder.mkdir()
    _listening(folder / "admin.sock")
    (folder / "thesis.txt").touch()
    Outside(None, folder).remove()
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def _listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
