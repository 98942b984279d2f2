"""A fixed rate, and visits that make sense."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from rollway.demo.pace import Pace
from rollway.demo.visitor import CHECKOUT, PRODUCTS, Page, Visitor


def test_requests_are_due_one_gap_apart() -> None:
    pace = Pace(rate=4, start=10)
    assert [pace.due(10) for _ in range(4)] == [10, 10.25, 10.5, 10.75]


def test_who_comes_late_catches_up() -> None:
    pace = Pace(rate=10, start=0, arrears=1)
    pace.due(0)
    assert [round(pace.due(0.55), 6) for _ in range(6)] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def test_a_standstill_is_not_followed_by_a_flood() -> None:
    pace = Pace(rate=100, start=0, arrears=0.5)
    overdue = 0
    while pace.due(1000) < 1000:
        overdue += 1
    assert overdue <= 51


@given(st.lists(st.floats(0, 5), min_size=1, max_size=50), st.floats(1, 1000))
def test_due_times_never_go_back(waits: list[float], rate: float) -> None:
    pace, now, last = Pace(rate, 0), 0.0, -1.0
    for wait in waits:
        now += wait
        due = pace.due(now)
        assert due > last
        last = due


def visited(count: int, *, seed: int = 1, cookies: bool = True) -> list[Page]:
    visitor, pages = Visitor(Random(seed)), []
    for _ in range(count):
        page = visitor.next()
        pages.append(page)
        if page.path == "/cart" and page.method == "POST" and cookies:
            visitor.receive("cart=mug*1; Path=/; HttpOnly")
        if page is CHECKOUT:
            assert visitor.cookie == "cart=mug*1"
            visitor.receive("cart=; Path=/; Max-Age=0")
            assert visitor.cookie == ""
    return pages


def test_visitors_use_the_whole_shop() -> None:
    seen = Counter((page.method, page.path) for page in visited(2000))
    expected = {
        ("GET", "/"),
        ("GET", "/cart"),
        ("POST", "/cart"),
        ("POST", "/checkout"),
        ("GET", "/api/orders"),
    }
    assert seen.keys() == expected | {("GET", f"/products/{slug}") for slug in PRODUCTS}
    assert seen["GET", "/"] > seen["POST", "/cart"] > seen["POST", "/checkout"] > 0


def test_nobody_orders_an_empty_cart() -> None:
    assert CHECKOUT not in visited(2000, cookies=False)


def test_the_same_chance_makes_the_same_visits() -> None:
    assert visited(100, seed=7) == visited(100, seed=7)
