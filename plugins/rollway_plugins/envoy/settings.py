"""What stands beside `use: envoy` in deploy.yaml."""

import ipaddress
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from rollway.api import Address, Duration, Settings


def parse_address(written: object) -> Address:
    """`host:port`, `[::1]:port`, `:port` (every address) or a bare port (loopback). Raises ValueError."""
    if isinstance(written, Address):
        return written
    if isinstance(written, bool) or not isinstance(written, str | int):
        raise ValueError("expected host:port, such as 127.0.0.1:8080")
    host, colon, port = str(written).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise ValueError(f"{written!r} is not host:port with a port from 1 to 65535, such as 127.0.0.1:8080")
    return Address(_literal(host or ("0.0.0.0" if colon else "127.0.0.1")), int(port))  # noqa: S104 - asked for


def _literal(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise ValueError(
            f"{host!r} is not an IP address of this machine; 0.0.0.0 means all of them"
        ) from None


Listen = Annotated[
    Address,
    BeforeValidator(parse_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["127.0.0.1:8080", "0.0.0.0:80", 8080]}),
]
"""Where an environment listens; an address literal, because what a name means may change."""


class EnvoySettings(Settings):
    """One environment's settings of the router: Envoy, started by the daemon."""

    listen: Listen = Address("127.0.0.1", 8080)
    """Where visitors are taken: host:port, an IP address; a bare port is one of 127.0.0.1, `:8080` one of all."""
    timeout: Duration | None = None
    """Requests that take longer, from their last byte to the answer's last byte, are ended and count as bad.

    Left out, none is ended."""
    drain: Duration = 10.0
    """How long requests in flight may take to end when a group of instances is retired."""
