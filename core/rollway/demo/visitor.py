"""What a visitor of the shop does: look around, put things into the cart, sometimes order."""

from collections import deque
from dataclasses import dataclass
from random import Random

PRODUCTS = ("house-blend", "yirgacheffe", "decaf", "kettle", "grinder", "filters", "mug", "scale")


@dataclass(frozen=True, slots=True)
class Page:
    """One request of the shop; a POST where there is a form."""

    path: str
    method: str = "GET"
    form: bytes = b""


HOME, CART, ORDERS = Page("/"), Page("/cart"), Page("/api/orders")
CHECKOUT = Page("/checkout", "POST")


class Visitor:
    """One visit after the other, each with a cookie of its own; the same chance, the same visits."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._ahead: deque[Page] = deque()
        self.cookie = ""

    def next(self) -> Page:
        """The page this visitor asks for next."""
        if not self._ahead:
            self.cookie = ""
            self._ahead.extend(self._visit())
        page = self._ahead.popleft()
        # Whose product never reached the cart has nothing to order, and looks at an empty cart instead.
        return CART if page is CHECKOUT and not self.cookie else page

    def receive(self, cookie: str | None) -> None:
        """Keep the cookie of an answer, as a browser does."""
        if cookie:
            name_and_value = cookie.partition(";")[0]
            self.cookie = "" if name_and_value.endswith("=") else name_and_value

    def _visit(self) -> list[Page]:
        seen = self._chance.sample(PRODUCTS, self._chance.randint(1, 3))
        pages = [HOME, *(Page(f"/products/{slug}") for slug in seen)]
        if self._chance.random() < 0.5:
            pages += [Page("/cart", "POST", f"product={seen[-1]}".encode()), CART]
            if self._chance.random() < 0.6:
                pages.append(CHECKOUT)
        if self._chance.random() < 0.15:
            pages.append(ORDERS)
        return pages
