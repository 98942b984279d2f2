"""What Envoy's statistics say of each group. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from rollway.api import GroupCounters, Histogram

QUERY: Final = {
    "filter": r"^cluster\.[^.;]+;.*;\.upstream_rq_(completed|5xx|timeout|time)$",
    "histogram_buckets": "cumulative",
}
LINE = re.compile(
    r"^cluster\.(?P<group>[^.;]+);.*;\.upstream_rq_(?P<name>completed|5xx|timeout|time): (?P<value>.*)$"
)
BUCKET = re.compile(r"B([0-9.e+]+)\((?:\d+|nan),(\d+)\)")


def read(text: str) -> Mapping[str, GroupCounters]:
    """Counters by group from the text of `/stats` asked with `QUERY`."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if match := LINE.match(line):
            found.setdefault(match["group"], {})[match["name"]] = match["value"]
    return {group: _counters(values) for group, values in found.items()}


def _counters(values: Mapping[str, str]) -> GroupCounters:
    return GroupCounters(
        requests=int(values.get("completed", 0)),
        bad=int(values.get("5xx", 0)),
        latency=_histogram(values.get("time", "")),
    )


def _histogram(text: str) -> Histogram | None:
    buckets = BUCKET.findall(text)
    if not buckets:
        return None
    return Histogram(tuple(float(bound) for bound, _ in buckets), tuple(int(count) for _, count in buckets))
