"""Domain values as the documents of the public contract: pure functions, nothing is asked or decided here."""

from __future__ import annotations

from pydantic import JsonValue

from rollway.domain import events as e
from rollway.domain.decisions import GroupHealth, Judgement
from rollway.domain.plan import Provision, Retire
from rollway.domain.rollout import RolloutState
from rollway.domain.words import CANARY, STABLE, Phase, Role, Verdict
from rollway.engine.usecases import Applied, PlanView, PluginView, RolloutView
from rollway.http import documents as d
from rollway.http.encoding import Number, at, encode, percent, step
from rollway.store.protocol import ApplicationRow, ReleaseRow, Summary


def application(row: ApplicationRow) -> d.ApplicationDocument:
    """An application as last applied."""
    return d.ApplicationDocument(
        application=row.name,
        revision=row.revision,
        settings=row.settings,
        actor=row.actor,
        applied_at=at(row.at),
    )


def applied(done: Applied) -> d.AppliedDocument:
    """What an apply did."""
    return d.AppliedDocument(
        **dict(application(done.row)), changed=done.changed, warnings=list(done.warnings)
    )


def release(row: ReleaseRow) -> d.ReleaseDocument:
    """A release."""
    return d.ReleaseDocument(
        application=row.application,
        name=row.name,
        digest=row.digest,
        artifact=row.artifact,
        source=row.source,
        settings=row.settings,
        actor=row.actor,
        created_at=at(row.at),
    )


def plan(view: PlanView) -> d.PlanDocument:
    """A plan that was only made."""
    notes = (*view.notes, *[None] * len(view.plan.steps))
    return d.PlanDocument(
        digest=view.digest,
        release=view.release,
        steps=[step(index, each, notes[index - 1]) for index, each in enumerate(view.plan.steps, 1)],
        warnings=list(view.plan.warnings),
        application=view.application,
        environment=view.environment,
        strategy=view.strategy,
    )


def plugin(view: PluginView) -> d.PluginDocument:
    """A plugin."""
    return d.PluginDocument(
        kind=view.kind,
        name=view.name,
        origin=view.origin,
        version=view.version,
        loaded=not view.problem,
        capabilities=list(view.capabilities),
        summary=view.summary,
        problem=view.problem,
    )


def event(fact: e.Fact) -> d.EventDocument:
    """One event of a log."""
    data = encode(fact.event)
    return d.EventDocument(
        seq=fact.seq,
        at=at(fact.at),
        type=type(fact.event).__name__,
        actor=fact.actor,
        data=data if isinstance(data, dict) else {},
    )


def row(summary: Summary) -> d.RolloutRow:
    """One rollout in a list."""
    facts = summary.facts
    started, ended = facts.get("started_at"), facts.get("ended_at")
    return d.RolloutRow(
        id=rollout_id(summary),
        application=summary.application,
        environment=summary.environment,
        release=summary.release,
        phase=Phase(summary.phase),
        weight=percent(summary.weight),
        updated_at=at(summary.updated),
        ended=summary.ended,
        strategy=_text(facts.get("strategy")),
        previous_release=_text(facts.get("previous_release")),
        waiting_for=_text(facts.get("waiting_for")),
        reason=_text(facts.get("reason")),
        actor=_text(facts.get("actor")),
        started_at=at(started) if isinstance(started, (int, float)) else None,
        finished_at=at(ended) if isinstance(ended, (int, float)) else None,
        unwatched=facts.get("unwatched") is True,
        retry_of=_text(facts.get("retry_of")),
    )


def _text(fact: JsonValue) -> str | None:
    return fact if isinstance(fact, str) else None


def rollout_id(summary: Summary) -> str:
    """The id in a row's stream, `rollout:ID`."""
    return summary.stream.partition(":")[2]


def rollout(view: RolloutView) -> d.RolloutDocument:
    """One rollout."""
    state = view.state
    admitted = state.admitted
    return d.RolloutDocument(
        id=state.id,
        application=admitted.application,
        environment=admitted.environment,
        release=admitted.release,
        previous_release=admitted.previous_release,
        strategy=admitted.strategy,
        phase=state.phase,
        waiting_for=state.waiting_for.value if state.waiting_for else None,
        weight=weight(state),
        instances=_instances(view),
        step=_position(state),
        reason=state.reason,
        started_at=at(state.admitted_at),
        finished_at=at(state.ended_at) if state.ended_at is not None else None,
        plan=[step(index, each) for index, each in enumerate(admitted.plan.steps, 1)],
        verdicts=[_verdict(view, monitor) for monitor in admitted.monitors],
        actor=state.actor,
        seq=state.seq,
        watched=view.watched,
        step_started_at=at(state.step_started_at) if state.started and not state.phase.ended else None,
        hold_until=state.extended,
        unwatched=admitted.unwatched,
        retry_of=admitted.retry_of,
        why=admitted.reason,
        plan_digest=admitted.plan_digest,
        groups=dict(admitted.groups),
        outcome=view.outcome,
        node=state.node or None,
        daemon=view.driver.daemon.member.id if view.driver.daemon else None,
        problem=view.driver.problem or None,
        advice=view.driver.advice or None,
    )


def weight(state: RolloutState) -> Number:
    """The new release's share of traffic in percent: 100 after promotion, 0 after a rollback."""
    return 100 if state.promoted else percent(state.weight)


def _position(state: RolloutState) -> d.PositionDocument:
    steps = state.admitted.plan.steps
    index = min(state.step, len(steps))
    return d.PositionDocument(index=index, of=len(steps), name=steps[index - 1].name if steps else "")


def _instances(view: RolloutView) -> d.InstancesDocument:
    stable, canary = (_count(view, role, _wanted(view.state, role)) for role in (STABLE, CANARY))
    return d.InstancesDocument(stable=stable, canary=canary)


def _count(view: RolloutView, role: Role, wanted: int) -> d.CountDocument:
    group = view.state.admitted.groups.get(role)
    health = view.health.get(group, GroupHealth(known=False)) if group else GroupHealth()
    return d.CountDocument(ready=health.ready if health.known else None, wanted=wanted)


def _wanted(state: RolloutState, role: Role) -> int:
    """What the steps begun so far ask for; nothing of a group that was taken away or is not there yet."""
    if role not in state.admitted.groups or (role == CANARY and state.gone):
        return 0
    wanted = state.admitted.instances if role == STABLE else 0
    for begun in state.admitted.plan.steps[: state.step if state.started else state.step - 1]:
        match begun.does:
            case Provision(group=group, size=size) if group == role:
                wanted = size
            case Retire(group=group) if group == role:
                wanted = 0
    return wanted


def _verdict(view: RolloutView, monitor: e.MonitorUse) -> d.VerdictDocument:
    judgement = view.judgements.get(monitor.name) or _recorded(view.state, monitor.name)
    evidence = encode(judgement.numbers)
    return d.VerdictDocument(
        monitor=monitor.name,
        verdict=judgement.verdict,
        reason=judgement.reason,
        evidence=evidence if isinstance(evidence, dict) else {},
        dry_run=monitor.dry_run,
    )


def _recorded(state: RolloutState, monitor: str) -> Judgement:
    last = state.verdicts.get(monitor)
    if last is None:
        return Judgement(Verdict.NO_DATA, "not evaluated yet")
    return Judgement(last.verdict.verdict, last.verdict.reason, last.verdict.evidence)
