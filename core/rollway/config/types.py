"""Field types for settings models: what a person writes, checked, and the number it means.

| type | written | value |
| --- | --- | --- |
| `Duration` | `500ms`, `10s`, `5m`, `2h`, `1d`, `1h30m` | float, seconds |
| `Weight` | `5%`, `5`, `0.25%` | int, hundredths of a percent, 0 to 10,000 |
| `Share` | `0.2%` | float, fraction, 0 to 1 |
| `Ratio` | `20%`, `150%` | float, fraction, 0 to 100 |
| `Secret` | `{secret: NAME}` | `Secret`, the name only |
| `CommandLine` | `python app.py`, `[sh, -c, "…"]` | tuple of words |

A default in a model is the *value* (`interval: Duration = 1.0`); `model_dump(mode="json")` writes what a person
would. In a file a bare number is refused where its unit would be a guess; in Python (`Settings(interval=0.5)`) it
is the value itself. This module is imported by every plugin and costs nothing but pydantic.
"""

from __future__ import annotations

from rollway.config.commands import CommandLine
from rollway.config.context import Settings
from rollway.config.durations import Duration, format_duration, parse_duration
from rollway.config.names import ApplicationName, EnvironmentName, ReleaseName
from rollway.config.percentages import (
    Ratio,
    Share,
    Weight,
    format_share,
    format_weight,
    parse_share,
    parse_weight,
)
from rollway.config.secrets import Secret

__all__ = [
    "ApplicationName",
    "CommandLine",
    "Duration",
    "EnvironmentName",
    "Ratio",
    "ReleaseName",
    "Secret",
    "Settings",
    "Share",
    "Weight",
    "format_duration",
    "format_share",
    "format_weight",
    "parse_duration",
    "parse_share",
    "parse_weight",
]
