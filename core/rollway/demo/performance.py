"""Gives the demo its place and takes everything away again, however it ends."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rollway.demo.client import Client
from rollway.demo.errors import DemoError
from rollway.demo.example import find
from rollway.demo.leftovers import end_all
from rollway.demo.options import Options
from rollway.demo.outcome import Outcome
from rollway.demo.processes import Daemon, free_address
from rollway.demo.story import Story
from rollway.demo.teller import teller
from rollway.domain.traffic import Address
from rollway.errors import RollwayError

PREFIX = "rollway-demo-"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stage:
    """The demo's folder and the daemon in it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.listen: Address = free_address()
        # The real path: processes are known by where they really are.
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        self.daemon: Daemon | None = None

    def open(self) -> Daemon:
        """Start the daemon."""
        self.daemon = Daemon(self.options.command, self.folder)
        return self.daemon

    def clear(self) -> None:
        """End everything and remove the folder. Raises DemoError for what does not end."""
        if self.daemon:
            self.daemon.stop()
        clear(self.folder)

    def save_log(self) -> Path | None:
        """Put the daemon's log where it outlives the folder."""
        log = self.folder / "daemon.log"
        if not log.exists():
            return None
        return Path(shutil.copy(log, f"{self.folder}.log"))


def clear(folder: Path) -> None:
    """End all that belongs to the demo in this folder, and remove it. Raises DemoError for what does not end."""
    end_all(folder)
    for place, _, _ in os.walk(folder):
        Path(place).chmod(0o700)  # unpacked releases may be read-only
    shutil.rmtree(folder)


def perform(options: Options) -> int:
    """Play the demo on a stage of its own; the exit code as `rollway.demo.run` has it."""
    console = Console(stderr=options.output == "json", highlight=False)
    try:
        return asyncio.run(_perform(options, console))
    except (RollwayError, OSError) as error:
        _explain(console, error)
        return 1


async def _perform(options: Options, console: Console) -> int:
    kept = False
    with _interruptible() as interrupted:
        stage = Stage(options)
        try:
            outcome = await _play(stage, console)
            kept = options.keep
        except (RollwayError, OSError) as error:
            _explain(console, error, stage.save_log())
            return 1
        except asyncio.CancelledError:
            console.print("stopped; everything is being taken down", style="dim")
            return 128 + interrupted[0] if interrupted else 1
        finally:
            if not kept:
                stage.clear()
    _close(console, options, outcome)
    if kept:
        _hand_over(console, stage)
    return outcome.exit_code


async def _play(stage: Stage, console: Console) -> Outcome:
    telling = teller(console, plain=stage.options.plain)
    try:
        daemon = stage.open()
        async with Client(daemon.url) as client:
            story = Story(stage.options, find(), daemon, client, stage.listen, telling, stage.folder)
            return await story.play()
    except DemoError:
        # A daemon that is gone says more than the connection that it closed.
        if stage.daemon:
            stage.daemon.check(within=1.0)
        raise
    finally:
        telling.close()


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """The first signal cancels the demo and is noted; later ones do not disturb the clearing."""
    loop, task, noted = asyncio.get_running_loop(), asyncio.current_task(), list[int]()

    def interrupt(number: int) -> None:
        noted.append(number)
        if len(noted) == 1 and task:
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt, number)
    try:
        yield noted
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def _explain(console: Console, error: RollwayError | OSError, log: Path | None = None) -> None:
    console.print(Text(f"The demo cannot go on: {error}", style="red"), soft_wrap=True)
    if isinstance(error, RollwayError) and error.advice:
        console.print(Text(error.advice), soft_wrap=True)
    if log:
        console.print(Text(f"The daemon's whole log: {log}"), soft_wrap=True)


def _close(console: Console, options: Options, outcome: Outcome) -> None:
    if options.output == "json":
        sys.stdout.write(outcome.json() + "\n")
        sys.stdout.flush()
        return
    console.print()
    console.print(outcome.table())
    console.print(Text(outcome.sentence(), style="bold green" if outcome.as_told else "bold red"))


def _hand_over(console: Console, stage: Stage) -> None:
    if stage.daemon:
        console.print(Text(f"console  {stage.daemon.url}"), soft_wrap=True)
    console.print(Text(f"shop     http://{stage.listen}"), soft_wrap=True)
    console.print(Text(f"to stop  {sys.executable} -m rollway.demo stop {stage.folder}"), soft_wrap=True)
