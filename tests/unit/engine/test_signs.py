"""Who is silent: counted by the watcher's own clock, and only while he could see."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rollway.engine.leases import BEAT, CONFIRMED
from rollway.engine.signs import Signs
from rollway.store import Member


def at(beat: int) -> tuple[Member, ...]:
    return (Member("a", "web-1", "http://a", "1.0", beat),)


def looks(*looks: tuple[float, float, int]) -> float:
    """The silence after looks that began, ended, and showed this beat."""
    signs = Signs(blind=CONFIRMED)
    for began, ended, beat in looks:
        signs.look(at(beat), began, ended)
    return signs.silence("a")


def test_whoever_beats_is_not_silent() -> None:
    assert looks((0.0, 0.1, 1), (0.5, 0.6, 2), (1.0, 1.1, 3)) == 0.0


def test_silence_counts_from_when_the_beat_was_there_to_the_beginning_of_the_look() -> None:
    assert looks((0.0, 0.4, 7), (1.0, 1.1, 7), (2.0, 2.1, 7), (3.0, 3.1, 7)) == 3.0 - 0.4


def test_a_watcher_that_was_away_begins_anew() -> None:
    away = (0.1 + CONFIRMED + 0.1, 2.4, 7)
    assert looks((0.0, 0.1, 7), away) == 0.0
    assert looks((0.0, 0.1, 7), away, (3.0, 3.1, 7)) == 3.0 - 2.4


def test_one_frozen_in_the_middle_of_a_look_accuses_nobody() -> None:
    assert looks((0.0, 0.1, 7), (0.5, 60.0, 7)) == 0.0
    assert looks((0.0, 0.1, 7), (0.5, 60.0, 7), (60.5, 60.6, 7)) == 0.5


@given(
    st.lists(st.tuples(st.floats(0.0, 4.0), st.floats(0.0, 3.0), st.floats(0.0, 1.0)), max_size=12),
    st.floats(0.0, 20.0),
)
def test_nobody_is_called_silent_for_longer_than_he_was(
    drawn: Sequence[tuple[float, float, float]], last: float
) -> None:
    """Each look: its pause before, how long it took, and where within it the beats were read. The last beat is at `last`."""
    signs, now = Signs(blind=CONFIRMED), 0.0
    for pause, took, share in drawn:
        began, ended = now + pause, now + pause + took
        read = began + took * share
        signs.look(at(int(min(read, last) / BEAT)), began, ended)
        assert signs.silence("a") <= max(0.0, began - last) + BEAT
        now = ended


def test_nothing_is_known_of_strangers() -> None:
    assert Signs(blind=CONFIRMED).silence("nobody") == 0.0
