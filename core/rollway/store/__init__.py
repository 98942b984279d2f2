"""The log and what is kept beside it: `open_store` gives a durable `Store`."""

from pydantic import JsonValue

from rollway.store.opening import open_store, sqlite_url
from rollway.store.protocol import (
    AlreadyRemembered,
    Append,
    ApplicationRow,
    Conflict,
    Json,
    MeasurementRow,
    NewEvent,
    Recorded,
    ReleaseDiffers,
    ReleaseRow,
    Remembered,
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
    "Json",
    "JsonValue",
    "MeasurementRow",
    "NewEvent",
    "Recorded",
    "ReleaseDiffers",
    "ReleaseRow",
    "Remembered",
    "Store",
    "StoreUnavailable",
    "Summary",
    "SummaryKind",
    "open_store",
    "sqlite_url",
]
