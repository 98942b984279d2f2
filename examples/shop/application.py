"""The shop itself: a request comes in, an answer goes out. No sockets here."""

from __future__ import annotations

import itertools
import json
import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qs

import cart as carts
import pages
from catalogue import PRODUCTS
from prices import PriceList
from settings import Settings

HTML = "text/html; charset=utf-8"
STYLE = (Path(__file__).parent / "style.css").read_bytes()

log = logging.getLogger("shop")


@dataclass(frozen=True)
class Request:
    """What a visitor asks for; `path` without query, `form` as posted."""

    method: str
    path: str
    cookie: str = ""
    form: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What the visitor gets."""

    status: int
    body: bytes
    kind: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)


class Shop:
    """One instance of the shop; orders live and die with it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._prices = PriceList(settings.faults)
        self._orders: deque[dict[str, Any]] = deque(maxlen=1000)
        self._numbers = itertools.count(1)
        self._ordered = 0
        self._answered: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/"): self._home,
            ("GET", "/cart"): self._cart,
            ("POST", "/cart"): self._add,
            ("POST", "/checkout"): self._checkout,
            ("GET", "/api/orders"): self._recent,
            ("GET", "/style.css"): lambda _: Answer(
                200, STYLE, "text/css", {"Cache-Control": "max-age=3600"}
            ),
            ("GET", "/healthz"): lambda _: Answer(200, b"ok\n", "text/plain"),
            ("GET", "/metrics"): lambda _: self._metrics(),
        }

    def answer(self, request: Request) -> Answer:
        """The answer to a request; a fault is logged and becomes a 500."""
        try:
            answer = self._find(request)(request)
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            answer = self._sorry(500, "Something broke", "That is our fault, not yours.")
        with self._lock:
            self._answered[answer.status] += 1
        return answer

    def _find(self, request: Request) -> Callable[[Request], Answer]:
        if request.method == "GET" and request.path.startswith("/products/"):
            return self._product
        route = self._routes.get((request.method, request.path))
        return route or (lambda _: self._sorry(404, "Not here", "There is no such page."))

    def _home(self, request: Request) -> Answer:
        return self._page(pages.home(self.settings, self._prices.read()))

    def _product(self, request: Request) -> Answer:
        item = PRODUCTS.get(request.path[len("/products/") :])
        if item is None:
            return self._sorry(404, "Sold out for good", "We do not have that.")
        return self._page(pages.product(self.settings, item, self._prices.read()))

    def _cart(self, request: Request) -> Answer:
        return self._page(pages.cart(self.settings, carts.read(request.cookie), self._prices.read()))

    def _add(self, request: Request) -> Answer:
        slug = parse_qs(request.form.decode("utf-8", "replace")).get("product", [""])[0]
        if slug not in self._prices.read():
            return self._sorry(400, "Which one?", "We do not have that.")
        chosen = carts.add(carts.read(request.cookie), slug)
        return Answer(303, b"", headers={"Location": "/cart", "Set-Cookie": carts.cookie(chosen)})

    def _checkout(self, request: Request) -> Answer:
        chosen = carts.read(request.cookie)
        if not chosen:
            return self._sorry(400, "An empty cart", "There is nothing to order.")
        cents = carts.total(chosen, self._prices.read())
        number = f"{self.settings.release}-{next(self._numbers)}"
        self._orders.append({"order": number, "cents": cents, "items": chosen})
        with self._lock:
            self._ordered += 1
        body = pages.ordered(self.settings, number, cents)
        return Answer(201, body.encode(), headers={"Set-Cookie": carts.cookie({})})

    def _recent(self, request: Request) -> Answer:
        recent = list(self._orders)[-20:]
        document = {"release": self.settings.release, "prices": dict(self._prices.read()), "orders": recent}
        return Answer(200, json.dumps(document).encode(), "application/json")

    def _metrics(self) -> Answer:
        lines = ["# TYPE shop_requests_total counter"]
        lines += [
            f'shop_requests_total{{code="{code}"}} {count}' for code, count in sorted(self._answered.items())
        ]
        lines += ["# TYPE shop_orders_total counter", f"shop_orders_total {self._ordered}", ""]
        return Answer(200, "\n".join(lines).encode(), "text/plain; version=0.0.4")

    def _page(self, text: str) -> Answer:
        return Answer(200, text.encode())

    def _sorry(self, status: int, title: str, what: str) -> Answer:
        return Answer(status, pages.sorry(self.settings, title, what).encode())
