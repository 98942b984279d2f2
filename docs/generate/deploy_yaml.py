"""The page about deploy.yaml, from its JSON schema."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from docs.generate.markdown import code, link, page, sentence, table
from docs.generate.shapes import Schema, default, mapping, text, words
from rollway.config import unbuilt
from rollway.config.plugins import KINDS
from rollway.config.schema import json_schema
from rollway.plugin.loading import GROUP, load

INTRODUCTION = """
One file describes one application: what a release is made of, where it runs, what stands in front, how a new release goes
out, and what is watched meanwhile. `rollway validate` checks it offline and names the line, the column and the nearest
right spelling of whatever is wrong; `rollway schema` prints this page as a JSON Schema for your editor.

`use:` names a plugin everywhere, and what stands beside it is that plugin's own settings. A key that stands twice is an
error. `${NAME}` is filled in from the environment of whoever runs `rollway`, `${NAME:-default}` with a default.
"""

TYPES = (
    ("duration", "`500ms`, `10s`, `5m`, `2h`, `1d`, `1h30m`"),
    ("weight", "percent of the traffic: `5%` or `5`; at most two decimals"),
    ("percentage", "`0.2%`; the sign is not optional"),
    (
        "command",
        'text, split as POSIX words and run without a shell; or a list of words: `[sh, -c, "exec ./serve"]`',
    ),
    ("secret", "`{secret: NAME}`: looked up by the daemon when it is used, never stored or shown"),
)

HEADINGS = {
    "deploy.yaml": "The file",
    "Build": "`build`",
    "Environment": "`environments.NAME`",
    "target.process.HealthSettings": "Target `process`: `health`",
    "target.process.StopSettings": "Target `process`: `stop`",
    "target.process.LogSettings": "Target `process`: `log`",
    "strategy.canary.CanaryStep": "Strategy `canary`: `steps`",
}
"""What a section is about, where its definition's name does not say so."""

_PLUGINS = {
    "target": link("Target `process`", "target"),
    "router": link("Router `envoy`", "router"),
    "strategy": link("Strategy `all-at-once`", "strategy"),
    "monitor": link("Monitor `error-rate`", "monitor"),
}
"""Where the plugins of a kind begin."""

_PATHS = {
    "deploy.yaml": "",
    "Build": "build.",
    "Environment": "environments.*.",
    "strategy.canary.CanaryStep": "environments.*.strategy.steps.*.",
}


def deploy_yaml() -> str:
    """The page."""
    schema: Schema = json_schema(load(_built_in()))
    definitions = mapping(schema.get("$defs"))
    sections = [_section("deploy.yaml", schema)]
    sections += [_section(name, mapping(definitions[name])) for name in _ordered(definitions)]
    types = "\n\n".join(("## How values are written", table(("type", "written"), TYPES)))
    return page("deploy.yaml", INTRODUCTION, types, *sections, _unbuilt())


def _built_in() -> Iterator[metadata.EntryPoint]:
    """The entry points of Rollway itself: the page is the same whatever else is installed."""
    for each in metadata.entry_points(group=GROUP):
        if each.dist is not None and each.dist.name == "rollway":
            yield each


def _ordered(definitions: Schema) -> Iterator[str]:
    """The definitions with a section: those of the file, then by kind of plugin; not what nothing can be done with yet."""
    yield from ("Build", "Environment")
    for kind in KINDS:
        names = [name for name in definitions if name.startswith(f"{kind}.") and _has_section(name)]
        yield from sorted(names)


def _has_section(name: str) -> bool:
    return name.rpartition(".")[2] not in {"Secret", "JsonValue"}


def _heading(name: str) -> str:
    kind, _, plugin = name.partition(".")
    return HEADINGS.get(name) or f"{kind.capitalize()} {code(plugin)}"


def _section(name: str, schema: Schema) -> str:
    required = schema.get("required")
    rows = [
        _key(name, key, mapping(value), isinstance(required, list) and key in required)
        for key, value in mapping(schema.get("properties")).items()
        if not (key == "use" and "const" in mapping(value))
    ]
    about = sentence(text(schema.get("description")).partition("\n\n")[0])
    return "\n\n".join(
        (f"## {_heading(name)}", about, table(("key", "what may stand there", "default", "meaning"), rows))
    )


def _key(section: str, key: str, schema: Schema, required: bool) -> tuple[str, str, str, str]:
    missing = _missing(section, key)
    meaning = sentence(text(schema.get("description")))
    if missing:
        meaning = f"{meaning} Refused: {missing}." if not meaning.startswith("Not yet") else meaning
    kind = "" if missing else words(schema, _linked)
    return code(key), kind, "**required**" if required else default(schema), meaning


def _missing(section: str, key: str) -> str:
    """Why a key is refused yet; empty for one that works."""
    common = {"strategy": "environments.*.strategy.", "monitor": "environments.*.monitors.*."}
    prefix = _PATHS.get(section, common.get(section.partition(".")[0], "-"))
    return unbuilt.KEYS.get(prefix + key, "")


def _linked(name: str) -> str:
    if name in KINDS:
        return _PLUGINS.get(name, name)
    last = name.rpartition(".")[2]
    if last == "Secret":
        return "secret"
    return link(_heading(name), "object") if _has_section(name) else "anything"


def _unbuilt() -> str:
    rows = [
        (f"`{kind}`", ", ".join(code(each) for each in sorted(names)))
        for kind, names in unbuilt.PLUGINS.items()
    ]
    values = [
        (code(path.replace("*", "NAME")), code(value), sentence(why))
        for path, each in unbuilt.VALUES.items()
        for value, why in each.items()
    ]
    return "\n\n".join(
        (
            "## Known and not built yet",
            "These names and values are part of the format, and this version refuses them in one sentence, before anything starts.",
            table(("kind of plugin", "names"), rows),
            table(("key", "value", "what to do meanwhile"), values),
        )
    )
