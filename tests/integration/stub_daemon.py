"""A daemon that plays the demo's rollouts from a script, over a real HTTP server and a real listener for visitors.

`python stub_daemon.py MOOD daemon --listen H:P --data DIR`. It knows nothing of Rollway's engine: the documents are as
the API's models write them. It starts one "instance" that outlives it, as a real daemon does.

MOOD: `well`; `dies` (at the second rollout); `stuck` (the second rollout never ends); `refuses` (every application);
`broken` (ends before it serves).
"""

import json
import math
import random
import re
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from os import _exit, environ
from pathlib import Path
from typing import Any

PLAN = [
    {"index": 1, "name": "start 3 instances", "kind": "provision"},
    {"index": 2, "name": "25% of traffic", "kind": "shift"},
    {"index": 3, "name": "watch", "kind": "observe"},
    {"index": 4, "name": "promote", "kind": "promote"},
]
EXPOSED = 1.5


@dataclass
class Rollout:
    release: str
    previous: str | None
    faults: float
    phase: str = "running"
    weight: float = 0.0
    step: int = 1
    bad: int = 0
    requests: int = 0
    events: list[dict[str, Any]] = field(default_factory=list)

    def happens(self, kind: str, **data: object) -> None:
        at = datetime.now(UTC).isoformat()
        self.events.append(
            {"seq": len(self.events) + 1, "at": at, "type": kind, "actor": "rollway:daemon", "data": data}
        )

    @property
    def evidence(self) -> dict[str, Any]:
        return {
            "log_e": 2.0 * self.bad,
            "threshold_fail": math.log(100),
            "log_clear": min(3.5, self.requests / 4),
            "threshold_pass": math.log(20),
            "canary": {"requests": self.requests, "bad": self.bad},
            "stable": {"requests": 3 * self.requests, "bad": 0},
            "margin": None,
        }

    def document(self, id_: str) -> dict[str, Any]:
        verdicts = [
            {"monitor": "error-rate", "verdict": "inconclusive", "reason": "", "evidence": self.evidence}
        ]
        return {
            "id": id_,
            "application": "shop",
            "environment": "prod",
            "release": self.release,
            "previous_release": self.previous,
            "strategy": "canary",
            "phase": self.phase,
            "waiting_for": None,
            "weight": self.weight,
            "step": {"index": self.step, "of": len(PLAN), "name": PLAN[self.step - 1]["name"]},
            "reason": "",
            "plan": PLAN,
            "verdicts": verdicts if self.previous else [],
        }


