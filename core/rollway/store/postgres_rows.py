"""Many rows of many tables by one statement: what a group of appends costs is the number of times it waits.

The rows go as JSON, which is written and read faster than parameters one by one. NUL, which the server's JSON could
not give back as text, is in no row (rows.storable).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects.postgresql.base import PGDialect

from rollway.store.rows import Row

CHANNEL: Final = "rollway_appends"

_DIALECT: Final = PGDialect()  # type: ignore[no-untyped-call]  # the library does not say


def all_at_once(
    new: Mapping[Table, Sequence[Row]], replaced: Mapping[Table, Sequence[Row]], payloads: Sequence[str]
) -> tuple[TextClause, dict[str, str]]:
    """Return the statement that inserts and replaces these rows and announces the payloads, and its parameters."""
    statement = _statement(tuple(new), tuple(replaced))
    rows = {table.name: json.dumps(found) for table, found in (*new.items(), *replaced.items())}
    return statement, {**rows, "payloads": json.dumps(payloads)}


@cache
def _statement(new: tuple[Table, ...], replaced: tuple[Table, ...]) -> TextClause:
    made = [_named(table, _insert(table)) for table in new]
    made += [_named(table, f"{_insert(table)} {_or_replace(table)}") for table in replaced]
    announced = f"SELECT pg_notify('{CHANNEL}', payload) FROM json_array_elements_text(CAST(:payloads AS json)) AS payload"  # noqa: S608 - nothing here comes from outside
    return text(f"WITH {', '.join(made)} {announced}")


def _named(table: Table, statement: str) -> str:
    return f"{table.name}_written AS ({statement})"


def _insert(table: Table) -> str:
    names = _listed(column.name for column in table.c)
    types = ", ".join(f'"{each.name}" {each.type.compile(_DIALECT)}' for each in table.c)
    rows = f"json_to_recordset(CAST(:{table.name} AS json)) AS given({types})"
    return f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {rows}'  # noqa: S608 - names of our own tables


def _or_replace(table: Table) -> str:
    key = _listed(column.name for column in table.primary_key)
    others = ", ".join(f'"{each.name}" = excluded."{each.name}"' for each in table.c if not each.primary_key)
    return f"ON CONFLICT ({key}) DO UPDATE SET {others}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
