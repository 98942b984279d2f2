"""YAML events into nodes, without recursion: a hostile file can neither exhaust the stack nor construct anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML, events

from rollway.config.scanner import PlaceholderScanner
from rollway.config.tree import MOST_DEPTH, MOST_NODES, Mapping, Node, Scalar, Sequence

_TEXT_TAGS = {"!", "!!str", "tag:yaml.org,2002:str"}
_PLAIN_TAGS = {
    *(f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "map", "seq", "str")),
    "!",
}


@dataclass
class NotADocument(Exception):
    """The text is YAML, yet no document that this program reads."""

    sentence: str
    line: int
    column: int


@dataclass
class _Composer:
    """The nodes open at this moment, and the anchors seen."""

    open: list[tuple[Node, list[Node]]] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    roots: list[Node] = field(default_factory=list)
    count: int = 0

    def place(self, node: Node, anchor: str | None) -> None:
        self.count += 1
        if self.count > MOST_NODES:
            raise NotADocument(f"more than {MOST_NODES} entries", *node.at)
        if anchor:
            self.anchors[anchor] = node
        if self.open:
            self.open[-1][1].append(node)
        else:
            self.roots.append(node)

    def begin(self, node: Node, anchor: str | None) -> None:
        self.place(node, anchor)
        if len(self.open) >= MOST_DEPTH:
            raise NotADocument(f"nested more than {MOST_DEPTH} levels deep", *node.at)
        self.open.append((node, []))

    def end(self) -> None:
        node, children = self.open.pop()
        if isinstance(node, Mapping):
            node.entries.extend(zip(children[::2], children[1::2], strict=True))
        elif isinstance(node, Sequence):
            node.items.extend(children)

    def alias(self, name: str, at: tuple[int, int]) -> None:
        node = self.anchors.get(name)
        if node is None:
            raise NotADocument(f"the alias *{name[:60]} has no anchor &{name[:60]} before it", *at)
        if any(node is ancestor for ancestor, _ in self.open):
            raise NotADocument(f"the alias *{name[:60]} stands inside its own anchor", *at)
        self.place(node, None)


def compose(text: str) -> Node:
    """The one document of a text. Raises NotADocument, or the errors of ruamel.yaml for what is not YAML."""
    composer = _Composer()
    for event in _events(text):
        _take(composer, event)
    if not composer.roots:
        raise NotADocument("the file is empty; `rollway schema` says what may stand in it", 1, 1)
    return composer.roots[0]


def _events(text: str) -> Iterator[events.Event]:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = PlaceholderScanner
    yield from yaml.parse(text)


def _take(composer: _Composer, event: events.Event) -> None:
    at = (event.start_mark.line + 1, event.start_mark.column + 1)
    if isinstance(event, events.NodeEvent):
        _check_tag(event, at)
    if isinstance(event, events.DocumentStartEvent) and composer.roots:
        raise NotADocument("a second document starts here; the file holds one application", *at)
    if isinstance(event, events.ScalarEvent):
        is_plain = bool(event.implicit[0]) or (event.style is None and str(event.tag) not in _TEXT_TAGS)
        composer.place(Scalar(event.value, is_plain, at), event.anchor)
    elif isinstance(event, events.SequenceStartEvent):
        composer.begin(Sequence([], at), event.anchor)
    elif isinstance(event, events.MappingStartEvent):
        composer.begin(Mapping([], at), event.anchor)
    elif isinstance(event, events.CollectionEndEvent):
        composer.end()
    elif isinstance(event, events.AliasEvent):
        composer.alias(event.anchor, at)


def _check_tag(event: events.NodeEvent, at: tuple[int, int]) -> None:
    tag = getattr(event, "tag", None)
    if tag is not None and str(tag) not in _PLAIN_TAGS:
        raise NotADocument(f"the tag {str(tag)[:60]} is not allowed; only plain YAML is", *at)
