"""Documents as tables and lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from rollway.cli.daemons import driver
from rollway.cli.figures import against, percent, requests, step_length
from rollway.cli.plain import plain
from rollway.cli.rows import Rows
from rollway.domain.words import Phase
from rollway.http import documents as d

STYLES = {
    "promoted": "green",
    "pass": "green",
    "baking": "green",
    "steady": "green",
    "rolled_back": "red",
    "rolling_back": "red",
    "fail": "red",
    "failed": "bold red",
    "error": "red",
    "aborted": "yellow",
    "paused": "yellow",
    "inconclusive": "yellow",
    "no_data": "yellow",
}


def text(value: str, style: str = "") -> Text:
    """Text of unknown origin, safe to print."""
    return Text(plain(value), style or STYLES.get(value, ""))


def plan(document: d.PlanDocument) -> Rows:
    """The steps of a plan: their length, what each exposes, and what a rollback would do there."""
    made = Rows("#", "STEP", "TRAFFIC", "LENGTH", "NOTE")
    weight: float = 0
    for step in document.steps:
        weight = weight if step.weight is None else step.weight
        made.add_row(
            str(step.index),
            text(step.name),
            percent(weight),
            step_length(step),
            text(step.note or ""),
        )
    return made


def environments(
    documents: Iterable[d.EnvironmentDocument], drivers: Mapping[str, str] | None = None
) -> Rows:
    """What runs where, at what weight; with `drivers`, names of daemons by their ids, who drives it as well."""
    headers = ("ENVIRONMENT", "STATE", "RELEASE", "TRAFFIC", "INSTANCES", "ROLLOUT", "LISTENS ON")
    made = Rows(*headers, *(("DRIVEN BY",) if drivers is not None else ()))
    for each in documents:
        who = [driver(each, drivers)] if drivers is not None else []
        name = f"{each.application}/{each.environment}"
        listen = (each.listen or "") + (" (router not running)" if each.router_running is False else "")
        groups = [group for group in each.groups if group.role != "retired" or group.weight]
        if not groups:
            made.add_row(
                text(name), text(each.phase), "", "", "", text(each.rollout or ""), text(listen), *who
            )
        for first, group in enumerate(groups):
            made.add_row(
                "" if first else text(name),
                "" if first else text(each.phase),
                text(f"{group.release} ({group.role})"),
                percent(group.weight),
                f"{'?' if group.ready is None else group.ready}/{group.wanted}",
                "" if first else text(each.rollout or ""),
                "" if first else text(listen),
                *("" if first else cell for cell in who),
            )
    return made


def rollout(document: d.RolloutDocument) -> Table:
    """One rollout: where it stands."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in _facts(document):
        if value:
            made.add_row(name, value if isinstance(value, Text) else text(value))
    return made


def _facts(document: d.RolloutDocument) -> Sequence[tuple[str, str | Text]]:
    step = document.step
    return [
        ("rollout", document.id),
        ("environment", f"{document.application}/{document.environment}"),
        ("release", document.release),
        ("instead of", document.previous_release or "nothing: the first release"),
        ("strategy", document.strategy + (", unwatched" if document.unwatched else "")),
        ("phase", text(document.phase.value)),
        ("waiting for", document.waiting_for or ""),
        ("reason", document.reason),
        ("problem", text("; ".join(filter(None, (document.problem, document.advice))), "bold red")),
        ("weight", percent(document.weight)),
        ("step", f"{step.index} of {step.of}: {step.name}"),
        ("instances", instances(document)),
        ("started", f"{document.started_at:%Y-%m-%d %H:%M:%S} UTC by {document.actor} (unverified)"),
        ("because", document.why),
        ("retry of", document.retry_of or ""),
        ("ended", f"{document.finished_at:%Y-%m-%d %H:%M:%S} UTC" if document.finished_at else ""),
        *((each.monitor, verdict(each)) for each in document.verdicts),
    ]


def instances(document: d.RolloutDocument) -> str:
    """`stable 3/3, canary 2/3`: ready of wanted; a side that nobody looks at any more is left out.

    What is promoted is stable, and what it replaced was.
    """
    promoted = document.phase in (Phase.PROMOTED, Phase.BAKING)
    old, new = ("former stable", "stable") if promoted else ("stable", "canary")
    sides = [_side(old, document.instances.stable), _side(new, document.instances.canary)]
    return ", ".join(side for side in (reversed(sides) if promoted else sides) if side)


def _side(name: str, count: d.CountDocument) -> str:
    if count.wanted:
        return f"{name} {count.ready}/{count.wanted}" if count.ready is not None else ""
    return f"{name} {count.ready} being stopped" if count.ready else ""


def verdict(each: d.VerdictDocument) -> Text:
    """A verdict with what it rests on."""
    said = text(each.verdict.value)
    for part in (each.reason, requests(each), against(each)):
        if part:
            said.append(plain(f"; {part}"), style="default")
    if each.dry_run:
        said.append(" (dry run: decides nothing)")
    return said


def rollouts(rows: Iterable[d.RolloutRow]) -> Rows:
    """Rollouts, as a list shows them."""
    made = Rows("ROLLOUT", "ENVIRONMENT", "RELEASE", "PHASE", "TRAFFIC", "STARTED", "BY", "REASON")
    for each in rows:
        phase = each.phase.value + (f", waits for {each.waiting_for}" if each.waiting_for else "")
        made.add_row(
            text(each.id),
            text(f"{each.application}/{each.environment}"),
            text((each.release or "") + (", unwatched" if each.unwatched else "")),
            text(phase, STYLES.get(each.phase.value, "")),
            percent(each.weight),
            _when(each.started_at),
            text(each.actor or ""),
            text(_first_line(each.reason)),
        )
    return made


def history(rows: Iterable[d.PastRolloutDocument]) -> Rows:
    """What was brought to an environment: which release, by whom, when, and how it ended."""
    made = Rows("STARTED", "RELEASE", "ENDED AS", "BY", "ROLLOUT", "")
    for each in rows:
        made.add_row(
            _when(each.started_at),
            text(each.release),
            text(each.phase.value),
            text(each.actor),
            text(each.rollout),
            text("; ".join(_remarks(each))),
        )
    return made


def _remarks(each: d.PastRolloutDocument) -> Iterable[str]:
    if each.stable:
        yield "stable now"
    if each.taken_back:
        yield "taken back since"
    if each.unwatched:
        yield f"unwatched: {each.why}" if each.why else "unwatched"
    if each.retry_of:
        yield f"retry of {each.retry_of}"
    if each.strategy == "rollback":
        yield f"rollback from {each.previous_release}"
    if each.phase.value != "promoted":
        yield _first_line(each.reason)


def _when(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at else ""


def _first_line(reason: str | None) -> str:
    return (reason or "").partition("\n")[0]


def plugins(documents: Iterable[d.PluginDocument]) -> Rows:
    """What is loaded, and what is not and why."""
    made = Rows("KIND", "NAME", "FROM", "WHAT IT IS")
    for each in documents:
        what = Text(f"not loaded: {plain(each.problem)}", "red") if each.problem else text(each.summary)
        made.add_row(text(each.kind), text(each.name), text(f"{each.origin} {each.version}"), what)
    return made
