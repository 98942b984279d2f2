"""The people of a world: they ask some living daemon, wait a while, ask again under the same key, and remember what they were told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from rollway.artifact import release_digest
from rollway.engine.service import Service
from rollway.engine.usecases import NewRelease, NewRollout, RolloutView
from rollway.errors import RollwayError
from rollway.store.protocol import Json, StoreUnavailable
from rollway.testing.clock import VirtualClock
from rollway.testing.simulation.chronicle import Chronicle
from rollway.testing.simulation.life import Life
from rollway.testing.simulation.rules import Problem, Rule
from rollway.testing.simulation.scenario import Deploy, Place, Say, Verb

CONTENT = b"the artifact of every release"
PATIENCE = 5.0
"""Virtual seconds that somebody waits for an answer before asking again."""
TRIES = 8

Ask = Callable[[Service], Awaitable[RolloutView]]

__all__ = ["CONTENT", "Answered", "People", "release_digest"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody was told: by whom it was asked, what, and the rollout it led to."""

    actor: str
    verb: Verb | str
    rollout: str
    outcome: str
    at: float


@dataclass
class People:
    """`last` is each place's rollout that people know of; `fair` whether the daemons can be trusted to answer."""

    clock: VirtualClock
    chronicle: Chronicle
    living: Callable[[], Life | None]
    fail: Callable[[Problem], None]
    stands: Callable[[str], bool]
    artifact: str
    answered: list[Answered] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    _asked: int = 0

    async def apply(self, settings: Json) -> None:
        """The application, at the very beginning."""
        life = self.living()
        assert life is not None
        await life.spawn(life.service.apply("shop", settings, "user:ada"), "apply")

    async def deploy(self, place: Place, wish: Deploy) -> None:
        """A release goes out."""
        application, _, environment = place.full.partition("/")
        new = NewRollout(
            application, environment, wish.release, unwatched=wish.unwatched, reason="so it shall be"
        )

        async def ask(service: Service, actor: str, key: str) -> RolloutView:
            await service.register(NewRelease(application, wish.release, self.artifact), actor)
            return await service.start(new, actor, key)

        told = await self._told(f"deploy {wish.release}", ask, wish.twice)
        if told is not None:
            self.last[place.full] = told.rollout

    async def say(self, place: Place, wish: Say) -> None:
        """A command, to the last rollout that people know of."""
        rollout = self.last.get(place.full)
        if rollout is None:
            return
        told = await self._told(wish.verb, _spoken(place, wish.verb, rollout), wish.twice)
        if told is not None and wish.verb in ("rollback", "retry"):
            self.last[place.full] = told.rollout

    async def _told(
        self, verb: str, ask: Callable[[Service, str, str], Awaitable[RolloutView]], twice: bool
    ) -> Answered | None:
        self._asked += 1
        actor, key = f"user:p{self._asked}", f"key-{self._asked}"
        told = await self._persist(verb, lambda service: ask(service, actor, key), actor)
        if told is not None and twice:
            await self._again(verb, lambda service: ask(service, actor, key), told)
        return told

    async def _again(self, verb: str, ask: Ask, told: Answered) -> None:
        """The same call, after its answer: it is answered the same."""
        again = await self._persist(f"{verb} again", ask, told.actor)
        if again is None or again.rollout != told.rollout:
            found = again.rollout if again else "a refusal"
            what = f"{verb} of {told.actor} was answered with {told.rollout}, its repetition with {found}"
            if again is not None or not self._silent:
                self.fail(Problem(Rule.REMEMBERED, what))

    _silent: bool = False

    async def _persist(self, verb: str, ask: Ask, actor: str) -> Answered | None:
        """Until there is an answer; None for a refusal, and where nobody ever answers."""
        self._silent = False
        for _ in range(TRIES):
            life = self.living()
            if life is not None:
                self.chronicle.say(actor, f"{verb}: asks {life.name}")
                call = life.spawn(self._one(ask, life), f"{actor} {verb}")
                await asyncio.wait({call}, timeout=PATIENCE)
                if call.done():
                    answer = call.result()
                    if isinstance(answer, RolloutView):
                        return self._kept(actor, verb, answer)
                    self.chronicle.say(actor, f"{verb}: refused: {answer}")
                    if not isinstance(answer, StoreUnavailable):
                        return None
                else:
                    self.chronicle.say(actor, f"{verb}: no answer")
            await asyncio.sleep(0.7)
        self._silent = True
        return None

    async def _one(self, ask: Ask, life: Life) -> RolloutView | Exception:
        try:
            return await ask(life.service)
        except (RollwayError, StoreUnavailable, TimeoutError) as refusal:
            return refusal
        except Exception as error:
            self.fail(Problem(Rule.FORESEEN, f"a use case raised {type(error).__name__}: {error}"))
            return error

    def _kept(self, actor: str, verb: str, view: RolloutView) -> Answered:
        told = Answered(actor, verb, view.state.id, view.outcome, self.clock.monotonic())
        self.answered.append(told)
        if not self.stands(actor) and "nothing to do" not in view.outcome:
            self.fail(Problem(Rule.REMEMBERED, f"{verb} of {actor} is acknowledged, and not in the log"))
        self.chronicle.say(actor, f"{verb}: told {view.state.id} {view.state.phase} {view.outcome}".rstrip())
        return told


def _spoken(place: Place, verb: Verb, id_: str) -> Callable[[Service, str, str], Awaitable[RolloutView]]:
    application, _, environment = place.full.partition("/")
    said: dict[str, Callable[[Service, str, str], Awaitable[RolloutView]]] = {
        "abort": lambda service, actor, key: service.abort(id_, actor, key=key),
        "pause": lambda service, actor, key: service.pause(id_, actor, key=key),
        "resume": lambda service, actor, key: service.resume(id_, actor, key=key),
        "promote": lambda service, actor, key: service.promote(id_, actor, key=key),
        "full": lambda service, actor, key: service.promote(id_, actor, full=True, key=key),
        "retry": lambda service, actor, key: service.retry(id_, actor, key=key),
        "rollback": lambda service, actor, key: service.rollback(
            application, environment, None, actor, key=key
        ),
    }
    return said[verb]
