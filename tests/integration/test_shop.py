"""The example application, as a process that answers real requests."""

import json
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollway.demo.example import find
from rollway.demo.visitor import PRODUCTS
from rollway.domain.traffic import Address
from rollway.testing.traffic import Answer, Connection, Load, TrafficError, request

SHOP = find().shop
PYTHON = shutil.which("python3") or "python3"

Start = Callable[..., "Shop"]


class Shop:
    """One running instance, on a port that the system chose."""

    def __init__(self, folder: Path, log: Path, release: str) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [PYTHON, "server.py", "--port", "0"],
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "ROLLWAY_RELEASE": release, "PYTHONDONTWRITEBYTECODE": "1"},
                stderr=output,
            )
        self.address = Address("127.0.0.1", self._port())

    def _port(self) -> int:
        deadline = time.monotonic() + 20
        while not (found := re.search(r"port (\d+)", self.log.read_text())):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return int(found[1])

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Shop] = []

    def start(release: str = "1.0", **changes: object) -> Shop:
        folder = tmp_path / release
        shutil.copytree(SHOP, folder)
        settings = json.loads((folder / "shop.json").read_text())
        (folder / "shop.json").write_text(json.dumps({**settings, **changes}))
        started.append(Shop(folder, tmp_path / f"{release}.log", release))
        return started[-1]

    yield start
    for shop in started:
        shop.stop()


def text(answer: Answer) -> str:
    return answer.body.decode()


async def test_every_page_names_its_release(start: Start) -> None:
    shop = start("3.1")
    for path in ("/", "/cart", f"/products/{PRODUCTS[0]}"):
        answer = await request(shop.address, path)
        assert (answer.status, answer.header("x-release")) == (200, "3.1")
        assert '<strong class="release">3.1</strong>' in text(answer)


async def test_the_shop_sells_what_the_visitors_of_the_demo_ask_for(start: Start) -> None:
    shop = start()
    assert [(await request(shop.address, f"/products/{slug}")).status for slug in PRODUCTS] == [200] * len(
        PRODUCTS
    )


async def test_a_visit_from_the_shelf_to_an_order(start: Start) -> None:
    shop = start()
    added = await request(shop.address, "/cart", method="POST", body=b"product=mug")
    assert (added.status, added.header("location")) == (303, "/cart")
    cookie = (added.header("set-cookie") or "").partition(";")[0]
    cart = await request(shop.address, "/cart", headers=(("Cookie", cookie),))
    assert "Stoneware mug" in text(cart)
    assert "€ 18.50" in text(cart)
    ordered = await request(
        shop.address, "/checkout", method="POST", headers=(("Cookie", cookie), ("Content-Length", "0"))
    )
    assert ordered.status == 201
    assert (ordered.header("set-cookie") or "").startswith("cart=;")
    orders = json.loads((await request(shop.address, "/api/orders")).body)["orders"]
    assert [(order["cents"], order["items"]) for order in orders] == [(1850, {"mug": 1})]
    assert "shop_orders_total 1\n" in text(await request(shop.address, "/metrics"))


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/nothing", (), b"", 404),
        ("GET", "/products/nothing", (), b"", 404),
        ("GET", "/cart", (("Cookie", "cart=mug*x+mug*-1+nothing*1+mug*999"),), b"", 200),
        ("GET", "/cart", (("Cookie", "\x00;==;cart"),), b"", 200),
        ("GET", "/?q=1", (), b"", 200),
        ("POST", "/cart", (), b"product=nothing", 400),
        ("POST", "/cart", (), b"\xff\xfe", 400),
        ("POST", "/checkout", (), b"", 400),
        ("POST", "/cart", (("Content-Length", "99999999999"),), b"", 413),
        ("POST", "/cart", (("Content-Length", "000000000099999999999"),), b"", 413),
        ("POST", "/cart", (("Content-Length", "-1"),), b"", 411),
        ("POST", "/cart", (("Transfer-Encoding", "chunked"),), b"", 411),
        ("DELETE", "/", (), b"", 501),
        ("GET", "/healthz", (), b"", 200),
        ("GET", "/style.css", (), b"", 200),
    ],
)
async def test_odd_requests_get_plain_answers(
    start: Start, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, status: int
) -> None:
    shop = start()
    assert (await request(shop.address, path, method=method, headers=headers, body=body)).status == status
    assert "Traceback" not in shop.log.read_text()


async def test_a_connection_serves_many_requests(start: Start) -> None:
    shop = start()
    connection = await Connection.open(shop.address)
    for _ in range(20):
        assert (await connection.send("shop", "/")).status == 200
        assert connection.idle
    connection.close()


async def test_a_good_release_fails_nobody(start: Start) -> None:
    shop = start()
    async with Load(shop.address, rate=400) as load:
        await load.reach(800)
    assert load.failures == []
    assert set(load.releases) == {"1.0"}


async def test_a_bad_release_fails_its_share_and_says_why(start: Start) -> None:
    shop = start(faults=0.05)
    async with Load(shop.address, rate=400) as load:
        await load.reach(1500)
    # 5 standard deviations of a binomial count: wrong once in a million runs.
    asked = len(load.attempts)
    assert abs(len(load.failures) - 0.05 * asked) < 5 * (asked * 0.05 * 0.95) ** 0.5
    assert {(each.status, each.release) for each in load.failures} == {(500, "1.0")}
    assert shop.log.read_text().count("PriceListTorn: price list") == len(load.failures)


async def test_a_bad_release_is_healthy_by_its_own_word(start: Start) -> None:
    shop = start(faults=1)
    assert (await request(shop.address, "/healthz")).status == 200
    assert (await request(shop.address, "/")).status == 500


async def test_faults_that_are_no_share_are_refused_at_the_start(start: Start) -> None:
    with pytest.raises(AssertionError, match="faults: a share from 0 to 1, not 5"):
        start(faults=5)


async def test_sigterm_ends_idle_connections_and_the_process(start: Start) -> None:
    shop = start()
    connection = await Connection.open(shop.address)
    await connection.send("shop", "/")
    shop.terminate()
    assert await connection.reader.read() == b""
    connection.close()
    assert shop.process.wait(10) == 0


async def test_sigterm_lets_a_request_in_flight_finish(start: Start) -> None:
    shop = start()
    connection = await Connection.open(shop.address)
    connection.writer.write(b"POST /cart HTTP/1.1\r\nHost: shop\r\nContent-Length: 11\r\n\r\nprod")
    await connection.writer.drain()
    # Another connection's answer: by now the first request has been read as far as it came.
    await request(shop.address, "/healthz")
    shop.terminate()
    await _until_refused(shop.address)
    connection.writer.write(b"uct=mug")
    answer = await connection.answer()
    assert (answer.status, answer.header("connection")) == (303, "close")
    connection.close()
    assert shop.process.wait(10) == 0


async def test_under_load_sigterm_breaks_no_request_it_has_taken(start: Start) -> None:
    shop = start()
    async with Load(shop.address, rate=300, keep_alive=False) as load:
        await load.reach(150)
        asked_to_end = load.clock
        shop.terminate()
        await _until_refused(shop.address)
    # Whoever connects while the socket closes may be refused or reset: the proxy has turned away from it by then.
    assert [each for each in load.failures if each.at < asked_to_end] == []
    assert all(each.status is None for each in load.failures)


async def _until_refused(address: Address) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((address.host, address.port), timeout=1):
                pass
        except ConnectionError:
            return
        except (TrafficError, OSError):
            continue
    raise AssertionError("still takes connections")
