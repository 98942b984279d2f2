"""Following a rollout to its end: live on a terminal, line by line elsewhere, silently for scripts."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollway.cli.attention import Attention, tell_problem
from rollway.cli.exits import Exit, of_phase
from rollway.cli.output import emit, nobody_reads, say
from rollway.cli.session import Session
from rollway.cli.waiting import how_to_go_on, waits
from rollway.domain.words import Phase

if TYPE_CHECKING:
    from rollway.client import Client
    from rollway.http.documents import RolloutDocument

_GONE = frozenset({errno.EPIPE, errno.EIO})
"""How writing fails where the reader of a pipe has left, or the terminal was closed."""
_WAITS = frozenset({"EvidenceAwaited", "PauseRequested"})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to follow: `timeout` seconds in all (None: for ever), `patience` seconds without the daemon.

    With `no_wait` following ends where the rollout begins to wait for something outside.
    """

    timeout: float | None = None
    no_wait: bool = False
    patience: float = 15.0
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float | None:
        """The seconds that are left."""
        return None if self.timeout is None else max(0.0, self.began + self.timeout - time.monotonic())

    def check(self, document: RolloutDocument) -> None:
        """Raises StillGoing where following is over before the rollout is."""
        from rollway.client import StillGoing

        if self.no_wait and document.phase is Phase.PAUSED:
            raise StillGoing(waits(document))
        if self.left == 0:
            raise StillGoing(self.over)

    @property
    def over(self) -> str:
        """That the time given to following is over."""
        return f"not over after {self.timeout or 0:g} s; the rollout goes on"


def begun(session: Session, client: Client, document: RolloutDocument, pace: Pace, *, detach: bool) -> int:
    """What follows a call that began a rollout, met one or ended one: it is followed unless detached."""
    if document.outcome:
        say(f"{document.application}/{document.environment}: {document.outcome}")
    if not detach and not document.phase.ended:
        return follow(session, client, document, pace)
    tell_problem(document)
    if not session.is_text:
        emit(session, document)
    elif not document.outcome:
        sys.stdout.write(f"rollout {document.id} of {document.release} goes on; {how_to_go_on(document)}\n")
    return Exit.DONE


def follow(session: Session, client: Client, document: RolloutDocument, pace: Pace) -> int:
    """Follow a rollout that a command started or met; the exit code by its end.

    A command that ended the rollout (`outcome`) has what it wanted when stable has all traffic again. Where nobody
    reads what is written any more, following is over and the rollout goes on.
    """
    wanted_back = bool(document.outcome)
    try:
        document, code = _followed(session, client, document, pace)
    except KeyboardInterrupt:
        say(f"\nrollway: the rollout goes on; {how_to_go_on(document)}")
        return Exit.INTERRUPTED
    except OSError as error:
        if error.errno not in _GONE:
            raise
        nobody_reads()
        with contextlib.suppress(OSError):
            say(f"rollway: nobody reads this any more; the rollout goes on; {how_to_go_on(document)}")
        return Exit.STILL_GOING
    if not session.is_text:
        _tell(session, document)
    if wanted_back and code in (Exit.ABORTED, Exit.ROLLED_BACK):
        return Exit.DONE
    return code


def _followed(
    session: Session, client: Client, document: RolloutDocument, pace: Pace
) -> tuple[RolloutDocument, Exit]:
    from rollway.client import StillGoing

    try:
        document = _to_the_end(session, client, document, pace)
    except StillGoing as error:
        document = client.rollout(document.id)
        say(f"rollway: {pace.over if pace.left == 0 else error}; {how_to_go_on(document)}")
        return document, Exit.STILL_GOING
    return document, of_phase(document.phase)


def _tell(session: Session, document: RolloutDocument) -> None:
    """The document at the end; whether anybody reads it does not change how the rollout ended."""
    try:
        emit(session, document)
    except BrokenPipeError:
        nobody_reads()


def _to_the_end(session: Session, client: Client, document: RolloutDocument, pace: Pace) -> RolloutDocument:
    if session.is_text and sys.stdout.isatty():
        from rollway.cli.live import watch
        from rollway.cli.output import console

        return watch(client, document, pace, console())
    return _by_line(session, client, document, pace)


def _by_line(session: Session, client: Client, document: RolloutDocument, pace: Pace) -> RolloutDocument:
    from rollway.cli.lines import line
    from rollway.cli.plain import plain

    said = ""
    tell_problem(document)
    nobody = Attention(lambda: client.rollout(document.id), document)
    for event in client.follow(document.id, patience=pace.patience, timeout=pace.left, idle=nobody):
        if session.is_text:
            sys.stdout.write(plain(line(event, document)) + "\n")
            sys.stdout.flush()
        if event.type in _WAITS:
            now = client.rollout(document.id)
            pace.check(now)
            if now.phase is Phase.PAUSED and waits(now) != said:
                said = waits(now)
                say(f"rollway: {said}; {how_to_go_on(now)}")
    return client.rollout(document.id)
