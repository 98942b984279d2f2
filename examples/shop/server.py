"""The shop on a port: `python3 server.py --port 8000`. Needs Python 3.9 and nothing else.

HTTP/1.1 with keep-alive. On SIGTERM it takes no new connections, finishes the requests in flight, and ends.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import settings
from application import Answer, Request, Shop

LARGEST_FORM = 64 * 1024
FIRST_REQUEST_WITHIN = 5.0
"""Seconds a new connection has to say something; the end of the shop waits for it so long."""


class Server(ThreadingHTTPServer):
    """A thread per connection; knows which connections are between two requests."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], shop: Shop) -> None:
        super().__init__(address, Connection)
        self.shop = shop
        self.draining = False
        self._idle: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._backlog = False

    def rests(self, connection: socket.socket) -> None:
        """This connection waits for its next request; while draining it gets none."""
        with self._lock:
            self._idle.add(connection)
            if self.draining:
                _no_more(connection)

    def works(self, connection: socket.socket) -> None:
        """This connection has a request, or is gone."""
        with self._lock:
            self._idle.discard(connection)

    def drain(self) -> None:
        """Stop listening, finish what has begun, and return when the last connection has ended."""
        self.draining = True
        self.shutdown()
        self._take_backlog()
        with self._lock:
            for connection in self._idle:
                _no_more(connection)
        self.server_close()

    def _take_backlog(self) -> None:
        # Closing the socket would reset those who are connected but not yet accepted; who comes after them is too late.
        self.timeout, self._backlog = 0, True
        for _ in range(self.request_queue_size):
            if self._backlog:
                self.handle_request()

    def handle_timeout(self) -> None:
        """Nobody is left in the backlog."""
        self._backlog = False


def _no_more(connection: socket.socket) -> None:
    # What has already arrived can still be read: only then comes the end.
    with contextlib.suppress(OSError):  # the visitor was faster
        connection.shutdown(socket.SHUT_RD)


class Connection(BaseHTTPRequestHandler):
    """HTTP on one connection; each answer leaves in one write."""

    protocol_version = "HTTP/1.1"
    server_version = "shop"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = 256 * 1024
    server: Server
    fresh = True

    def handle_one_request(self) -> None:
        """Read one request and answer it."""
        if self.fresh:
            # Whoever has just connected is about to ask: that is not a connection between two requests.
            self.connection.settimeout(FIRST_REQUEST_WITHIN)
        else:
            self.server.rests(self.connection)
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True
        finally:
            self.server.works(self.connection)

    def parse_request(self) -> bool:
        """The first line is there: from now on this connection works."""
        self.server.works(self.connection)
        if self.fresh:
            self.fresh = False
            self.connection.settimeout(None)
        return super().parse_request()

    def do_GET(self) -> None:
        """Answer a page."""
        self._answer("GET", b"")

    def do_HEAD(self) -> None:
        """Answer a page's headers."""
        self._answer("GET", b"")

    def do_POST(self) -> None:
        """Answer a form."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
        elif len(length) > 9 or int(length) > LARGEST_FORM:
            self.send_error(413)
        else:
            self._answer("POST", self.rfile.read(int(length)))

    def _answer(self, method: str, form: bytes) -> None:
        path = self.path.partition("?")[0]
        cookie = "; ".join(self.headers.get_all("Cookie", []))
        self._send(self.server.shop.answer(Request(method, path, cookie, form)))

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Release", self.server.shop.settings.release)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.server.draining:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing of ordinary requests: the proxy counts them."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description="A small coffee shop.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    shop = Shop(settings.load(Path(__file__).with_name("shop.json")))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = Server((options.host, options.port), shop)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    logging.info("release %s on %s port %d", shop.settings.release, options.host, server.server_port)
    while not stop.wait(0.2):
        pass  # a signal that another thread has got is only seen when this one wakes up
    server.drain()
    return 0


if __name__ == "__main__":
    sys.exit(main())
