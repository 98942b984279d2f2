"""A machine that gives no port and no file descriptor, or another time."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil

from tests.acceptance.faults import clean, problem
from tests.acceptance.harness import Site
from tests.acceptance.test_controls import rollway
from tests.acceptance.test_main_job import visitors


def test_the_port_of_the_api_in_use(bare: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = rollway(bare, "daemon", "--listen", f"127.0.0.1:{port}", "--data", str(bare.data))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"127.0.0.1:{port} is in use by another program" in clean(done.stderr)
    assert "--listen" in done.stderr
    assert not bare.data.exists()


async def test_no_file_descriptors_left(site: Site, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    site.steps = [{"weight": "25%", "hold": "60s"}]
    await asyncio.to_thread(site.apply)
    await asyncio.to_thread(site.stable)
    async with visitors(site) as load:
        id_ = await asyncio.to_thread(site.deploy, "1.1", breaks_with=str(flag))
        await asyncio.to_thread(site.until, lambda: site.rollout(id_).weight == 25, "the first weight")
        await load.reach(300)
        with exhausted(site):
            flag.touch()
            await load.reach(900)
            gone = load.clock
            await load.reach(300)
            assert [a for a in load.attempts if a.at > gone and a.release == "1.1"] == []
        rollout = await asyncio.to_thread(site.ended, id_)
        assert (rollout.phase, rollout.weight) == ("rolled_back", 0)
    assert [a for a in load.failures if a.release != "1.1"] == []
    await asyncio.to_thread(site.until, lambda: site.running() == {"1.0": 2}, "the bad release is stopped")


@contextmanager
def exhausted(site: Site) -> Iterator[None]:
    """The daemon may open nothing more."""
    assert site.process is not None
    daemon = psutil.Process(site.process.pid)
    limits = daemon.rlimit(psutil.RLIMIT_NOFILE)
    daemon.rlimit(psutil.RLIMIT_NOFILE, (daemon.num_fds(), limits[1]))
    try:
        yield
    finally:
        daemon.rlimit(psutil.RLIMIT_NOFILE, limits)


def test_more_clients_than_descriptors(site: Site) -> None:
    assert site.process is not None
    daemon = psutil.Process(site.process.pid)
    daemon.rlimit(psutil.RLIMIT_NOFILE, (100, daemon.rlimit(psutil.RLIMIT_NOFILE)[1]))
    with ExitStack() as held:
        for _ in range(150):
            held.enter_context(socket.create_connection((site.api.host, site.api.port)))
        assert "no more are taken" in problem(httpx.get(f"http://{site.api}/api/v1/rollouts"), 503)
        site.until(lambda: daemon.num_fds() < 50, "those that never say anything are ended")
        assert httpx.get(f"http://{site.api}/api/v1/rollouts").status_code == 200


CLOCK = """\
import os, time
_time, _ns, _back = time.time, time.time_ns, {flag!r}
time.time = lambda: _time() - 3600 * os.path.exists(_back)
time.time_ns = lambda: _ns() - 3600 * 10**9 * os.path.exists(_back)
"""


async def test_the_clock_set_back_an_hour(bare: Site) -> None:
    flag = bare.folder / "an-hour-back"
    (bare.folder / "sitecustomize.py").write_text(CLOCK.format(flag=str(flag)))
    await asyncio.to_thread(bare.start, PYTHONPATH=str(bare.folder))
    await asyncio.to_thread(bare.apply)
    await asyncio.to_thread(bare.stable)
    async with visitors(bare) as load:
        id_ = await asyncio.to_thread(bare.deploy, "1.1")
        await asyncio.to_thread(bare.until, lambda: bare.rollout(id_).weight == 25, "the first weight")
        flag.touch()
        set_back = load.clock
        rollout = await asyncio.to_thread(bare.ended, id_)
        assert rollout.phase == "promoted"
        assert load.clock - set_back < 30, "a hold is as long as it is"
        assert (
            await asyncio.to_thread(lambda: bare.ended(bare.deploy("1.2", faults=1.0)))
        ).phase == "rolled_back"
    assert [attempt for attempt in load.failures if attempt.release != "1.2"] == []
    with bare.client as client:
        assert [each.release for each in client.rollouts()] == ["1.2", "1.1", "1.0"], (
            "newest first all the same"
        )
