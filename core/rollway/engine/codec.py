"""Events to JSON and back; the only place that knows how the log is written."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import TypeAdapter

from rollway.domain.events import Event, Fact
from rollway.store.protocol import NewEvent, Recorded


class UnreadableEvent(ValueError):
    """The log holds an event this version does not know: it was written by a newer one."""


_CLASSES: Mapping[str, type] = {cls.__name__: cls for cls in get_args(Event)}


_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(cls: type) -> TypeAdapter[Any]:
    """Made when first used: all of them at start-up would cost every command that time."""
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


def encode(event: Event, actor: str, at: float) -> NewEvent:
    """An event as the store keeps it."""
    cls = type(event)
    return NewEvent(cls.__name__, event.v, actor, _adapter(cls).dump_python(event, mode="json"), at)


def decode(recorded: Recorded) -> Fact:
    """A fact from the log. Raises UnreadableEvent for a type or version of the future."""
    cls = _CLASSES.get(recorded.type)
    if cls is None or recorded.v > getattr(cls, "v", 0):
        raise UnreadableEvent(
            f"{recorded.stream} has event {recorded.seq}, {recorded.type} v{recorded.v}, of a newer rollway; "
            "start that version again"
        )
    event: Event = _adapter(cls).validate_python(recorded.data)
    return Fact(recorded.seq, recorded.at, recorded.actor, event)


def to_json(event: Event) -> dict[str, Any]:
    """An event's data as JSON."""
    data: dict[str, Any] = _adapter(type(event)).dump_python(event, mode="json")
    return data
