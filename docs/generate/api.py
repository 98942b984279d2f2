"""The page about the API, from its OpenAPI document and the errors that it translates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_args

from docs.generate.markdown import code, link, page, sentence, table
from docs.generate.shapes import Schema, default, mapping, parts, text, words
from rollway import http
from rollway.domain.events import RolloutEvent
from rollway.engine.usecases import UseCases
from rollway.http import problems

INTRODUCTION = """
JSON over HTTP, under `/api/v1`; the daemon serves the same as an OpenAPI document at `/openapi.json`. From Python,
`rollway.client.Client` speaks it for you.

- Whatever changes something needs `Content-Type: application/json` (an artifact: `application/x-tar`), a `Host` on loopback,
  and no foreign `Origin`. A body has at most 1 MiB.
- `Idempotency-Key`, 1 to 255 printable characters: the same call with the same key is carried out once, and answered again.
- `X-Rollway-Actor` says who calls. It is taken at its word and stored as `user:NAME`, until access control exists.
- Lists come in pages: `{"items": [..], "next": ".."}`. Ask again with `cursor=` what `next` says, until it is null.
- Weights are percent, 0 to 100. Times are RFC 3339 in UTC. Durations are seconds. A field is never removed or given a new meaning.
"""

PROBLEMS = """
## Problems

Whatever goes wrong is answered with a problem document (RFC 9457, `application/problem+json`). Scripts tell problems apart by
`type`; people read `detail`, what is wrong, and `advice`, what to do next.

```json
{"type": "urn:rollway:problem:not-found", "title": "Not Found", "status": 404,
 "detail": "there is no rollout '42'", "advice": "`rollway status` shows what is running"}
```
"""

FOLLOWING = """
## Following a rollout

`GET /api/v1/rollouts/{id}/events` with `Accept: text/event-stream` sends each event as it happens, as server-sent events whose
`id` is its `seq`. After a break, ask again with `Last-Event-ID` and nothing is lost or told twice. When the rollout has ended
and everything is told, the answer is 204. These events there are; more may come, so pass over what you do not know.
"""

WHEN = {
    "refused": "Anything else that this program says no to",
    "invalid-request": "A parameter or the body is not what it should be: `problems` says what, and where",
    "not-built": "It is valid and asks for what this version does not have: `refusals` says what to do meanwhile",
    "connections": "There are more connections to the API than the daemon can spare",
    "not-ready": "The daemon starts, or cannot serve: `detail` says what it waits for",
    "newer-log": "What was asked for was written by a newer version, which this one cannot read; ask a daemon of that version",
    "store-unavailable": "The database cannot be used now; ask again after `Retry-After` seconds",
}
"""For a reader of the API, where the error's own docstring is for a reader of the code."""

BEFORE_ANY_ROUTE = {
    "http": (400, "What arrived is no HTTP/1.1"),
    "method": (405, "The address is right and the method is not"),
    "header-too-large": (431, "The header is larger than 64 KiB"),
}
"""Said where no constants stand in the sources."""

_OWN = frozenset({"x-rollway-actor", "idempotency-key"})
"""Headers that the introduction explains."""


def api() -> str:
    """The page."""
    document = _document()
    schemas = mapping(mapping(document.get("components")).get("schemas"))
    routes = [
        _route(method, path, mapping(route))
        for path, methods in mapping(document.get("paths")).items()
        for method, route in mapping(methods).items()
    ]
    return page(
        "The API",
        INTRODUCTION,
        "## Routes",
        *routes,
        f"{PROBLEMS}\n{_problems()}",
        f"{FOLLOWING}\n{_events()}",
        "## Documents",
        *(_described(name, mapping(each)) for name, each in sorted(schemas.items()) if _is_told(name)),
    )


def _document() -> Schema:
    # The routes are described without being called: there is nothing for them to call.
    return cast("Schema", http.create_app(cast("UseCases", None)).openapi())


