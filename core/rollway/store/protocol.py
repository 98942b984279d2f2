"""What the engine asks of a store: streams of events, and the rows kept beside them.

Times are unix seconds and always the caller's: a store reads no clock. Everything passed in as JSON is kept as
it is at that moment. NaN, infinities and what is no JSON, and outside of JSON also NUL, lone surrogates and integers of more
than 64 bits, are refused with `ValueError` or `TypeError`, and nothing is written. Every method may raise `StoreUnavailable`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

Json: TypeAlias = dict[str, JsonValue]
SummaryKind: TypeAlias = Literal["rollout", "environment"]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it has its place in a stream. `v` is the version of its `data`'s shape."""

    type: str
    v: int
    actor: str
    data: Json
    at: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event in its place: `seq` counts from 1 without gaps in each stream."""

    stream: str
    seq: int
    type: str
    v: int
    actor: str
    at: float
    data: Json


@dataclass(frozen=True, slots=True)
class Summary:
    """The row that lists show instead of folding a stream: one per rollout and per environment.

    `weight` is in hundredths of a percent. `facts` holds small extras that nobody selects by.
    """

    stream: str
    kind: SummaryKind
    application: str
    environment: str
    phase: str
    weight: int
    release: str | None
    node: str | None
    updated: float
    ended: bool
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Append:
    """Events for one stream whose head must be `expected_seq` (0: the stream does not exist yet).

    Without events it only checks the head, and replaces the summary if one is given.
    """

    stream: str
    expected_seq: int
    events: tuple[NewEvent, ...]
    summary: Summary | None = None

    def __post_init__(self) -> None:
        if self.summary is not None and self.summary.stream != self.stream:
            raise ValueError(f"a summary of {self.summary.stream!r} cannot go with events of {self.stream!r}")


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer given to a call with an Idempotency-Key; `fingerprint` tells whether a repetition is the same call."""

    key: str
    fingerprint: str
    response: Json
    at: float


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """What one monitor sampled for one rollout in the 30 s that begin at `window` (unix seconds)."""

    rollout: str
    monitor: str
    window: int
    samples: list[JsonValue]


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application's settings as last applied; `revision` counts from 1."""

    name: str
    revision: int
    settings: Json
    actor: str
    at: float


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """An immutable release. `artifact` and `source` say what it was made of; `digest` covers what its name stands for."""

    application: str
    name: str
    digest: str
    artifact: str
    source: Json
    settings: Json
    actor: str
    at: float


@dataclass(frozen=True, slots=True)
class Held:
    """An environment as one owner holds it: its writes are refused once anybody has raised the epoch again."""

    environment: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Member:
    """A daemon of this store, under an id that no other start of a daemon has. `beat` counts its signs of life.

    `url` is where its API listens, `version` what it runs.
    """

    id: str
    node: str
    url: str
    version: str
    beat: int = 0


@dataclass(frozen=True, slots=True)
class Roll:
    """Everybody and everything held, as of one transaction: the members, and each lease's holder (a member's id)."""

    members: tuple[Member, ...] = ()
    leases: Mapping[str, str] = field(default_factory=dict)


class Fenced(Exception):
    """The environment has a newer owner, or the lease another holder: nothing was written, the writer must let go."""

    def __init__(self, what: str, held: object, found: object) -> None:
        super().__init__(f"{what} is not held by {held} any more but by {found}")
        self.what, self.held, self.found = what, held, found


class Conflict(Exception):
    """Another writer was faster: the stream's head is `actual`, not `expected`. Reload and decide anew."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"stream {stream}: expected its head at {expected}, found {actual}")
        self.stream, self.expected, self.actual = stream, expected, actual


class AlreadyRemembered(Exception):
    """A call with this Idempotency-Key was answered meanwhile: nothing was written, `recall` has the answer."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the idempotency key {key!r} has been used already")
        self.key = key


class ReleaseDiffers(Exception):
    """The name already stands for other content."""

    def __init__(self, application: str, name: str, existing: str, given: str) -> None:
        super().__init__(
            f"release {name} of {application} exists with other content: {existing}, not {given}; "
            "give the new content another name"
        )
        self.application, self.name, self.existing, self.given = application, name, existing, given


class StoreUnavailable(Exception):
    """The database cannot be used now: `problem` says why and where, `advice` what to do.

    A write that ends so was not made, unless `problem` says that this is unknown.
    """

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem}. {advice}.")
        self.problem, self.advice = problem, advice


