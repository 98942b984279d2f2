"""From an application's settings, a release and an environment's state to the rollout that would be admitted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from pydantic import JsonValue, ValidationError

from rollway.config import Deployment, EnvironmentUse
from rollway.domain.environment import ROLLBACK, EnvironmentState
from rollway.domain.events import MonitorUse, RolloutAdmitted
from rollway.domain.plan import Observe, Plan, PlanContext
from rollway.domain.words import CANARY, STABLE
from rollway.engine import planning
from rollway.engine import record as records
from rollway.engine.baseline import Baseline, TrackRecord
from rollway.engine.monitoring import Monitoring, monitoring
from rollway.engine.sampling import FAST
from rollway.errors import NotFoundError
from rollway.evidence.specification import Limit
from rollway.plugin.registry import Registry
from rollway.store.protocol import Json, ReleaseRow

VERIFY_DEADLINE = 300.0
"""Seconds until instances must be healthy where the target has no setting of its own."""

DEFAULT_HOLD = 60.0
"""Seconds that a limit watches a release that has all traffic, where the strategy cannot say how long it would."""

DRAIN = 10.0
"""Seconds that old connections get where the router has no setting of its own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: a release in an environment; `rollback` without canary, whatever the strategy."""

    application: str
    environment: str
    release: str
    unwatched: bool = False
    reason: str = ""
    rollback: bool = False
    retry_of: str | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rollout that could be admitted, less its identities, and what its monitors go by."""

    admitted: RolloutAdmitted
    watched: planning.Watched

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of each step; worked out when asked for, as it costs more than the plan itself."""
        return planning.notes(self.admitted.plan, self.watched)


def environment_of(deployment: Deployment, name: str) -> EnvironmentUse:
    """One environment of an application. Raises NotFoundError."""
    found = deployment.environments.get(name)
    if found is None:
        known = ", ".join(sorted(deployment.environments))
        raise NotFoundError(f"{deployment.application} has no environment {name!r}; it has {known}")
    return found


def compile_rollout(
    wish: Wish,
    deployment: Deployment,
    release: ReleaseRow | None,
    state: EnvironmentState,
    baseline: Baseline,
    registry: Registry,
    now: float,
) -> Compiled:
    """Compile, complete and check. Raises PlanError, PluginError, NotFoundError; nothing is started."""
    use = environment_of(deployment, wish.environment)
    target_name, target_settings = _target_of(use, release)
    unwatched = wish.unwatched or use.unwatched
    tests = monitoring(use.monitors, lambda name, settings: registry.monitor(name).factory(settings))
    alone = state.stable is None or wish.rollback
    tests = tests.without(tests.comparing) if alone else tests
    asked = () if unwatched else tuple(m.name for m in tests.deciding)
    context = _context(use, asked, wish, state, registry, target_name, target_settings)
    plan = _plan(use, wish, context, registry)
    limits: dict[str, Limit] = {}
    if not alone:
        plan, tests, limits = _against_the_record(plan, tests, baseline.record(state.stable, now))
    deciding = () if unwatched else tests.deciding
    watched = planning.Watched(tests.specifications, baseline.traffic(now), baseline.seconds, limits)
    plan = planning.complete(plan, deciding, watched)
    plan = planning.check(plan, _roles(state), {m.name for m in deciding}, context.router_capabilities)
    if not (alone or unwatched):
        _refuse_blind(plan, deciding)
    admitted = RolloutAdmitted(
        rollout="",
        application=wish.application,
        environment=wish.environment,
        release=wish.release,
        plan=plan,
        groups=_roles(state),
        strategy=ROLLBACK if wish.rollback else use.strategy.use,
        previous_release=state.stable_release,
        instances=context.instances,
        target=target_name,
        target_settings=target_settings,
        router=use.router.use,
        router_settings=cast("Mapping[str, object]", dict(use.router.settings)),
        monitors=tests.uses,
        interval=FAST,
        unwatched=unwatched and not wish.rollback,
        reason=wish.reason,
        retry_of=wish.retry_of,
        plan_digest=planning.digest(plan),
    )
    return Compiled(admitted, watched)


def bound(admitted: RolloutAdmitted, rollout: str, group: str, artifact: str | None) -> RolloutAdmitted:
    """With its identities."""
    groups = {**admitted.groups, CANARY: group}
    return replace(admitted, rollout=rollout, groups=groups, artifact=artifact)


def placed(
    admitted: RolloutAdmitted, state: EnvironmentState, here: str, registry: Registry
) -> RolloutAdmitted:
    """With its node: where the environment's groups are, else `here` where a plugin works on its daemon's machine."""
    local = registry.is_local("target", admitted.target) or registry.is_local("router", admitted.router)
    node = state.node if state.groups else here if local else ""
    return replace(admitted, node=node)


def _roles(state: EnvironmentState) -> dict[str, str]:
    roles: dict[str, str] = {CANARY: CANARY}
    if state.stable is not None:
        roles[STABLE] = state.stable
    return roles


def _target_of(use: EnvironmentUse, release: ReleaseRow | None) -> tuple[str, dict[str, object]]:
    """The target section belongs to the release; where it has none for this environment, the application's counts."""
    section = release.settings.get(use.name) if release else None
    if isinstance(section, dict) and isinstance(section.get("use"), str):
        settings = {key: value for key, value in section.items() if key != "use"}
        return str(section["use"]), cast("dict[str, object]", settings)
    return use.target.use, {k: v for k, v in use.target.settings.items() if k != "instances"}