def _is_told(name: str) -> bool:
    return not name.startswith(("Page_", "JsonValue"))


def _linked(name: str) -> str:
    if name.startswith("Page_"):
        return f"a page of {_linked(name.removeprefix('Page_').rstrip('_'))}"
    return link(_title(name)) if _is_told(name) else "anything"


def _title(name: str) -> str:
    return name.removesuffix("Document")


def _route(method: str, path: str, route: Schema) -> str:
    body = mapping(route.get("requestBody"))
    given = [each for each in parts(route.get("parameters")) if text(each.get("name")) not in _OWN]
    return "\n\n".join(
        part
        for part in (
            f"### {code(f'{method.upper()} {path}')}",
            text(route.get("description")),
            table(("parameter", "in", "what may stand there", "default", "meaning"), map(_parameter, given)),
            f"Body: {_content(body)}." if body else "",
            f"Answers: {'; '.join(_answers(mapping(route.get('responses'))))}.",
        )
        if part
    )


def _parameter(each: Schema) -> tuple[str, str, str, str, str]:
    schema = mapping(each.get("schema"))
    needed = "**required**" if each.get("required") else default(schema)
    return (
        code(text(each.get("name"))),
        text(each.get("in")),
        words(schema, _linked),
        needed,
        sentence(text(each.get("description"))),
    )


def _answers(responses: Schema) -> Iterator[str]:
    for status, answer in sorted(responses.items()):
        if status != "default":
            content = _content(mapping(answer))
            yield f"{status} {content}" if content else f"{status} without a body"


def _content(holder: Schema) -> str:
    found = []
    for media, content in mapping(holder.get("content")).items():
        schema = mapping(mapping(content).get("schema"))
        if not schema:
            continue
        said = sentence(text(schema.get("description"))).rstrip(".") or words(schema, _linked)
        found.append(said if media == "application/json" else code(media))
    return " or ".join(found)


def _described(name: str, schema: Schema) -> str:
    heading = f"### {_title(name)}"
    about = sentence(text(schema.get("description")).partition("\n\n")[0])
    if "enum" in schema:
        return "\n\n".join((heading, about, f"One of {words(schema, _linked)}."))
    rows = [
        (code(key), words(mapping(each), _linked), sentence(text(mapping(each).get("description"))))
        for key, each in mapping(schema.get("properties")).items()
    ]
    return "\n\n".join(part for part in (heading, about, table(("field", "is", "meaning"), rows)) if part)


def _problems() -> str:
    rows = dict(BEFORE_ANY_ROUTE)
    for kind, (status, word) in problems._STATUS.items():
        rows[word] = (status, WHEN.get(word) or (kind.__doc__ or "").partition("\n")[0])
    for status, word, detail in _refusals():
        rows.setdefault(word, (status, WHEN.get(word) or detail))
    ordered = sorted(rows.items(), key=lambda row: (row[1][0], row[0]))
    return table(
        ("status", "type `urn:rollway:problem:`…", "when"),
        [(str(status), code(word), sentence(when)) for word, (status, when) in ordered],
    )


def _refusals() -> Iterator[tuple[int, str, str]]:
    """What the API itself says no to, wherever it does: `Refused(status, word, detail)` in its sources."""
    for file in sorted(Path(http.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name("Refused" | "problem") | ast.Attribute(attr="problem"),
                    args=[ast.Constant(int(status)), ast.Constant(str(word)), detail, *_],
                ):
                    yield status, word, _said(detail)


def _said(detail: ast.expr) -> str:
    """The text of a literal; in an f-string every value is an ellipsis."""
    if isinstance(detail, ast.JoinedStr):
        return "".join(_said(each) or "…" for each in detail.values)
    return str(detail.value) if isinstance(detail, ast.Constant) else ""


def _events() -> str:
    kinds = get_args(RolloutEvent)
    rows = [(code(kind.__name__), " ".join((kind.__doc__ or "").split())) for kind in kinds]
    return table(("type", "what happened"), rows)