class Store(Protocol):
    """Durable streams with fenced appends. Reads see committed writes only, and every write they come after.

    Any call may be cancelled: a write is then made whole or not at all. Several stores may be open on the same data.
    """

    async def append(
        self, *appends: Append, remember: Remembered | None = None, held: Held | None = None
    ) -> None:
        """Write all of it in one transaction, or nothing; return once it is durable.

        Raises `Fenced` if `held` is not the environment's epoch any more, `Conflict` if any stream's head differs,
        `AlreadyRemembered` if the key has been used; looked at in this order.
        """

    async def read(self, stream: str, after: int = 0) -> Sequence[Recorded]:
        """Return the events with a `seq` above `after`, in order; none for an unknown stream."""

    async def heads(self, streams: Collection[str] | None = None) -> Mapping[str, int]:
        """Return the last `seq` of each of these streams (of all, if None); unknown ones are left out."""

    async def summaries(
        self,
        *,
        kind: SummaryKind,
        application: str | None = None,
        environment: str | None = None,
        phases: Collection[str] | None = None,
        unfinished: bool | None = None,
        limit: int | None = None,
        before: str | None = None,
    ) -> Sequence[Summary]:
        """Return the rows that meet every condition given, by descending stream id (newest first).

        `before` is the stream id of the last row seen; `unfinished` selects by `ended`.
        """

    async def raise_epoch(
        self, environment: str, owner: str, lease: str | None = None, above: int = 0
    ) -> int:
        """Return a number above every one returned before for this environment, by any store on this data.

        It is greater than `above`, too: an epoch that the node has seen and a restored database does not know.
        Raises `Fenced` if `owner` does not hold the `lease` that was named.
        """

    async def beat(self, member: Member) -> Roll:
        """Give a sign of life: add the member if it is new, count its `beat` up; return everybody as of then."""

    async def take_leases(self, member: str, leases: Mapping[str, str | None]) -> frozenset[str]:
        """Give the member each of these leases whose holder is the one named (None: nobody); return which these were."""

    async def drop_leases(self, member: str, leases: Collection[str]) -> None:
        """Let go of those of these leases that the member holds."""

    async def leave(self, member: str) -> None:
        """Strike the member off, and let go of every lease it holds."""

    async def strike_off(self, member: Member) -> None:
        """Forget the member if it has not beaten since and holds no lease."""

    async def listen(self, told: Callable[[str | None], None]) -> None:
        """Until cancelled, tell the stream of each append of any other store on this data, soon after it, in any order.

        None: some may have been missed. Returns at once where nobody else can write; `told` must not raise.
        """

    async def record_measurements(self, rows: Sequence[MeasurementRow]) -> None:
        """Write these rows together; a row of the same rollout, monitor and window is replaced."""

    async def measurements(self, rollout: str) -> Sequence[MeasurementRow]:
        """Return a rollout's rows by window, then monitor."""

    async def prune_measurements(self, before: float) -> int:
        """Delete the rows whose window began before that time; return how many."""

    async def put_application(self, name: str, settings: Json, actor: str, at: float) -> int:
        """Make these the application's settings; return the revision, a new one only if they differ."""

    async def application(self, name: str) -> ApplicationRow | None:
        """Return the application as last applied."""

    async def applications(self) -> Sequence[ApplicationRow]:
        """Return every application as last applied, by name."""

    async def put_release(self, release: ReleaseRow) -> ReleaseRow:
        """Insert a release, or return the one that has this name and digest already; else raise `ReleaseDiffers`."""

    async def release(self, application: str, name: str) -> ReleaseRow | None:
        """Return one release of an application."""

    async def releases(
        self, application: str, limit: int | None = None, before: str | None = None
    ) -> Sequence[ReleaseRow]:
        """Return an application's releases, the last inserted first; `before` is the name of the last one seen."""

    async def recall(self, key: str) -> Remembered | None:
        """Return what was remembered under this Idempotency-Key."""

    async def forget(self, before: float) -> int:
        """Delete what was remembered before that time; return how many."""

    async def put_value(self, key: str, value: JsonValue) -> None:
        """Keep a small value under this key, replacing the one before."""

    async def value(self, key: str) -> JsonValue:
        """Return the value of this key, None if there is none."""

    async def aclose(self) -> None:
        """Commit what was accepted, then let go of the database. Later calls raise `StoreUnavailable`."""
