"""A site for acceptance tests: a folder, a daemon in a process of its own, an application, and nothing left behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from rollway.artifact import pack
from rollway.client import Client
from rollway.demo.leftovers import end_all
from rollway.domain.traffic import Address
from rollway.errors import UnreachableError
from rollway.http.documents import EventDocument, RolloutDocument

APPLICATION = Path(__file__).parent / "application"
Found = TypeVar("Found")
ENDS = {"promoted", "rolled_back", "aborted", "failed"}


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def step_of(event: EventDocument) -> int:
    """The step an event speaks of, 0 where it speaks of none."""
    step = event.data.get("step", 0)
    return step if isinstance(step, int) else 0


@dataclass
class Site:
    """`steps` are those of the canary, unless a `strategy` is given; `instances` of the application.

    `command` runs in the application's folder; `health` is what differs from the usual settings of its checks.
    """

    folder: Path
    steps: list[dict[str, object]] = field(
        default_factory=lambda: [{"weight": "25%", "hold": "4s"}, {"weight": "50%", "hold": "2s"}]
    )
    instances: int = 2
    health_interval: str = "100ms"
    monitors: object = None
    command: str = f"{sys.executable} server.py {{port}}"
    health: dict[str, object] = field(default_factory=dict)
    strategy: dict[str, object] | None = None
    api: Address = field(default_factory=lambda: Address("127.0.0.1", free_port()))
    visitors: Address = field(default_factory=lambda: Address("127.0.0.1", free_port()))
    process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> Client:
        """The daemon's API."""
        return Client(f"http://{self.api}", actor="tester")

    @property
    def data(self) -> Path:
        """The daemon's data folder."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """The daemon's."""
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        """What the daemon has said so far."""
        return (self.folder / "daemon.log").read_text(errors="replace")

    def start(self, **environment: str) -> None:
        """Start the daemon and wait until it serves."""
        command = [
            sys.executable,
            "-m",
            "rollway",
            "daemon",
            "--listen",
            str(self.api),
            "--data",
            str(self.data),
        ]
        with (self.folder / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, env={**os.environ, **environment}
            )
        self.until(lambda: self._serves(), "the daemon serves")

    def kill(self) -> None:
        """Kill the daemon with -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Stop the daemon with SIGTERM; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def apply(self) -> None:
        """Register the application."""
        environment: dict[str, object] = {
            "target": {
                "use": "process",
                "command": self.command,
                "instances": self.instances,
                "health": {
                    "path": "/healthz",
                    "interval": self.health_interval,
                    "deadline": "8s",
                    **self.health,
                },
            },
            "router": {"use": "envoy", "listen": str(self.visitors), "drain": "1s"},
            "strategy": self.strategy or {"use": "canary", "steps": self.steps},
        }
        if self.monitors is not None:
            environment["monitors"] = self.monitors
        with self.client as client:
            settings = {"version": 1, "application": "app", "environments": {"prod": environment}}
            client.apply("app", json.loads(json.dumps(settings)))

    def release(self, name: str, **behaviour: object) -> None:
        """Register a release that behaves so."""
        source = self.folder / "source"
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(APPLICATION, source, ignore=shutil.ignore_patterns("__pycache__"))
        (source / "behaviour.json").write_text(json.dumps({**behaviour, "name": name}))
        packed = pack(source, self.folder / "source.tar")
        with self.client as client:
            client.put_artifact(packed.digest, packed.path)
            client.register("app", name, packed.digest)

    def deploy(self, name: str, **behaviour: object) -> str:
        """Register a release and begin its rollout; the rollout's id."""
        self.release(name, **behaviour)
        with self.client as client:
            return client.start("app", "prod", name).id

    def rollout(self, id_: str) -> RolloutDocument:
        """A rollout as the API tells it."""
        with self.client as client:
            return client.rollout(id_)

    def events(self, id_: str) -> list[EventDocument]:
        """A rollout's log."""
        with self.client as client:
            return client.events(id_)

    def ended(self, id_: str, timeout: float = 60.0) -> RolloutDocument:
        """Wait for the end of a rollout."""
        return self.until(
            lambda: rollout if (rollout := self.rollout(id_)).phase in ENDS else None,
            f"the end of {id_}",
            timeout,
            every=0.1,
        )

    def stable(self, name: str = "1.0") -> None:
        """A first release that is promoted."""
        assert self.ended(self.deploy(name)).phase == "promoted"

    def until(
        self, found: Callable[[], Found | None], what: str, timeout: float = 30.0, every: float = 0.02
    ) -> Found:
        """Wait for a condition, looked at `every` so many seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() not in (None, -signal.SIGKILL):
                break
            if result := found():
                return result
            time.sleep(every)
        raise AssertionError(f"waited {timeout:g} s for {what}; the daemon says:\n{self.log[-4000:]}")

    def running(self) -> Counter[str]:
        """How many processes run for each release, from the processes themselves; a doubled instance is an error."""
        found = [(each["ROLLWAY_INSTANCE"], each["ROLLWAY_RELEASE"]) for _, each in self._running()]
        assert len({id_ for id_, _ in found}) == len(found), f"an instance runs twice: {found}"
        return Counter(release for _, release in found)

    def processes(self) -> list[psutil.Process]:
        """The processes of the instances."""
        return [process for process, _ in self._running()]

    def envoys(self) -> list[psutil.Process]:
        """The Envoys of this site."""
        return [p for p in psutil.process_iter() if _is_envoy_of(p, self.data)]

    def close(self) -> None:
        """End everything."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        end_all(self.folder, grace=0.5)

    def _serves(self) -> bool:
        try:
            with self.client as client:
                list(client.applications())
        except UnreachableError:
            return False
        return True

    def _running(self) -> Iterator[tuple[psutil.Process, dict[str, str]]]:
        for process in psutil.process_iter():
            try:
                environment = process.environ()
                if process.status() == psutil.STATUS_ZOMBIE or not process.cwd().startswith(str(self.folder)):
                    continue
            except psutil.Error:
                continue
            if "ROLLWAY_INSTANCE" in environment:
                yield process, environment


def _is_envoy_of(process: psutil.Process, data: Path) -> bool:
    try:
        return any(str(data) in argument for argument in process.cmdline()) and "envoy" in process.name()
    except psutil.Error:
        return False
