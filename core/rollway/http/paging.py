"""Lists in pages: an opaque cursor that names the last item seen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from rollway.http.documents import Page
from rollway.http.problems import Refused

Row = TypeVar("Row")
Item = TypeVar("Item")


def cursor_of(last: str) -> str:
    """The cursor of the page after the item called `last`."""
    return base64.urlsafe_b64encode(last.encode()).decode().rstrip("=")


def last_of(cursor: str | None) -> str | None:
    """The item a cursor names. Raises Refused (400) for what is no cursor."""
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Refused(400, "cursor", "this is no cursor; take it from `next` of the page before") from None


def page(
    rows: Sequence[Row], limit: int, name: Callable[[Row], str], show: Callable[[Row], Item]
) -> Page[Item]:
    """A page of at most `limit`; `rows` holds one more where there are more."""
    shown = rows[:limit]
    more = cursor_of(name(shown[-1])) if len(rows) > limit else None
    return Page(items=[show(row) for row in shown], next=more)


def after(rows: Sequence[Row], last: str | None, name: Callable[[Row], str]) -> Sequence[Row]:
    """The rows whose name sorts after `last`, by name: for short lists that come whole."""
    ordered = sorted(rows, key=name)
    return ordered if last is None else [row for row in ordered if name(row) > last]
