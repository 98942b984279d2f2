"""From an application's settings, a release and an environment's state to the rollout that would be admitted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from pydantic import JsonValue, ValidationError

from rollway.config import Deployment, EnvironmentUse
from rollway.config import MonitorUse as ConfiguredMonitor
from rollway.domain.environment import ROLLBACK, EnvironmentState
from rollway.domain.events import MonitorUse, Policy, RolloutAdmitted
from rollway.domain.plan import Observe, Plan, PlanContext
from rollway.domain.words import CANARY, STABLE
from rollway.engine import planning
from rollway.engine.baseline import Baseline
from rollway.engine.sampling import FAST
from rollway.errors import NotFoundError
from rollway.plugin.kinds import Monitor
from rollway.plugin.registry import Registry
from rollway.store.protocol import Json, ReleaseRow

VERIFY_DEADLINE = 300.0
"""Seconds until instances must be healthy where the target has no setting of its own."""

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
    """A rollout that could be admitted, less its identities, and notes on its steps."""

    admitted: RolloutAdmitted
    notes: tuple[str, ...]


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
    context = _context(use, wish, state, registry, target_name, target_settings)
    uses = () if wish.rollback else tuple(_monitor_use(each) for each in use.monitors)
    unwatched = wish.unwatched or use.unwatched
    deciding = () if unwatched else tuple(m for m in uses if not m.dry_run)
    watched = _watched(uses, baseline, registry, now)
    plan = planning.complete(_plan(use, wish, context, registry), deciding, watched)
    plan = planning.check(plan, _roles(state), {m.name for m in deciding}, context.router_capabilities)
    _refuse_blind(plan, uses, deciding, wish, context, unwatched=unwatched)
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
        monitors=uses,
        interval=FAST,
        unwatched=unwatched and not wish.rollback,
        reason=wish.reason,
        retry_of=wish.retry_of,
        plan_digest=planning.digest(plan),
    )
    return Compiled(admitted, planning.notes(plan, watched))


def bound(admitted: RolloutAdmitted, rollout: str, group: str, artifact: str | None) -> RolloutAdmitted:
    """With its identities."""
    groups = {**admitted.groups, CANARY: group}
    return replace(admitted, rollout=rollout, groups=groups, artifact=artifact)


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
        monitors=()
        if use.unwatched or wish.unwatched
        else tuple(m.name for m in use.monitors if not m.dry_run),
        drain=float(drain),
        verify_deadline=float(getattr(health, "deadline", VERIFY_DEADLINE)),
        target_capabilities=descriptor.capabilities,
        router_capabilities=registry.router(use.router.use).capabilities,
    )


def _plan(use: EnvironmentUse, wish: Wish, context: PlanContext, registry: Registry) -> Plan:
    if not context.has_stable:
        return planning.first_plan(context)
    if wish.rollback:
        return planning.cold_plan(context)
    strategy = registry.strategy(use.strategy.use).factory()
    try:
        return strategy.plan(cast("Mapping[str, object]", use.strategy.settings), context)
    except ValueError as error:
        raise planning.PlanError(f"strategy {use.strategy.use}: {error}") from error


def _monitor_use(configured: ConfiguredMonitor) -> MonitorUse:
    return MonitorUse(
        name=configured.name,
        use=configured.use,
        settings=cast("Mapping[str, object]", configured.settings),
        dry_run=configured.dry_run,
        extend=float(configured.extend),
        min_requests=configured.min_requests,
        on_no_data=Policy(configured.on_no_data),
        on_error=Policy(configured.on_error),
        on_inconclusive=Policy(configured.on_inconclusive),
    )


def _watched(
    uses: tuple[MonitorUse, ...], baseline: Baseline, registry: Registry, now: float
) -> planning.Watched:
    monitors: dict[str, Monitor] = {use.name: registry.monitor(use.use).factory(use.settings) for use in uses}
    specifications = {name: monitor.specification for name, monitor in monitors.items()}
    return planning.Watched(specifications, baseline.traffic(now), baseline.seconds)


def _refuse_blind(
    plan: Plan,
    uses: tuple[MonitorUse, ...],
    deciding: tuple[MonitorUse, ...],
    wish: Wish,
    context: PlanContext,
    *,
    unwatched: bool,
) -> None:
    """A release that nobody would watch goes out only where somebody said so."""
    if wish.rollback or unwatched or not context.has_stable:
        return
    observed = any(isinstance(step.does, Observe) for step in plan.steps)
    if uses and deciding and observed:
        return
    raise planning.PlanError(
        "no monitor would decide anything in this plan",
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
