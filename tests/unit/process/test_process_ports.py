import socket

import pytest

from rollway.api import PluginError
from rollway_plugins.process.ports import Ports, span


@pytest.mark.parametrize(
    ("ephemeral", "chosen"),
    [
        ((32_768, 60_999), range(10_000, 32_768)),
        ((10_000, 40_000), range(40_001, 65_536)),
        ((49_152, 65_535), range(10_000, 49_152)),
        ((1024, 65_535), range(10_000, 65_536)),
        ((1024, 65_000), range(10_000, 65_536)),
    ],
)
def test_ports_lie_outside_those_of_outgoing_connections(ephemeral: tuple[int, int], chosen: range) -> None:
    assert span(ephemeral) == chosen


def free_run(length: int) -> range:
    """Ports in a row on which nobody listens."""
    first = Ports().take()
    return range(first, first + length)


def test_no_port_is_given_twice() -> None:
    ports = Ports()
    assert len({ports.take() for _ in range(200)}) == 200


def test_a_port_given_back_is_the_last_to_come_again() -> None:
    ports = Ports(free_run(50))
    first = ports.take()
    ports.give_back(first)
    assert first not in [ports.take() for _ in range(10)]


def test_a_port_that_somebody_has_is_left_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PluginError, match="no port is free"):
            Ports(range(port, port + 1)).take()


def test_an_adopted_port_is_left_out() -> None:
    run = free_run(1)
    ports = Ports(run)
    ports.keep(run[0])
    with pytest.raises(PluginError, match="no port is free"):
        ports.take()
