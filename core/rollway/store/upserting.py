"""Rows that may be there already, as SQLite and PostgreSQL both write them; each statement is made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Column, Insert, Table

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Begin = Callable[[Table], sqlite.Insert | postgresql.Insert]


@cache
def upsert(begin: Begin, table: Table, counting: Column[int] | None = None) -> Insert:
    """Insert a row, or give the one with its primary key its other columns; `counting` becomes one more than it was."""
    statement = begin(table)
    others = {
        column.name: column + 1 if column is counting else statement.excluded[column.name]
        for column in table.c
        if not column.primary_key
    }
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


@cache
def insert_new(begin: Begin, table: Table) -> Insert:
    """Insert a row, or do nothing if there is one with its primary key."""
    return begin(table).on_conflict_do_nothing()
