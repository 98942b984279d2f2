"""What Envoy's statistics say of each group. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from rollway.api import GroupCounters, Histogram

COUNTED = "completed|5xx|time|destroy_remote_with_active_rq"
QUERY: Final = {
    "filter": rf"^cluster\.[^.;]+;.*;\.upstream_(rq|cx)_({COUNTED})$",
    "histogram_buckets": "cumulative",
    "usedonly": "",
}
LINE = re.compile(
    rf"^cluster\.(?P<group>[^.;]+);[^;]+;(?P<upgraded>upgraded;)?\.upstream_(?:rq|cx)_(?P<name>{COUNTED}): (?P<value>.*)$"
)
BUCKET = re.compile(r"B([0-9.e+]+)\((?:\d+|nan),(\d+)\)")
TORN = "destroy_remote_with_active_rq"


def read(text: str) -> Mapping[str, GroupCounters]:
    """Counters by group from the text of `/stats` asked with `QUERY`.

    The outer cluster of a group counts each request once, when its status is known (`upstream_rq_completed`); one that
    the client gives up before is none. No answer at all has become a 502, 503 or 504 of the inner listener by then, so
    `upstream_rq_5xx` holds it. An answer that breaks off later ends the connection to the inner listener
    (`upstream_cx_destroy_remote_with_active_rq`), whether the instance died, was too late or was severed. A client that
    leaves ends it from this side and is not counted. Upgraded connections end like that in good order; of them only
    the status counts.
    """
    plain: dict[str, dict[str, str]] = {}
    upgraded: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if match := LINE.match(line):
            kind = upgraded if match["upgraded"] else plain
            kind.setdefault(match["group"], {})[match["name"]] = match["value"]
    return {
        group: _counters(plain.get(group, {}), upgraded.get(group, {})) for group in {**plain, **upgraded}
    }


def _counters(plain: Mapping[str, str], upgraded: Mapping[str, str]) -> GroupCounters:
    requests = sum(int(values.get("completed", 0)) for values in (plain, upgraded))
    bad = sum(int(values.get("5xx", 0)) for values in (plain, upgraded)) + int(plain.get(TORN, 0))
    # An answer of status 5xx that breaks off as well is one bad request, not two.
    return GroupCounters(requests, min(bad, requests), _histogram(plain.get("time", "")))


def _histogram(text: str) -> Histogram | None:
    buckets = BUCKET.findall(text)
    if not buckets:
        return None
    return Histogram(tuple(float(bound) for bound, _ in buckets), tuple(int(count) for _, count in buckets))
