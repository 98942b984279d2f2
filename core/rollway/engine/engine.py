"""The engine: whatever has an id is advanced when the alarm clock rings for it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator

from structlog.contextvars import bind_contextvars

from rollway.domain.environment import EnvironmentState
from rollway.domain.names import environment_stream, rollout_stream
from rollway.domain.rollout import RolloutState
from rollway.engine.baseline import Baseline
from rollway.engine.environment import EnvironmentAtWork
from rollway.engine.finding import Finder
from rollway.engine.journal import Journal
from rollway.engine.monitoring import at_work
from rollway.engine.nodes import PluginsAtWork
from rollway.engine.ownership import Fence, Holding, Ownership, lease_of, node_lease
from rollway.engine.ports import AlarmClock, Clock, Identifiers
from rollway.engine.rollout import RolloutAtWork
from rollway.engine.sampling import Counters, Sampler
from rollway.engine.standing import Standing, standing_of
from rollway.engine.watch import Watch
from rollway.store.protocol import Fenced, Store, StoreUnavailable

log = logging.getLogger(__name__)

KEEP_BASELINES_EVERY = 30.0

UNCONFIRMED_AGAIN = 0.1
"""Seconds until a daemon that is not sure of its lease asks again."""

ACQUAINTED_AGAIN = 0.05
"""Seconds until a rollout looks again whether its environment has looked at the node."""

FENCED_AGAIN = 1.0
"""Seconds until a daemon that was fenced off asks whose the environment is."""


class Engine:
    """Owns every environment and rollout of one daemon."""

    def __init__(
        self,
        *,
        store: Store,
        journal: Journal,
        alarm: AlarmClock,
        clock: Clock,
        identifiers: Identifiers,
        plugins: PluginsAtWork,
        ownership: Ownership,
    ) -> None:
        self._store = store
        self._journal = journal
        self._alarm = alarm
        self._clock = clock
        self._ids = identifiers
        self._plugins = plugins
        self._ownership = ownership
        self._finder = Finder(store, journal, alarm, clock, ownership)
        self._leases: dict[str, str] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._environments: dict[str, EnvironmentAtWork] = {}
        self._rollouts: dict[str, RolloutAtWork] = {}
        self._baselines: dict[str, Baseline] = {}
        self._opening: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running = False
        self.sampler = Sampler(clock, plugins.routers)
        self.sampler.on_reading(self._learn)

    async def run(self) -> None:
        """Take up what has not ended and is this daemon's, then serve until cancelled."""
        await self._finder.find()
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._alarm.run(self.advance), name="alarm clock")
                tasks.create_task(self.sampler.run(), name="sampler")
                tasks.create_task(self._keep_baselines(), name="baselines")
                tasks.create_task(self._finder.run(self._lost), name="ownership")
                if self._ownership.leased:
                    self._journal.share(self._environments.__contains__)
        finally:
            self._running = False

    def _lost(self, leases: frozenset[str]) -> None:
        for place, lease in list(self._leases.items()):
            if lease in leases:
                self._lose(place)
        if node_lease(self._plugins.node) in leases:
            leaving = asyncio.create_task(self._plugins.leave_node(), name="leaving the node")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _lose(self, place: str) -> None:
        """Somebody else drives this environment: keep nothing of it, so that nothing old is used if it comes back."""
        for id_, rollout in list(self._rollouts.items()):
            if rollout.place == place:
                self._drop(id_)
        environment = self._environments.pop(place, None)
        if environment is not None:
            environment.close()
        self._baselines.pop(place, None)
        self._leases.pop(place, None)
        self._journal.let_go_environment(place)

    def waits_for(self) -> str:
        """What is missing until everything this daemon found in the store is served; empty when nothing is."""
        if not self._running:
            return "the engine is not running"
        for place in self._finder.places:
            state = self._journal.known_environment(place)
            missing = "" if state is None else next(self._not_open(state), "")
            if state is None or missing:
                return f"{place} is being taken up{missing and f': {missing} is not open'}"
        return ""

    @property
    def nodes(self) -> frozenset[str]:
        """The nodes on which environments work, whoever drives them, as of the last look."""
        return self._finder.nodes

    def _not_open(self, state: EnvironmentState) -> Iterator[str]:
        used = {("target", group.admitted.target) for group in state.groups.values()}
        if state.last is not None:
            used.add(("router", state.last.router))
        return (f"the {kind} {name}" for kind, name in sorted(used) if not self._plugins.is_open(kind, name))

    def standing(self) -> Iterator[Standing]:
        """How every environment that is being served stands now."""
        now = self._clock.monotonic()
        ages = {rollout.place: rollout.watch.age(now) for rollout in self._rollouts.values()}
        for place, environment in self._environments.items():
            state = self._journal.known_environment(place)
            if state is not None:
                yield standing_of(state, environment.health(0.0), ages.get(place))

    async def close(self) -> None:
        """Write what was sampled, let go of the rest; instances and traffic go on."""
        await asyncio.gather(*self._leaving, return_exceptions=True)
        for rollout in self._rollouts.values():
            rollout.close()
        for environment in self._environments.values():
            environment.close()
        try:
            for rollout in self._rollouts.values():
                await rollout.flush()
            await self._write_baselines()
        except StoreUnavailable as why:
            log.error("what was sampled last could not be written: %s", why)

    async def advance(self, id_: str) -> float | None:
        """Look at a rollout or an environment; the answer is when to look again."""
        kind, _, name = id_.partition(":")
        bind_contextvars(**{kind: name})  # for the logs of the task that serves it
        state = await (self._journal.rollout(name) if kind == "rollout" else self._journal.environment(name))
        if state is None:
            return None
        holding = self._ownership.holding(lease_of(state.place, state.node))
        if holding is Holding.NOT_OURS:
            self._lose(state.place)
            return None
        if holding is Holding.UNCONFIRMED:
            return self._clock.now() + UNCONFIRMED_AGAIN
        try:
            return await (
                self._advance_rollout(name) if kind == "rollout" else self._advance_environment(name)
            )
        except Fenced as newer:
            log.warning("another daemon drives %s: %s", state.place, newer)
            self._lose(state.place)
            return self._clock.now() + FENCED_AGAIN

    async def baseline(self, place: str) -> Baseline:
        """What is known of an environment's traffic, whoever drives it."""
        known = self._baselines.get(place)
        return known or Baseline(await self._store.value(_baseline_key(place)))

    async def watch_of(self, state: RolloutState) -> Watch:
        """A rollout's evidence as its samples so far tell it, whoever took them."""
        monitors = {use.name: at_work(use, self._plugins.monitor) for use in state.admitted.monitors}
        watch = Watch(
            state.id,
            monitors,
            interval=state.admitted.interval,
            tests=len(state.deciding),
            dispersion=(await self.baseline(state.place)).dispersion,
        )
        watch.replay(await self._store.measurements(state.id))
        return watch

    def rollout_at_work(self, id_: str) -> RolloutAtWork | None:
        """A rollout that is being served now."""
        return self._rollouts.get(id_)

    def environment_at_work(self, place: str) -> EnvironmentAtWork | None:
        """An environment that is being served now."""
        return self._environments.get(place)

    def wake(self, *, rollout: str | None = None, place: str | None = None) -> None:
        """Something happened: look again."""
        if rollout is not None:
            self._alarm.wake_now(rollout_stream(rollout))
        if place is not None:
            application, _, name = place.partition("/")
            self._alarm.wake_now(environment_stream(application, name))

    async def _environment(self, place: str, lease: str) -> EnvironmentAtWork:
        """The environment at work; owned from the first time on. Raises Fenced."""
        async with self._opening[place]:  # each by itself: whoever takes over has hundreds at once
            if place not in self._environments:
                fence = await Fence.raised(self._store, place, self._ownership, lease)
                baseline = Baseline(await self._store.value(_baseline_key(place)))
                await self._journal.environment(place)
                self._environments[place] = self._new_environment(place, fence, lease)
                self._baselines[place], self._leases[place] = baseline, lease
        return self._environments[place]

    def _new_environment(self, place: str, fence: Fence, lease: str) -> EnvironmentAtWork:
        return EnvironmentAtWork(
            place,
            self._journal,
            fence,
            self._clock,
            self._ids,
            self._plugins.target,
            self._plugins.router,
            lambda: self._environment_changed(place),
            lambda above: Fence.raised(self._store, place, self._ownership, lease, above),
        )

    def _environment_changed(self, place: str) -> None:
        state = self._journal.known_environment(place)
        self.wake(rollout=state.rollout if state else None)

    async def _advance_environment(self, place: str) -> float | None:
        state = await self._journal.environment(place)
        environment = await self._environment(place, lease_of(place, state.node))
        again = await environment.advance()
        state = await self._journal.environment(place)
        return again if state.groups or state.rollout or not environment.routed else None

    async def _advance_rollout(self, id_: str) -> float | None:
        state = await self._journal.rollout(id_)
        if state is None or state.phase.ended:
            self._let_go(id_)
            return None
        rollout = self._rollouts.get(id_) or await self._take_up(state)
        bind_contextvars(environment=rollout.place)
        environment = self._environments.get(rollout.place)
        if environment is not None and not environment.acquainted and not state.taking_back:
            self.wake(place=rollout.place)  # what the node knows is to be known before anything is decided
            return self._clock.now() + ACQUAINTED_AGAIN
        before = state.seq
        again = await rollout.advance()
        state = await self._journal.rollout(id_)
        if state is not None and state.seq != before:
            self.wake(place=rollout.place)
        if state is None or state.phase.ended:
            self._let_go(id_)
            return None
        return again

    async def _take_up(self, state: RolloutState) -> RolloutAtWork:
        """Begin to serve a rollout: the samples of its life so far rebuild its judges."""
        place = state.place
        environment = await self._environment(place, lease_of(place, state.node))
        self._journal.let_go(state.id)  # its former owner may have written until the epoch rose
        router = self._plugins.unopened_router(state.admitted.router)
        watch, baseline = await self.watch_of(state), await self.baseline(place)
        rollout = RolloutAtWork(
            state.id,
            environment,
            router,
            watch,
            self._journal,
            self._store,
            self._clock,
            lambda: self.wake(rollout=state.id),
            lambda: baseline.record(state.stable, self._clock.now()),
        )
        self._rollouts[state.id] = rollout
        self.sampler.watch(state.id, state.admitted.router, rollout.sampled)
        return rollout

    def _let_go(self, id_: str) -> None:
        """The rollout has ended."""
        rollout = self._drop(id_)
        if rollout is not None:
            self.wake(place=rollout.place)

    def _drop(self, id_: str) -> RolloutAtWork | None:
        rollout = self._rollouts.pop(id_, None)
        self.sampler.unwatch(id_)
        if rollout is not None:
            rollout.close()
        self._journal.let_go(id_)
        return rollout

    def _learn(self, router: str, counters: Counters) -> None:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        for place, baseline in self._baselines.items():
            state = self._journal.known_environment(place)
            if state is None or state.last is None or state.last.router != router:
                continue
            mine = {group: counters[group] for group in state.groups if group in counters}
            baseline.learn(mine, state.stable, now, monotonic)

    async def _keep_baselines(self) -> None:
        while True:
            await self._clock.sleep(KEEP_BASELINES_EVERY)
            try:
                await self._write_baselines()
            except Exception:  # the loop's top: they are written the next time
                log.exception("what is known of the traffic could not be written")

    async def _write_baselines(self) -> None:
        for place, baseline in list(self._baselines.items()):
            environment = self._environments.get(place)
            if environment is None or not environment.fence.sure:
                continue  # whoever has it by now writes its own
            await self._store.put_value(_baseline_key(place), baseline.to_json())


def _baseline_key(place: str) -> str:
    return f"baseline:{place}"
