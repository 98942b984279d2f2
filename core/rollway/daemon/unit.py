"""Under systemd: whether the unit lets applications outlive the daemon."""

import os
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from rollway.domain.findings import Finding, problem

_UNIT = re.compile(r"/([^/\n]+\.service)$", re.MULTILINE)
ASKED_FOR = 3.0


def unit() -> Sequence[Finding]:
    """What the unit of this process says; nothing where there is none. Blocks."""
    if "INVOCATION_ID" not in os.environ:
        return ()
    with suppress(OSError, subprocess.SubprocessError):
        name = unit_of(Path("/proc/self/cgroup").read_text(encoding="utf-8"))
        if name is not None:
            asked = ["systemctl", "show", "--property=KillMode", "--value", name]
            done = subprocess.run(asked, capture_output=True, text=True, timeout=ASKED_FOR, check=True)
            return [of_unit(name, done.stdout.strip())]
    return ()


def unit_of(cgroups: str) -> str | None:
    """The service in the text of /proc/self/cgroup (cgroups(7)); None for a process of no service."""
    found = _UNIT.search(cgroups)
    return found[1] if found else None


def of_unit(name: str, kill_mode: str) -> Finding:
    """Whether stopping the unit stops the daemon alone."""
    if kill_mode and kill_mode != "process":
        said = f"{name} has KillMode={kill_mode}: stopping or upgrading the daemon stops all applications"
        return problem("systemd", said, "set KillMode=process in the unit, then: systemctl daemon-reload")
    return Finding("systemd", f"{name} leaves applications running")