def _context(
    use: EnvironmentUse,
    monitors: tuple[str, ...],
    wish: Wish,
    state: EnvironmentState,
    registry: Registry,
    target: str,
    settings: Mapping[str, object],
) -> PlanContext:
    descriptor = registry.target(target)
    try:
        health = getattr(descriptor.settings.model_validate(settings), "health", None)
    except ValidationError as error:
        raise planning.PlanError(
            f"target {target} does not take the settings that {wish.release} was registered with: {error}",
            advice="register it anew under another name",
        ) from error
    instances = getattr(use.target.model, "instances", 1)
    drain = getattr(use.router.model, "drain", DRAIN)
    return PlanContext(
        instances=max(1, int(instances)),
        has_stable=state.stable is not None,
        monitors=monitors,
        drain=float(drain),
        verify_deadline=float(getattr(health, "deadline", VERIFY_DEADLINE)),
        target_capabilities=descriptor.capabilities,
        router_capabilities=registry.router(use.router.use).capabilities,
    )


def _plan(use: EnvironmentUse, wish: Wish, context: PlanContext, registry: Registry) -> Plan:
    if not context.has_stable or wish.rollback:
        hold = _longest_hold(use, context, registry) if context.monitors else 0.0
        return planning.cold_plan(context, hold) if context.has_stable else planning.first_plan(context, hold)
    return _strategy_plan(use, context, registry)


def _strategy_plan(use: EnvironmentUse, context: PlanContext, registry: Registry) -> Plan:
    strategy = registry.strategy(use.strategy.use).factory()
    try:
        return strategy.plan(cast("Mapping[str, object]", use.strategy.settings), context)
    except ValueError as error:
        raise planning.PlanError(f"strategy {use.strategy.use}: {error}") from error


def _longest_hold(use: EnvironmentUse, context: PlanContext, registry: Registry) -> float:
    """Seconds that the strategy would hold at most; its plan is not used, so one that it cannot make is no trouble."""
    try:
        plan = _strategy_plan(use, replace(context, has_stable=True), registry)
    except planning.PlanError:
        return DEFAULT_HOLD
    return max((step.does.duration for step in plan.steps if isinstance(step.does, Observe)), default=0.0)


def _against_the_record(
    plan: Plan, tests: Monitoring, record: TrackRecord
) -> tuple[Plan, Monitoring, dict[str, Limit]]:
    """The plan, its tests, and what stands for the comparisons, where stable will have no traffic to compare with."""
    if not records.at_once(plan):
        return plan, tests, {}
    limits = records.limits(tests.specifications, record)
    left = sorted(tests.comparing - limits.keys())
    notes = [records.too_short(left, record)] if left else []
    notes += [records.held_against(sorted(limits), record)] if limits else []
    plan = planning.leave_out(plan, left)
    return replace(plan, warnings=(*plan.warnings, *notes)), tests.without(left), limits


def _refuse_blind(plan: Plan, deciding: tuple[MonitorUse, ...]) -> None:
    """A release that nobody would watch goes out only where somebody said so."""
    if deciding and any(isinstance(step.does, Observe) for step in plan.steps):
        return
    raise planning.PlanError(
        "\n  ".join(("no monitor would decide anything in this plan", *plan.warnings)),
        advice="let a monitor decide (dry_run: false), or deploy with --unwatched --reason TEXT",
    )


def with_targets(deployment: Deployment, targets: Mapping[str, Mapping[str, JsonValue]]) -> Json:
    """The application's settings with a release's target sections in place of its own, to be checked as a whole."""
    settings = json.loads(json.dumps(dict(deployment.settings)))
    for name, section in targets.items():
        if name in settings["environments"]:
            own = settings["environments"][name]["target"]
            kept = {"instances": own["instances"]} if "instances" in own else {}
            settings["environments"][name]["target"] = {**section, **kept}
    checked: Json = settings
    return checked
