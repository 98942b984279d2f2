"""A visitor's cart, kept in a cookie: `cart=mug*1+filters*2`. Instances share nothing."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from catalogue import PRODUCTS

MOST = 99

Cart = dict[str, int]


def read(header: str) -> Cart:
    """The cart in a Cookie header; whatever makes no sense is left out."""
    try:
        morsel = SimpleCookie(header).get("cart")
    except CookieError:
        return {}
    return _parse(morsel.value) if morsel else {}


def _parse(text: str) -> Cart:
    cart: Cart = {}
    for part in text.split("+"):
        slug, _, count = part.partition("*")
        if slug in PRODUCTS and count.isascii() and count.isdigit() and len(count) <= 2:
            cart[slug] = int(count)
    return cart


def add(cart: Cart, slug: str) -> Cart:
    """The cart with one more of this product."""
    return {**cart, slug: min(cart.get(slug, 0) + 1, MOST)}


def cookie(cart: Cart) -> str:
    """The Set-Cookie header that keeps this cart; an empty cart takes the cookie away."""
    value = "+".join(f"{slug}*{count}" for slug, count in cart.items())
    return f"cart={value}; Path=/; HttpOnly; SameSite=Lax" + ("" if cart else "; Max-Age=0")


def total(cart: Cart, prices: Mapping[str, int]) -> int:
    """What the cart costs, in cents."""
    return sum(prices[slug] * count for slug, count in cart.items())
