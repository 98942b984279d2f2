"""How many errors of the stable release come at once: the burst size by which evidence is divided.

A client that retries turns one cause into ten errors; taken as ten independent ones they would convict a
healthy canary. Neighbouring blocks of 1 s and of 10 s are compared: with independent errors (x-y)²/(x+y) is 1
on average, with bursts it is their size.
"""

from dataclasses import dataclass
from typing import Final

# Length of a block in seconds, and how many pairs of mean 1 are taken for granted at the start.
SCALES: Final = ((1, 3.0), (10, 1.0))
LARGEST_PAIR: Final = 30.0
# Until so much of the stable was seen, the promise of the judge assumes that errors are independent.
ENOUGH_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Block:
    """Requests and bad requests of stable in so many intervals."""

    requests: float = 0.0
    bad: float = 0.0
    intervals: int = 0


@dataclass(frozen=True, slots=True)
class ScaleState:
    """What one length of block has learned: `total` / `pairs` is the burst size."""

    total: float
    pairs: float
    filling: Block = Block()
    before: Block | None = None


@dataclass(frozen=True, slots=True)
class DispersionState:
    """All that a `Dispersion` has learned, as plain values to be stored for a service.

    `interval` and `seconds` are seconds: of one sample, and of the stable seen so far.
    """

    interval: float
    seconds: float = 0.0
    scales: tuple[ScaleState, ...] = tuple(ScaleState(pairs, pairs) for _, pairs in SCALES)


class Dispersion:
    """Learns the burst size of stable's errors from samples of one `interval` (seconds) each.

    A state learned with another interval keeps what it knows; only its unfinished blocks are dropped.
    """

    def __init__(self, interval: float, state: DispersionState | None = None) -> None:
        state = state or DispersionState(interval)
        same = state.interval == interval
        self._interval = interval
        self._seconds = state.seconds
        self._scales = [
            _Scale(length, interval, learned if same else ScaleState(learned.total, learned.pairs))
            for (length, _), learned in zip(SCALES, state.scales, strict=True)
        ]
        self._value = self._largest()

    @property
    def value(self) -> float:
        """The burst size: 1 where errors are independent, never less."""
        return self._value

    @property
    def seconds(self) -> float:
        """How long stable has been seen with traffic."""
        return self._seconds

    @property
    def state(self) -> DispersionState:
        """What was learned, to be stored and to begin from again, exactly."""
        return DispersionState(self._interval, self._seconds, tuple(scale.state for scale in self._scales))

    def learn(self, requests: float, bad: float, intervals: int = 1) -> None:
        """Take in stable's new requests and bad ones of the last intervals, more than one after a gap."""
        if requests:
            self._seconds += intervals * self._interval
        completed = [scale.learn(requests, bad, intervals) for scale in self._scales]
        if any(completed):
            self._value = self._largest()

    def _largest(self) -> float:
        return max(1.0, *(scale.ratio for scale in self._scales))


class _Scale:
    """Blocks of one length, each compared with the one before it."""

    __slots__ = ("_bad", "_before", "_intervals", "_pairs", "_requests", "_size", "_total")

    def __init__(self, length: float, interval: float, state: ScaleState) -> None:
        self._size = max(1, round(length / interval))
        self._total, self._pairs, self._before = state.total, state.pairs, state.before
        self._start(state.filling)

    @property
    def state(self) -> ScaleState:
        filling = Block(self._requests, self._bad, self._intervals)
        return ScaleState(self._total, self._pairs, filling, self._before)

    @property
    def ratio(self) -> float:
        return self._total / self._pairs

    def learn(self, requests: float, bad: float, intervals: int) -> bool:
        """Fill the block; True where that completed it."""
        self._requests += requests
        self._bad += bad
        self._intervals += intervals
        if self._intervals < self._size:
            return False
        block = Block(self._requests, self._bad, self._intervals)
        if self._before is not None:
            self._compare(self._before, block)
        self._before = block
        self._start(Block())
        return True

    def _start(self, block: Block) -> None:
        self._requests, self._bad, self._intervals = block.requests, block.bad, block.intervals

    def _compare(self, before: Block, block: Block) -> None:
        both = before.bad + block.bad
        fewer, more = sorted((before.requests, block.requests))
        if both and more <= 2.0 * fewer:
            self._total += min((before.bad - block.bad) ** 2 / both, LARGEST_PAIR)
            self._pairs += 1.0
