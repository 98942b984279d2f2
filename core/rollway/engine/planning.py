"""From settings to a plan: the strategy compiles, the core completes and checks. Pure."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from rollway.domain.events import MonitorUse
from rollway.domain.plan import (
    Instruction,
    Observe,
    Plan,
    PlanContext,
    Promote,
    Provision,
    Retire,
    Shift,
    Step,
    Verify,
)
from rollway.domain.split import WHOLE, Split
from rollway.domain.words import CANARY, STABLE
from rollway.engine.baseline import Traffic
from rollway.errors import PluginError, RollwayError
from rollway.evidence.dispersion import ENOUGH_SECONDS
from rollway.evidence.pricing import Clearance, Pricing, clearance
from rollway.evidence.specification import Comparison, Latency, Limit, Scalar, Specification
from rollway.evidence.terms import terms
from rollway.evidence.wording import clear_line

BUILT: tuple[type, ...] = (Provision, Verify, Shift, Observe, Promote, Retire)
"""What the engine carries out so far."""

_PLAN = TypeAdapter(Plan)


class PlanError(RollwayError):
    """The plan cannot be carried out here; nothing was started."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What completing a plan needs to know: the deciding monitors' judges, the last hour's traffic, the dispersion.

    `limits`: what stands for a comparison where stable has no traffic, from its record as far as it is known now.
    """

    specifications: Mapping[str, Specification]
    traffic: Traffic = field(default_factory=Traffic)
    stable_seconds: float = 0.0
    limits: Mapping[str, Limit] = field(default_factory=dict)

    def judged(self, name: str, share: int) -> Comparison | Limit | Latency | None:
        """The terms of a monitor where the canary has this share; None where requests do not decide, or cannot."""
        spec = self.specifications.get(name)
        if share == WHOLE and not isinstance(spec, Limit):
            return self.limits.get(name)
        return spec if share > 0 and not isinstance(spec, Scalar) else None


def first_plan(context: PlanContext, hold: float = 0.0) -> Plan:
    """The first release of an environment: nothing to compare with, so that only limits watch, if there are any."""
    note = "this is the first release here: nothing to compare with and nothing to go back to"
    return Plan(tuple(_whole(context, hold)), (note,))


def cold_plan(context: PlanContext, hold: float = 0.0) -> Plan:
    """Back to a release whose instances are gone: without canary; only limits watch, if there are any."""
    retire = Step("retire the release before", Retire(group=STABLE, after=context.drain))
    return Plan((*_whole(context, hold), retire))


def _whole(context: PlanContext, hold: float) -> Iterator[Step]:
    noun = "instance" if context.instances == 1 else "instances"
    yield Step(f"run {context.instances} {noun}", Provision(group=CANARY, size=context.instances))
    yield Step("wait until healthy", Verify(group=CANARY, deadline=context.verify_deadline))
    yield Step("send all traffic", Shift(split=Split.all_to(CANARY)))
    if hold > 0 and context.monitors:
        yield Step(f"watch all traffic for {hold:g} s", Observe(duration=hold, monitors=context.monitors))
    yield Step("make it stable", Promote(group=CANARY))


def complete(plan: Plan, monitors: Sequence[MonitorUse], watched: Watched) -> Plan:
    """Fill in the auto margins from the last hour's traffic, and say what follows from them."""
    share, steps, notes = 0, [], []
    for step in plan.steps:
        if isinstance(step.does, Shift):
            share = step.does.split.of(CANARY)
        if isinstance(step.does, Observe):
            found = {
                m.name: _clearance(watched, step.does, m.name, share, max(1, len(monitors))) for m in monitors
            }
            notes += [note for name, c in found.items() if c and (note := _person(step, name, c))]
            margins = {name: c.margin for name, c in found.items() if c is not None}
            step = replace(step, does=replace(step.does, margins=margins))
        steps.append(step)
    if watched.stable_seconds < ENOUGH_SECONDS and any(isinstance(s.does, Observe) for s in plan.steps):
        notes.append(
            f"stable has been watched for {watched.stable_seconds:.0f} of {ENOUGH_SECONDS:g} s: until then the promise "
            "assumes that errors are independent"
        )
    return Plan(tuple(steps), (*plan.warnings, *notes))


def leave_out(plan: Plan, names: Collection[str]) -> Plan:
    """Without these monitors in any observation."""
    return replace(plan, steps=tuple(_left_out(step, names) for step in plan.steps))


def _left_out(step: Step, names: Collection[str]) -> Step:
    if not isinstance(step.does, Observe):
        return step
    kept = tuple(name for name in step.does.monitors if name not in names)
    return replace(step, does=replace(step.does, monitors=kept))


def _person(step: Step, name: str, clearance: Clearance) -> str:
    if not clearance.needs_person:
        return ""
    return f"{step.name}: {name} needs about {clearance.requests:.0f} requests to pass; it will need a person"


