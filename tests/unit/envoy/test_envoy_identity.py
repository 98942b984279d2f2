"""What is said of an Envoy that nobody can look at."""

import errno
import os

import psutil
import pytest

from rollway_plugins.envoy import identity
from rollway_plugins.envoy.identity import Identity


def test_what_cannot_be_looked_at_is_not_called_gone(monkeypatch: pytest.MonkeyPatch) -> None:

    def nothing_left(pid: int) -> psutil.Process:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    here = identity_of_this_process()
    assert here.alive
    monkeypatch.setattr(psutil, "Process", nothing_left)
    assert here.alive
    assert here.exists


def identity_of_this_process() -> Identity:
    me = psutil.Process()
    known = {"pid": me.pid, "boot": identity.boot_id(), "started": me.create_time()}
    given = {name: known.get(name, "") for name in Identity.__dataclass_fields__}
    return Identity(**given)  # type: ignore[arg-type]
