"""Who tells the story: a live picture on a terminal, lines anywhere else."""

from typing import Protocol

from rich.console import Console
from rich.live import Live

from rollway.demo.scene import Scene
from rollway.demo.telling import Sentence
from rollway.demo.view import line, picture


class Teller(Protocol):
    """Gets the sentences of the story as they happen, and the scene several times a second."""

    def tell(self, elapsed: float, sentence: Sentence) -> None:
        """Something was decided, this many seconds into the demo."""
        ...

    def show(self, scene: Scene) -> None:
        """How things stand."""
        ...

    def close(self) -> None:
        """The story is over; also called twice."""
        ...


class PlainTeller:
    """One line per sentence, no picture."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, elapsed: float, sentence: Sentence) -> None:
        """Print it."""
        self._console.print(line(elapsed, sentence), soft_wrap=True)

    def show(self, scene: Scene) -> None:
        """Lines have no picture."""

    def close(self) -> None:
        """Nothing is open."""


class LiveTeller:
    """Sentences that stay, and under them a picture that moves."""

    def __init__(self, console: Console) -> None:
        # Drawn when a scene comes, never by a thread of its own.
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stderr=False)
        self._live.start()

    def tell(self, elapsed: float, sentence: Sentence) -> None:
        """Print it above the picture."""
        self._live.console.print(line(elapsed, sentence))

    def show(self, scene: Scene) -> None:
        """Draw it."""
        self._live.update(picture(scene), refresh=True)

    def close(self) -> None:
        """Take the picture away; the sentences stay."""
        self._live.stop()


def teller(console: Console, *, plain: bool) -> Teller:
    """The teller that fits this console."""
    return LiveTeller(console) if console.is_terminal and not plain else PlainTeller(console)
