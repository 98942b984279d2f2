"""What all tests share: suites of the test kit explain their failures, and `virtual_time` gives a loop that never waits."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.register_assert_rewrite("rollway.testing.contracts")

from rollway.testing.clock import VirtualTimeLoop  # noqa: E402 - after the registration, before any suite

if TYPE_CHECKING:
    from rollway.testing.postgres import PostgresServer

CANNOT = "this machine cannot: "
"""How the reason of an honest skip begins: what is missing can neither be installed nor be had by being root."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "virtual_time: run on a loop whose time passes only when all wait")
    # Whoever runs the tests in the background may have these ignored, which every child would inherit.
    for number, default in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, default)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def temporary_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Whatever tests and their processes make beside their own folders lies here, and no Envoy's sockets are left."""
    tmp_path_factory.getbasetemp()  # pytest's own folders stay where they are
    with (
        tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # servers may run as another user
        patch.setenv("TMPDIR", name)
        patch.setattr(tempfile, "tempdir", None)
        yield folder
        left = sorted(folder.glob("rollway-*/admin*.sock"))
    assert left == [], "somebody's Envoy was not cleared away"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skip of what CI could run is a failure."""
    report = yield
    if report.skipped and "CI" in os.environ and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if CANNOT not in reason:
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, though CI can run it: {reason}"
    return report


@pytest.fixture(scope="session")
def postgres() -> Iterator["PostgresServer"]:
    """A PostgreSQL of this worker's own."""
    from rollway.testing.postgres import PostgresServer

    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: "PostgresServer") -> str:
    """A database with its tables made, to be copied."""
    from rollway.store import open_store

    name = postgres.new_database()

    async def make_tables() -> None:
        await (await open_store(postgres.url(name))).aclose()

    with ThreadPoolExecutor(1) as aside:  # the loops here are pytest's
        aside.submit(asyncio.run, make_tables()).result()
    return name


@pytest.fixture
def postgres_database(postgres: "PostgresServer", postgres_template: str) -> Iterator[str]:
    """The name of a database of this test's own, its tables made."""
    name = postgres.new_database(postgres_template)
    yield name
    postgres.drop_database(name)


@pytest.fixture
def postgres_url(postgres: "PostgresServer", postgres_database: str) -> str:
    """The URL of a database of this test's own, its tables made."""
    return postgres.url(postgres_database)
