"""deploy.yaml: read, checked, and turned into values.

`load` reads a file; `parse_settings` reads what was stored of one; both give a `Deployment` or raise
`rollway.errors.ConfigurationError` with every problem. `refuse_unbuilt` is the one check for what is not built yet.
`json_schema` describes the file. Field types for settings models are in `rollway.config.types`.
"""

from rollway.config.deployment import Deployment, EnvironmentUse, MonitorUse, PluginUse
from rollway.config.loading import load, parse_settings, refuse_unbuilt
from rollway.config.places import Places, Position
from rollway.config.plugins import KINDS, Kind, PluginModels
from rollway.config.schema import json_schema
from rollway.config.tree import Json
from rollway.errors import Problem, Refusal

__all__ = [
    "KINDS",
    "Deployment",
    "EnvironmentUse",
    "Json",
    "Kind",
    "MonitorUse",
    "Places",
    "PluginModels",
    "PluginUse",
    "Position",
    "Problem",
    "Refusal",
    "json_schema",
    "load",
    "parse_settings",
    "refuse_unbuilt",
]
