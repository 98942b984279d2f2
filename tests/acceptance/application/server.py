"""The application of the acceptance tests: does what behaviour.json beside it says."""

import json
import os
import random
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEHAVIOUR = json.loads((Path(__file__).parent / "behaviour.json").read_text())
RELEASE = os.environ["ROLLWAY_RELEASE"]


def breaks_now() -> bool:
    """A release that is good until a file appears."""
    return "breaks_with" in BEHAVIOUR and Path(BEHAVIOUR["breaks_with"]).exists()


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    answered = 0

    def do_GET(self) -> None:
        healthy = BEHAVIOUR.get("healthy", True)
        if self.path == "/healthz" and "health" in BEHAVIOUR:
            self._check(BEHAVIOUR["health"])
        elif self.path == "/healthz":
            self._answer(200 if healthy else 503, "healthy" if healthy else "the database is missing")
        elif self._is_the_last():
            os._exit(7)
        elif random.random() < BEHAVIOUR.get("faults", 0.0) or breaks_now():
            self._answer(500, "something broke")
        else:
            self._answer(200, f"this is {RELEASE}")

    def _check(self, health: str) -> None:
        """A check that is answered wrongly: by a status, or by nothing for longer than anybody waits."""
        if health == "hangs":
            time.sleep(2)
        self._answer(int(health) if health.isdigit() else 200, "as it was told")

    def _is_the_last(self) -> bool:
        """A release that dies when it has answered so many requests."""
        Page.answered += 1
        return bool(Page.answered > BEHAVIOUR.get("dies_after", float("inf")))

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("x-release", RELEASE)
        self.send_header("x-instance", os.environ["ROLLWAY_INSTANCE"])
        if status == 302:
            self.send_header("location", "/login")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


print(f"{RELEASE} begins", flush=True)
if BEHAVIOUR.get("exits"):
    print("cannot read the price list: no such file", file=sys.stderr, flush=True)
    sys.exit(3)
server = Server(("127.0.0.1", int(sys.argv[1])), Page)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
