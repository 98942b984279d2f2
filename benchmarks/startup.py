"""How fast commands answer and the daemon serves, and what it takes at rest. Prints one JSON object.

The reference is Python itself (`python -c pass`) and the libraries without any code of ours, in the same run.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from benchmarks._figures import printed
from tests.acceptance.harness import Site

ROLLWAY = [sys.executable, "-m", "rollway"]
CHECKOUT = Path(__file__).parents[1]
LIBRARIES = "import fastapi, uvicorn, pydantic, sqlalchemy.ext.asyncio, aiosqlite, structlog, ruamel.yaml"
IDLE_SECONDS = 20.0


def milliseconds(*command: str, runs: int = 11) -> float:
    """The median of a command's wall time, after one run that does not count."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=CHECKOUT)
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times[1:]), 1)


def seconds_until_ready(site: Site) -> float:
    """From starting the daemon to its first answer."""
    began = time.perf_counter()
    command = [*ROLLWAY, "daemon", "--listen", str(site.api), "--data", str(site.data)]
    with (site.folder / "daemon.log").open("ab") as log:
        site.process = subprocess.Popen(command, cwd=site.folder, stdout=log, stderr=log)
    while not _answers(f"http://{site.api}/healthz"):
        time.sleep(0.005)
    return time.perf_counter() - began


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own daemon
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def ready(runs: int = 5) -> dict[str, float]:
    """Medians on a new data folder and on one that exists."""
    new, existing = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="startup-") as folder:
            site = Site(Path(folder))
            try:
                new.append(seconds_until_ready(site))
                site.stop()
                existing.append(seconds_until_ready(site))
            finally:
                site.close()
    return {
        "ready_on_new_folder_s": round(statistics.median(new), 3),
        "ready_on_existing_folder_s": round(statistics.median(existing), 3),
    }


def idle() -> dict[str, float]:
    """Memory and processor of a daemon with one environment of three instances at rest."""
    with tempfile.TemporaryDirectory(prefix="startup-") as folder:
        site = Site(Path(folder), instances=3, health_interval="1s")
        try:
            site.start()
            site.apply()
            site.stable()
            assert site.process is not None
            process = psutil.Process(site.process.pid)
            time.sleep(5)
            before = process.cpu_times()
            time.sleep(IDLE_SECONDS)
            after = process.cpu_times()
            used = after.user + after.system - before.user - before.system
            return {
                "idle_rss_mb": round(process.memory_info().rss / 2**20, 1),
                "idle_core_percent": round(used / IDLE_SECONDS * 100, 2),
            }
        finally:
            site.close()


def main() -> None:
    """Measure and print."""
    python = milliseconds(sys.executable, "-c", "pass")
    libraries = milliseconds(sys.executable, "-c", LIBRARIES, runs=5)
    figures = {
        "version_ms_median": milliseconds(*ROLLWAY, "--version"),
        "validate_ms_median": milliseconds(*ROLLWAY, "validate"),
        **ready(),
        **idle(),
    }
    ratios = {
        "version_to_python": round(figures["version_ms_median"] / python, 2),
        "validate_to_python": round(figures["validate_ms_median"] / python, 2),
        "ready_to_libraries": round(figures["ready_on_existing_folder_s"] * 1000 / libraries, 2),
    }
    reference = {"python_ms_median": python, "libraries_ms_median": libraries}
    print(printed("startup", figures, reference, ratios, {"health_interval_s": 1.0, "instances": 3}))


if __name__ == "__main__":
    main()
