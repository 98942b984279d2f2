"""What the shop sells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One thing on the shelf; `slug` is its name in addresses, `cents` its price before the price list's word."""

    slug: str
    name: str
    blurb: str
    cents: int
    tone: str


PRODUCTS = {
    product.slug: product
    for product in (
        Product(
            "house-blend", "House blend", "Chocolate, hazelnut, no surprises before nine.", 1190, "#6f4e37"
        ),
        Product(
            "yirgacheffe", "Yirgacheffe", "Washed, light, bergamot and a little jasmine.", 1640, "#c58b4a"
        ),
        Product("decaf", "Evening decaf", "Sugar cane process. Sleep is a feature.", 1320, "#8d6e63"),
        Product("kettle", "Gooseneck kettle", "Pours where you point it. 0.9 litres.", 6900, "#546e7a"),
        Product("grinder", "Hand grinder", "Steel burrs, thirty clicks of opinion.", 8900, "#455a64"),
        Product("filters", "Paper filters", "One hundred, oxygen bleached.", 590, "#bcaaa4"),
        Product("mug", "Stoneware mug", "Holds 300 ml and most of a Monday.", 1850, "#7b8d6f"),
        Product("scale", "Brewing scale", "Tenths of a gram, and a timer.", 4400, "#37474f"),
    )
}
