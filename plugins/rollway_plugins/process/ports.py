"""Which port an instance gets."""

import errno
import secrets
import socket
import threading
from pathlib import Path

from rollway.api import PluginError

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000
_HIGHEST = 65_535


def span(ephemeral: tuple[int, int]) -> range:
    """The larger part of 10,000 to 65,535 outside the ports that the kernel gives to outgoing connections.

    Those could take a port between its choice and the application's bind. Where that leaves under 1,000 ports, all.
    """
    low, high = ephemeral
    below, above = range(_LOWEST, min(low, _HIGHEST + 1)), range(max(high + 1, _LOWEST), _HIGHEST + 1)
    best = max(below, above, key=len)
    return best if len(best) >= 1000 else range(_LOWEST, _HIGHEST + 1)


def ephemeral_range() -> tuple[int, int]:
    """The kernel's range for outgoing connections."""
    try:
        low, high = _EPHEMERAL.read_text().split()
        return int(low), int(high)
    except (OSError, ValueError):
        return 32_768, 60_999


class Ports:
    """The ports of one node's instances: one goes to one instance, and is not given again soon after.

    The choice goes round, so that who still knows an old address does not reach another release.
    """

    def __init__(self, among: range | None = None, first: int | None = None) -> None:
        self._among = among or span(ephemeral_range())
        self._next = secrets.randbelow(len(self._among)) if first is None else self._among.index(first)
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def take(self) -> int:
        """A port that no instance has and nobody listens on. Raises PluginError where there is none."""
        with self._lock:
            for _ in self._among:
                port = self._among[self._next]
                self._next = (self._next + 1) % len(self._among)
                if port not in self._taken and is_free(port):
                    self._taken.add(port)
                    return port
        raise PluginError(
            f"no port is free between {self._among[0]} and {self._among[-1]}; stop something on this machine"
        )

    def keep(self, port: int) -> None:
        """An adopted instance has this one."""
        with self._lock:
            self._taken.add(port)

    def give_back(self, port: int) -> None:
        """Its instance is gone."""
        with self._lock:
            self._taken.discard(port)


def is_free(port: int) -> bool:
    """Whether an application could listen there, on any address of this machine."""
    return all(_binds(family, port) for family in (socket.AF_INET, socket.AF_INET6))


def _binds(family: socket.AddressFamily, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if family is socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(("", port))
    except OSError as error:
        return error.errno not in (errno.EADDRINUSE, errno.EACCES)
    return True
