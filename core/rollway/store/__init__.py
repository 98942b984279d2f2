"""The log and what is kept beside it: `open_store` gives a durable `Store`."""

from pydantic import JsonValue

from rollway.store.opening import file_of, is_shared, open_store, sqlite_url
from rollway.store.protocol import (
    AlreadyRemembered,
    Append,
    ApplicationRow,
    Conflict,
    Fenced,
    Held,
    Json,
    MeasurementRow,
    Member,
    NewEvent,
    Recorded,
    ReleaseDiffers,
    ReleaseRow,
    Remembered,
    Roll,
    Store,
    StoreUnavailable,
    Summary,
    SummaryKind,
)

__all__ = [
    "AlreadyRemembered",
    "Append",
    "ApplicationRow",
    "Conflict",
    "Fenced",
    "Held",
    "Json",
    "JsonValue",
    "MeasurementRow",
    "Member",
    "NewEvent",
    "Recorded",
    "ReleaseDiffers",
    "ReleaseRow",
    "Remembered",
    "Roll",
    "Store",
    "StoreUnavailable",
    "Summary",
    "SummaryKind",
    "file_of",
    "is_shared",
    "open_store",
    "sqlite_url",
]
