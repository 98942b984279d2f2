"""A rollout as it goes, on a terminal: progress, weight, requests, evidence against its bounds, what comes next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rollway.cli.figures import countdown, percent, requests, share
from rollway.cli.following import Pace
from rollway.cli.lines import line
from rollway.cli.plain import plain
from rollway.cli.tables import instances, text
from rollway.cli.waiting import how_to_go_on, waits
from rollway.client import Client
from rollway.errors import UnreachableError
from rollway.http.documents import RolloutDocument, VerdictDocument

LOOK_EVERY: Final = 0.4
"""Seconds between two looks at the rollout."""
_BAR: Final = 24


def watch(client: Client, document: RolloutDocument, pace: Pace, console: Console) -> RolloutDocument:
    """Show a rollout until it has ended; the last look at it. Raises UnreachableError, StillGoing.

    Each event of its log scrolls by above the picture, so that the terminal keeps the whole story.
    """
    seen, lost = 0, 0.0
    with Live(picture(document, console.width), console=console, auto_refresh=False) as live:
        console.show_cursor(True)  # whoever presses Ctrl-Z gets the terminal back as it was
        while True:
            try:
                document = client.rollout(document.id)
                for event in client.events(document.id, seen):
                    live.console.print(Text(plain(line(event, document)), style="dim"))
                    seen = event.seq
                lost = 0.0
                live.update(picture(document, console.width), refresh=True)
            except UnreachableError:
                lost = lost or time.monotonic()  # not since it was heard: a stopped process hears nothing
                if time.monotonic() - lost > pace.patience:
                    raise
                live.update(Group(picture(document, console.width), _lost(lost)), refresh=True)
            if document.phase.ended:
                return document
            pace.check(document)
            time.sleep(LOOK_EVERY)


def _lost(since: float) -> Text:
    return Text(f"the daemon has not answered for {time.monotonic() - since:.0f} s", style="yellow")


def picture(document: RolloutDocument, width: int = 80) -> RenderableType:
    """One look at a rollout, on a terminal of so many columns."""
    bar = min(_BAR, width // 4)
    # what a monitor says after the end is about nobody's traffic
    verdicts = () if document.phase.ended else document.verdicts
    rows = [_weight(document, bar), *(_verdict(each, bar) for each in verdicts)]
    return Group(_title(document), *rows, _next(document), *_nobody(document))


def _nobody(document: RolloutDocument) -> Iterator[Text]:
    """That nothing goes on because nobody drives it."""
    for said in (document.problem, document.advice):
        if said:
            yield text(said, "bold red")


def _title(document: RolloutDocument) -> Text:
    title = Text(plain(f"{document.application}/{document.environment}  "), style="bold")
    if document.previous_release:
        title.append(plain(f"{document.previous_release} -> "), style="default")
    title.append(plain(document.release))
    title.append("  ").append_text(text(document.phase.value))
    if document.waiting_for:
        title.append(f", waiting for {document.waiting_for}", style="yellow")
    return title


def _weight(document: RolloutDocument, bar: int) -> Table:
    return _row(
        document.weight / 100, f"traffic {percent(document.weight)}  {instances(document)}", "cyan", bar
    )


def _verdict(verdict: VerdictDocument, bar: int) -> RenderableType:
    evidence = verdict.evidence
    harm = share(evidence.get("log_e"), evidence.get("threshold_fail")) or 0.0
    safe = share(evidence.get("log_clear"), evidence.get("threshold_pass")) or 0.0
    said = f"{verdict.monitor} {verdict.verdict.value}  {requests(verdict) or verdict.reason}"
    worst = harm >= safe
    return _row(
        harm if worst else safe,
        f"{said}  evidence of {'harm' if worst else 'safety'} {max(harm, safe):.0%} of its bound",
        "red" if worst else "green",
        bar,
    )


def _row(done: float, said: str, style: str, bar: int) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(width=bar)
    row.add_column(overflow="fold")
    row.add_row(
        ProgressBar(total=1.0, completed=done, width=bar, complete_style=style, finished_style=style),
        text(said),
    )
    return row


def _next(document: RolloutDocument) -> Text:
    if document.phase.ended or document.phase.value == "rolling_back":
        return text(document.reason)
    steps = document.plan
    current = next((step for step in steps if step.index == document.step.index), None)
    coming = next((step for step in steps if step.index == document.step.index + 1), None)
    said = f"step {document.step.index} of {document.step.of}: {document.step.name}"
    if current is not None and current.hold is not None and not document.waiting_for:
        until = document.hold_until or current.hold
        said += f", {countdown(until - document.watched)} left"
    if coming is not None:
        said += f"; then {coming.name}"
    if document.waiting_for:
        return text(f"{said}\n{waits(document)}\n{how_to_go_on(document)}")
    return text(said + (f"\n{document.reason}" if document.reason else ""))
