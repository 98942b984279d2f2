"""The engine: whatever has an id is advanced when the alarm clock rings for it."""

import asyncio
import logging
from collections.abc import Iterator

from structlog.contextvars import bind_contextvars

from rollway.domain.environment import EnvironmentState
from rollway.domain.names import environment_stream, rollout_stream
from rollway.domain.rollout import RolloutState
from rollway.engine.baseline import Baseline
from rollway.engine.environment import EnvironmentAtWork
from rollway.engine.journal import Journal
from rollway.engine.monitoring import at_work
from rollway.engine.nodes import PluginsAtWork
from rollway.engine.ownership import Fence
from rollway.engine.ports import AlarmClock, Clock, Identifiers
from rollway.engine.rollout import RolloutAtWork
from rollway.engine.sampling import Counters, Sampler
from rollway.engine.standing import Standing, standing_of
from rollway.engine.watch import Watch
from rollway.store.protocol import Store, StoreUnavailable

log = logging.getLogger(__name__)

KEEP_BASELINES_EVERY = 30.0


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
        owner: str,
    ) -> None:
        self._store = store
        self._journal = journal
        self._alarm = alarm
        self._clock = clock
        self._ids = identifiers
        self._plugins = plugins
        self._owner = owner
        self._environments: dict[str, EnvironmentAtWork] = {}
        self._rollouts: dict[str, RolloutAtWork] = {}
        self._baselines: dict[str, Baseline] = {}
        self._opening = asyncio.Lock()
        self._running = False
        self._found: tuple[str, ...] = ()
        self.sampler = Sampler(clock, plugins.routers)
        self.sampler.on_reading(self._learn)

    async def run(self) -> None:
        """Wake what has not ended, then serve until cancelled."""
        environments = await self._store.summaries(kind="environment", unfinished=True)
        self._found = tuple(f"{row.application}/{row.environment}" for row in environments)
        for summary in environments:
            self._alarm.wake_now(summary.stream)
        for summary in await self._store.summaries(kind="rollout", unfinished=True):
            self._alarm.wake_now(summary.stream)
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._alarm.run(self.advance), name="alarm clock")
                tasks.create_task(self.sampler.run(), name="sampler")
                tasks.create_task(self._keep_baselines(), name="baselines")
        finally:
            self._running = False

    def waits_for(self) -> str:
        """What is missing until everything this daemon found in the store is served; empty when nothing is."""
        if not self._running:
            return "the engine is not running"
        for place in self._found:
            state = self._journal.known_environment(place)
            missing = "" if state is None else next(self._not_open(state), "")
            if state is None or missing:
                return f"{place} is being taken up{missing and f': {missing} is not open'}"
        return ""

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
        for rollout in self._rollouts.values():
            rollout.close()
        for environment in self._environments.values():
            environment.close()
        try:
            for rollout in self._rollouts.values():
                await rollout.flush(all_of_it=True)
            await self._write_baselines()
        except StoreUnavailable as why:
            log.error("what was sampled last could not be written: %s", why)

    async def advance(self, id_: str) -> float | None:
        """Look at a rollout or an environment; the answer is when to look again."""
        kind, _, name = id_.partition(":")
        bind_contextvars(**{kind: name})  # for the logs of the task that serves it
        if kind == "rollout":
            return await self._advance_rollout(name)
        environment = await self.environment(name)
        again = await environment.advance()
        state = await self._journal.environment(name)
        return again if state.groups or state.rollout else None

    async def environment(self, place: str) -> EnvironmentAtWork:
        """The environment at work; owned from the first time on."""
        async with self._opening:
            if place not in self._environments:
                fence = await Fence.raised(self._store, place, self._owner)
                self._environments[place] = self._new_environment(place, fence)
                self._baselines[place] = Baseline(await self._store.value(_baseline_key(place)))
        return self._environments[place]

    async def baseline(self, place: str) -> Baseline:
        """What is known of an environment's traffic."""
        await self.environment(place)
        return self._baselines[place]

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

    def _new_environment(self, place: str, fence: Fence) -> EnvironmentAtWork:
        return EnvironmentAtWork(
            place,
            self._journal,
            fence,
            self._clock,
            self._ids,
            self._plugins.target,
            self._plugins.router,
            lambda: self._environment_changed(place),
        )

    def _environment_changed(self, place: str) -> None:
        state = self._journal.known_environment(place)
        self.wake(rollout=state.rollout if state else None)

    async def _advance_rollout(self, id_: str) -> float | None:
        state = await self._journal.rollout(id_)
        if state is None or state.phase.ended:
            self._let_go(id_)
            return None
        rollout = self._rollouts.get(id_) or await self._take_up(state)
        bind_contextvars(environment=rollout.place)
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
        admitted = state.admitted
        place = f"{admitted.application}/{admitted.environment}"
        environment = await self.environment(place)
        router = self._plugins.unopened_router(admitted.router)
        monitors = {use.name: at_work(use, self._plugins.monitor) for use in admitted.monitors}
        watch = Watch(
            state.id,
            monitors,
            interval=admitted.interval,
            tests=len(state.deciding),
            dispersion=self._baselines[place].dispersion,
        )
        watch.replay(await self._store.measurements(state.id))
        rollout = RolloutAtWork(
            state.id,
            environment,
            router,
            watch,
            self._journal,
            self._store,
            self._clock,
            lambda: self.wake(rollout=state.id),
            lambda: self._baselines[place].record(state.stable, self._clock.now()),
        )
        self._rollouts[state.id] = rollout
        self.sampler.watch(state.id, admitted.router, rollout.sampled)
        return rollout

    def _let_go(self, id_: str) -> None:
        rollout = self._rollouts.pop(id_, None)
        self.sampler.unwatch(id_)
        if rollout is not None:
            rollout.close()
            self.wake(place=rollout.place)
        self._journal.let_go(id_)

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
            await self._store.put_value(_baseline_key(place), baseline.to_json())


def _baseline_key(place: str) -> str:
    return f"baseline:{place}"
