"""A scene on a terminal. Pure: the same scene and width, the same picture."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from rollway.demo.scene import ReleaseNow, Scene
from rollway.demo.telling import Sentence, Tone, odds

STABLE, CANARY, BAD, GOOD, EMPTY = "cyan", "yellow", "red", "green", "grey37"
COLOURS = {Tone.PLAIN: "", Tone.QUIET: "dim", Tone.GOOD: GOOD, Tone.BAD: f"bold {BAD}"}
LEVELS = "▁▂▃▄▅▆▇█"
# A release whose every fifth answer fails fills the height of a spark.
FULL_HEIGHT = 0.2
WIDEST = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """Parts of a whole, each a share from 0 to 1 with its colour, as wide as there is room; the rest stays empty."""

    parts: tuple[tuple[float, str], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        left = options.max_width
        for share, colour in self.parts:
            cells = min(left, round(share * options.max_width))
            left -= cells
            yield Segment("█" * cells, console.get_style(colour))
        yield Segment("░" * left, console.get_style(EMPTY))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(4, options.max_width)


def picture(scene: Scene) -> RenderableType:
    """The whole picture."""
    head = Table.grid(expand=True)
    head.add_column(ratio=1)
    head.add_column(justify="right", no_wrap=True)
    head.add_row(Text(scene.title, style="bold"), Text(f"{scene.elapsed:.0f} s", style="dim"))
    body = Table.grid(padding=(0, 1), expand=True)
    body.add_column(style="dim", no_wrap=True)
    body.add_column(ratio=1)
    body.add_column(justify="right")
    for row in _rows(scene):
        body.add_row(*row)
    return Panel(
        Group(head, Text(), body), title="Rollway", title_align="left", border_style=EMPTY, width=None
    )


def line(elapsed: float, sentence: Sentence) -> Text:
    """A sentence of the story on one line."""
    text = Text(f"{elapsed:6.1f} s  ", style="dim")
    text.append(f"{sentence.about:<7} ", style="bold not dim")
    text.append(
        sentence.text, style=f"not dim {COLOURS[sentence.tone]}" if sentence.tone is not Tone.QUIET else "dim"
    )
    return text


def spark(history: tuple[float | None, ...]) -> str:
    """Failed shares as a small chart, one character a second; blank without requests."""
    return "".join(" " if share is None else LEVELS[_level(share)] for share in history)


def _level(share: float) -> int:
    if share <= 0:
        return 0
    # Any failure at all is seen.
    return max(1, min(len(LEVELS) - 1, round(share / FULL_HEIGHT * (len(LEVELS) - 1))))


def _rows(scene: Scene) -> Iterator[tuple[RenderableType, RenderableType, RenderableType]]:
    if scene.releases:
        yield "traffic", _traffic(scene.releases), _weights(scene.releases)
    for release, colour in zip(scene.releases, _colours(scene.releases), strict=True):
        yield Text(f"errors {release.name}", style=colour), _history(release), _errors(release)
    yield (
        "visitors",
        f"{scene.per_second:,.0f} requests/s",
        f"{scene.requests:,} so far, {scene.failed:,} failed",
    )
    yield from _evidence(scene)
    if scene.now:
        yield "now", Text(scene.now), ""
    if scene.next:
        yield "next", Text(scene.next), ""


def _evidence(scene: Scene) -> Iterator[tuple[RenderableType, RenderableType, RenderableType]]:
    if scene.verdict is None:
        return
    evidence = scene.verdict.evidence
    for label, colour, log_e, threshold in (
        ("against it", BAD, evidence.log_e, evidence.threshold_fail),
        ("for it", GOOD, evidence.log_clear, evidence.threshold_pass),
    ):
        share = max(0.0, min(1.0, log_e / threshold)) if threshold > 0 else 0.0
        yield label, Bar(((share, colour),)), f"{odds(log_e)} of {odds(threshold)}"


def _colours(releases: tuple[ReleaseNow, ...]) -> tuple[str, ...]:
    return (STABLE, CANARY)[: len(releases)]


def _traffic(releases: tuple[ReleaseNow, ...]) -> Bar:
    shares = (release.weight / 100 for release in releases)
    return Bar(tuple(zip(shares, _colours(releases), strict=True)))


def _weights(releases: tuple[ReleaseNow, ...]) -> Text:
    parts = [
        Text(f"{release.name} {release.weight:g}%", style=colour)
        for release, colour in zip(releases, _colours(releases), strict=True)
    ]
    return Text("  ").join(parts)


def _history(release: ReleaseNow) -> Text:
    return Text(
        spark(release.history), style=BAD if release.recent.failed else EMPTY, no_wrap=True, overflow="crop"
    )


def _errors(release: ReleaseNow) -> Text:
    if not release.recent.requests:
        return Text("no requests", style="dim")
    share = release.recent.failed / release.recent.requests
    return Text(f"{share:.1%} of {release.recent.requests:,}", style=BAD if release.recent.failed else "")
