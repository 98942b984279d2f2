"""The shop's pages, as text. Nothing here does anything."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from cart import Cart, total
from catalogue import PRODUCTS, Product
from settings import Settings

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Second Crack</title>
<link rel="stylesheet" href="/style.css">
<style>:root {{ --accent: {accent} }}</style>
</head>
<body>
<header><a class="brand" href="/">Second Crack</a><nav><a href="/cart">Cart</a></nav></header>
<main>
{body}
</main>
<footer>Release <strong class="release">{release}</strong></footer>
</body>
</html>
"""


def page(settings: Settings, title: str, body: str) -> str:
    """A whole page around this body; every page names the release that made it."""
    return _FRAME.format(
        title=escape(title), body=body, accent=escape(settings.accent), release=escape(settings.release)
    )


def money(cents: int) -> str:
    """1190 as "€ 11.90"."""
    return f"€ {cents // 100}.{cents % 100:02}"


def home(settings: Settings, prices: Mapping[str, int]) -> str:
    """All products."""
    cards = "\n".join(_card(product, prices) for product in PRODUCTS.values())
    return page(
        settings, "Coffee", f'<h1>{escape(settings.headline)}</h1>\n<ul class="shelf">\n{cards}\n</ul>'
    )


def _card(product: Product, prices: Mapping[str, int]) -> str:
    return (
        f'<li><a href="/products/{product.slug}"><span class="picture" style="background:{product.tone}"></span>'
        f"<b>{escape(product.name)}</b><span>{money(prices[product.slug])}</span></a></li>"
    )


def product(settings: Settings, item: Product, prices: Mapping[str, int]) -> str:
    """One product, and the button that puts it into the cart."""
    body = (
        f'<article><span class="picture" style="background:{item.tone}"></span><div>'
        f"<h1>{escape(item.name)}</h1><p>{escape(item.blurb)}</p><p class=price>{money(prices[item.slug])}</p>"
        f'<form method="post" action="/cart"><input type="hidden" name="product" value="{item.slug}">'
        "<button>Add to cart</button></form></div></article>"
    )
    return page(settings, item.name, body)


def cart(settings: Settings, chosen: Cart, prices: Mapping[str, int]) -> str:
    """What is in the cart and what it costs."""
    if not chosen:
        return page(settings, "Cart", '<h1>Cart</h1><p>Nothing yet. <a href="/">Have a look around.</a></p>')
    rows = "\n".join(_row(slug, count, prices) for slug, count in chosen.items())
    body = (
        f"<h1>Cart</h1><table>{rows}<tr><th>Total<th><th>{money(total(chosen, prices))}</table>"
        '<form method="post" action="/checkout"><button>Order and pay</button></form>'
    )
    return page(settings, "Cart", body)


def _row(slug: str, count: int, prices: Mapping[str, int]) -> str:
    return f"<tr><td>{escape(PRODUCTS[slug].name)}<td>{count}<td>{money(prices[slug] * count)}"


def ordered(settings: Settings, number: str, cents: int) -> str:
    """Thanks for an order."""
    return page(
        settings,
        "Thank you",
        f"<h1>Thank you.</h1><p>Order <b>{number}</b>, {money(cents)}, is on its way.</p>",
    )


def sorry(settings: Settings, title: str, what: str) -> str:
    """What could not be done."""
    return page(
        settings, title, f'<h1>{escape(title)}</h1><p>{escape(what)} <a href="/">Back to the shop.</a></p>'
    )