class Stub:
    def __init__(self, mood: str, data: Path) -> None:
        self.mood = mood
        self.data = data
        self.faults: dict[str, float] = {}
        self.artifacts: dict[str, float] = {}
        self.rollouts: dict[str, Rollout] = {}
        self.stable: str | None = None
        self.canary: Rollout | None = None

    def call(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        if method == "PUT" and "/artifacts/" in path:
            with tarfile.open(fileobj=BytesIO(body)) as tar:
                member = tar.extractfile("shop.json")
                assert member
                self.artifacts[path.rpartition("/")[2]] = json.loads(member.read())["faults"]
            return 201, {}
        document = json.loads(body) if body else {}
        if method == "PUT":
            return self._apply(document)
        if path.endswith("/releases"):
            self.faults[document["name"]] = self.artifacts[document["artifact"]]
            assert document["settings"]["prod"]["use"] == "process"
            return 201, document
        if method == "POST":
            return 201, self._start(document["release"])
        id_, _, events = path.partition("/rollouts/")[2].partition("/")
        after = int(events.partition("after=")[2] or 0)
        return 200, self.rollouts[id_].events[after:] if events else self.rollouts[id_].document(id_)

    def _apply(self, settings: Mapping[str, Any]) -> tuple[int, object]:
        if self.mood == "refuses":
            return 422, {
                "title": "Invalid configuration",
                "detail": "environments.prod.strategy: no such thing",
            }
        listen = settings["environments"]["prod"]["router"]["listen"]
        host, _, port = listen.partition(":")
        threading.Thread(target=serve, args=(host, int(port), self.visitor()), daemon=True).start()
        return 201, {}

    def _start(self, release: str) -> object:
        id_ = f"rollout{len(self.rollouts):09}"
        rollout = self.rollouts[id_] = Rollout(release, self.stable, self.faults[release])
        rollout.happens("RolloutAdmitted", release=release)
        threading.Thread(target=self._play, args=(rollout,), daemon=True).start()
        return rollout.document(id_)

    def _play(self, rollout: Rollout) -> None:
        if rollout.previous is None:
            environment = {**environ, "ROLLWAY_INSTANCE": "i1"}
            subprocess.Popen(["sleep", "600"], cwd=self.data, env=environment, start_new_session=True)
            return self._promote(rollout)
        if self.mood == "dies":
            sys.stderr.write("no more, said the daemon\n")
            sys.stderr.flush()
            _exit(7)
        rollout.happens("StepStarted", step=2, key="k")
        rollout.step, rollout.weight, self.canary = 2, 25, rollout
        until = time.monotonic() + (math.inf if self.mood == "stuck" else EXPOSED)
        while time.monotonic() < until:
            time.sleep(0.05)
            if rollout.bad >= 3:
                return self._take_back(rollout)
        rollout.happens(
            "VerdictReached", monitor="error-rate", verdict="pass", reason="clear", evidence=rollout.evidence
        )
        return self._promote(rollout)

    def _promote(self, rollout: Rollout) -> None:
        rollout.step, rollout.weight = 4, 100
        self.stable, self.canary = rollout.release, None
        rollout.happens("Promoted", release=rollout.release)
        rollout.happens("RolloutEnded", phase="promoted", reason="")
        rollout.phase = "promoted"

    def _take_back(self, rollout: Rollout) -> None:
        reason = f"canary fails {rollout.bad} of {rollout.requests}"
        rollout.happens(
            "VerdictReached", monitor="error-rate", verdict="fail", reason=reason, evidence=rollout.evidence
        )
        rollout.happens("RollbackStarted", because="verdict", reason=reason)
        self.canary, rollout.weight = None, 0
        rollout.happens("WeightLowered", group="g", split={}, reason=reason)
        rollout.happens("RolloutEnded", phase="rolled_back", reason=reason)
        rollout.phase = "rolled_back"

    def visitor(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Visitor(Quiet):
            def reply(self, body: bytes) -> None:
                canary = stub.canary
                if canary is None or random.random() >= 0.25:
                    return self.send(200, b"shop", (("x-release", stub.stable or "none"),))
                canary.requests += 1
                failed = random.random() < canary.faults
                canary.bad += failed
                return self.send(500 if failed else 200, b"shop", (("x-release", canary.release),))

        return Visitor

    def api(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Api(Quiet):
            def reply(self, body: bytes) -> None:
                if self.path == "/readyz":
                    return self.send(200, b"{}")
                status, document = stub.call(self.command, self.path, body)
                return self.send(status, json.dumps(document).encode())

        return Api


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def reply(self, body: bytes) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.reply(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    do_POST = do_PUT = do_GET  # noqa: N815 - the names http.server asks for

    def send(self, status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


def serve(host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer((host, port), handler).serve_forever()


def main(mood: str, arguments: str) -> None:
    found = re.fullmatch(r"daemon --listen (.+):(\d+) --data (.+)", arguments)
    assert found, arguments
    if mood == "broken":
        raise SystemExit("the database is locked, said the daemon")
    data = Path(found[3])
    data.mkdir(parents=True)
    serve(found[1], int(found[2]), Stub(mood, data).api())


if __name__ == "__main__":
    main(sys.argv[1], " ".join(sys.argv[2:]))
