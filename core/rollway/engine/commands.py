"""What people say to a rollout that goes on: appended first, acknowledged after, then the rollout is woken."""

from collections.abc import Callable

from rollway.domain import events as e
from rollway.domain.environment import EnvironmentState
from rollway.domain.names import place as place_of
from rollway.domain.rollout import RolloutState
from rollway.domain.words import Phase
from rollway.engine.engine import Engine
from rollway.engine.idempotency import Answer, Call, Keys
from rollway.engine.journal import Journal, Proposal
from rollway.errors import ConflictError
from rollway.store.protocol import AlreadyRemembered

Said = Callable[[RolloutState], e.RolloutEvent]
"""From what the log says now to the command as an event. Raises ConflictError where it does not make sense there."""


class Commands:
    """Abort, pause, resume and promote. Each raises ConflictError where it comes too late, and StoreUnavailable."""

    def __init__(self, journal: Journal, engine: Engine, keys: Keys) -> None:
        self._journal = journal
        self._engine = engine
        self._keys = keys

    async def abort(self, state: RolloutState, call: Call, reason: str, outcome: str = "") -> None:
        """Traffic back to stable at once: the lowering begins before the command is recorded."""
        said = reason or f"aborted by {name_of(call.actor)}"
        refuse_late(state)
        at_work = self._engine.rollout_at_work(state.id)
        if at_work is not None:
            at_work.abort_now(said)
        await self._say(state, call, lambda _: e.AbortRequested(reason=said), outcome)

    async def pause(self, state: RolloutState, call: Call, reason: str) -> None:
        """Hold it where it is; a call in flight is finished, none is started."""
        said = f"paused by {name_of(call.actor)}" + (f": {reason}" if reason else "")
        await self._say(state, call, lambda now: _pause(now, said))

    async def resume(self, state: RolloutState, call: Call) -> None:
        """End a person's pause; where it waits for evidence, observe the step anew."""
        await self._say(state, call, _resume)

    async def promote(self, state: RolloutState, call: Call, *, full: bool) -> None:
        """Go on without the evidence of this step, or in full without that of any."""
        await self._say(state, call, lambda now: _promote(now, full))

    async def _say(self, state: RolloutState, call: Call, said: Said, outcome: str = "") -> None:
        place = place_of(state.admitted.application, state.admitted.environment)

        def propose(now: RolloutState | None, _: EnvironmentState) -> Proposal:
            now = now or state
            refuse_late(now)
            return Proposal((said(now),))

        remember = self._keys.remember(call, Answer(state.id, outcome))
        try:
            await self._journal.change(place, propose, rollout=state.id, actor=call.actor, remember=remember)
        except (ConflictError, AlreadyRemembered):  # perhaps the same call, made at the same time
            if await self._keys.answered(call) is None:
                raise
        self._engine.wake(rollout=state.id)


def name_of(actor: str) -> str:
    """The name in `kind:name`."""
    return actor.partition(":")[2] or actor


def refuse_late(state: RolloutState) -> None:
    """Raises ConflictError where nothing can be said to it any more."""
    what = _what(state)
    if state.phase.ended:
        raise ConflictError(f"{what} has ended: {state.phase}")
    if state.promoted:
        raise ConflictError(f"{what} is promoted already", advice="go back with `rollway rollback`")


def _refuse_taken_back(state: RolloutState, verb: str) -> None:
    if state.taking_back or state.cause is not None:
        raise ConflictError(
            f"{_what(state)} is being taken back and cannot be {verb}",
            advice=f"follow it: rollway watch {state.id}",
        )


def _what(state: RolloutState) -> str:
    return f"rollout {state.id} of {state.admitted.release}"


def _pause(state: RolloutState, reason: str) -> e.PauseRequested:
    _refuse_taken_back(state, "paused")
    if state.held:
        raise ConflictError(
            f"{_what(state)} is paused already", advice=f"let it go on: rollway resume {state.id}"
        )
    return e.PauseRequested(reason=reason)


def _resume(state: RolloutState) -> e.ResumeRequested:
    _refuse_taken_back(state, "resumed")
    if state.phase is not Phase.PAUSED:
        raise ConflictError(
            f"{_what(state)} is not paused, it is {state.phase}",
            advice=f"follow it: rollway watch {state.id}",
        )
    return e.ResumeRequested()


def _promote(state: RolloutState, full: bool) -> e.RolloutEvent:
    _refuse_taken_back(state, "promoted")
    return e.FullPromotionRequested(step=state.step) if full else e.PromoteRequested(step=state.step)