def _clearance(watched: Watched, does: Observe, name: str, share: int, monitors: int) -> Clearance | None:
    judged, named = watched.judged(name, share), watched.specifications[name]
    if judged is None or isinstance(named, Scalar):
        return None
    # A comparison keeps its margin where stable's record stands for stable.
    pricing = _pricing(watched, judged, share, monitors)
    return clearance(named, pricing, _expected(watched.traffic, does, share))


def _pricing(watched: Watched, spec: Comparison | Limit | Latency, share: int, monitors: int) -> Pricing:
    return Pricing.of(spec, share / WHOLE, watched.traffic.stable_bad, monitors)


def _expected(traffic: Traffic, does: Observe, share: int) -> float | None:
    """Canary requests in a hold; None where no traffic is known."""
    return None if traffic.rate is None else traffic.rate * does.duration * share / WHOLE


def check(plan: Plan, roles: Collection[str], deciding: Collection[str], router: frozenset[str]) -> Plan:
    """The plan, if it can be carried out with these roles, monitors and router. Raises PlanError."""
    share, promoted = 0, False
    for step in plan.steps:
        _check_built(step)
        _check_names(step, roles, deciding)
        _check_capabilities(step.does, router)
        if promoted and not isinstance(step.does, Retire):
            raise PlanError(f"step {step.name!r} comes after the promotion; only a retirement may")
        if isinstance(step.does, Shift):
            share = step.does.split.of(CANARY)
        if isinstance(step.does, Promote) and share != WHOLE:
            raise PlanError(f"step {step.name!r} promotes a release that has not all traffic")
        promoted = promoted or isinstance(step.does, Promote)
    if not promoted:
        raise PlanError("the plan has no promotion")
    return plan


def _check_built(step: Step) -> None:
    if not isinstance(step.does, BUILT):
        raise PlanError(f"step {step.name!r} asks for {step.does.kind!r}, which is not built yet")
    if isinstance(step.does, Observe) and step.does.until_evidence:
        raise PlanError(f"step {step.name!r} asks to end early on evidence, which is not built yet")


def _check_names(step: Step, roles: Collection[str], deciding: Collection[str]) -> None:
    match step.does:
        case Shift(split=split):
            named = set(split.shares)
        case Provision(group=role) | Verify(group=role) | Promote(group=role) | Retire(group=role):
            named = {role}
        case Observe(monitors=monitors):
            if unknown := set(monitors) - set(deciding):
                raise PlanError(
                    f"step {step.name!r} asks monitors that do not decide here: {sorted(unknown)}"
                )
            return
        case _:
            return
    if unknown := named - set(roles):
        raise PlanError(f"step {step.name!r} speaks of groups that do not exist here: {sorted(unknown)}")


def _check_capabilities(does: Instruction, router: frozenset[str]) -> None:
    if isinstance(does, Shift) and _partly(does.split) and "weights" not in router:
        raise PluginError("the router cannot send shares of traffic; use a strategy without weights")


def _partly(split: Split) -> bool:
    return any(0 < share < WHOLE for share in split.shares.values())


def digest(plan: Plan) -> str:
    """`sha256:...` of the plan; the same for the same plan."""
    text = json.dumps(_PLAN.dump_python(plan, mode="json"), sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def notes(plan: Plan, watched: Watched) -> tuple[str, ...]:
    """For each step: what it exposes, what it can find, and what a rollback would do there."""
    share, said = 0, []
    for step in plan.steps:
        if isinstance(step.does, Shift):
            share = step.does.split.of(CANARY)
        said.append(_note(step.does, share, watched))
    return tuple(said)


def _note(does: Instruction, share: int, watched: Watched) -> str:
    match does:
        case Provision() | Verify() if share == 0:
            return "no traffic yet; a rollback stops the new instances"
        case Provision() | Verify() | Shift():
            return f"exposes {share / 100:g}% of requests; a rollback sends them back at once"
        case Observe():
            found = [_finds(does, name, share, watched) for name in does.margins]
            return "; ".join((_exposes(does, share, watched), *found, "a rollback sends them back at once"))
        case Promote():
            return "from here on, `rollway rollback` goes back, with a rollout of its own"
    return "the old instances stop after their connections drained"


def _exposes(does: Observe, share: int, watched: Watched) -> str:
    expected = _expected(watched.traffic, does, share)
    about = f"about {expected:.0f} requests, " if expected is not None else ""
    return f"exposes {about}{share / 100:g}% of traffic"


def _finds(does: Observe, name: str, share: int, watched: Watched) -> str:
    spec = watched.judged(name, share)
    expected = _expected(watched.traffic, does, share)
    if spec is None or isinstance(spec, Latency):
        return f"{name} watches"
    line = terms(spec)[0] + does.margins[name]
    clears = f"{name} clears at {clear_line(spec, line)}"
    if expected is None:
        return clears
    least = _pricing(watched, spec, share, max(1, len(does.margins))).detectable(expected)
    return clears + (
        f" and can find {least:.1%} errors" if least else " and can find nothing in so few requests"
    )
