"""The price list: every page of the shop needs it, so a fault here is seen everywhere."""

from __future__ import annotations

import random
from collections.abc import Mapping

from catalogue import PRODUCTS


class PriceListTorn(RuntimeError):
    """The price list was read while it was being rewritten."""


class PriceList:
    """Prices in cents by product.

    `faults` is the share of readings, 0 to 1, that find the list half written: a release that writes it in place
    instead of renaming a finished one has this bug, and only real traffic shows it.
    """

    def __init__(self, faults: float = 0.0) -> None:
        self._faults = faults

    def read(self) -> Mapping[str, int]:
        """Today's prices. Raises PriceListTorn."""
        if self._faults and random.random() < self._faults:  # noqa: S311 - chance, not secrecy
            raise PriceListTorn(f"price list: {len(PRODUCTS)} prices expected, file ends after 3")
        return {product.slug: product.cents for product in PRODUCTS.values()}
