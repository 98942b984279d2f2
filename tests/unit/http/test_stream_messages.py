"""A stream written by the daemon and read by the client says the same, however it is cut into pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rollway.client.messages import Message, messages
from rollway.domain import events as e
from rollway.http import projection, streams
from rollway.http.documents import EventDocument

REASONS = st.lists(st.text(max_size=20), max_size=4)


def facts(reasons: list[str]) -> list[e.Fact]:
    return [e.Fact(n, 1e9 + n, "user:ann", e.AbortRequested(reason=r)) for n, r in enumerate(reasons, 1)]


@given(reasons=REASONS, size=st.integers(1, 40))
def test_what_is_written_is_read(reasons: list[str], size: int) -> None:
    written = streams.HELLO + b"".join(streams.message(fact) + streams.ALIVE for fact in facts(reasons))
    chunks = [written[start : start + size] for start in range(0, len(written), size)]
    read = [message for message in messages(chunks) if message.data]
    assert [message.id for message in read] == [str(fact.seq) for fact in facts(reasons)]
    assert [EventDocument.model_validate_json(message.data) for message in read] == [
        projection.event(fact) for fact in facts(reasons)
    ]


def test_what_was_cut_off_is_dropped_and_signs_of_life_are_empty() -> None:
    assert list(messages([b": alive\n", b"\nid: 7\ndata: x\n"])) == [Message()]
    assert list(messages([b"id: 7\nevent: A\ndata: x\ndata: y\n\n"])) == [Message("7", "A", "x\ny")]
