"""Environments as documents."""

from __future__ import annotations

from collections.abc import Sequence

from rollway.domain.environment import EnvironmentState, GroupState, StableRecord
from rollway.domain.instances import Health, Instance
from rollway.domain.words import CANARY
from rollway.engine.rollcall import Seen
from rollway.engine.usecases import EnvironmentView
from rollway.http import documents as d
from rollway.http.encoding import at, percent


def environment(view: EnvironmentView) -> d.EnvironmentDocument:
    """What runs in one environment, at what weight."""
    state = view.state
    listen = state.last.router_settings.get("listen") if state.last else None
    return d.EnvironmentDocument(
        application=state.application,
        environment=state.name,
        phase=state.phase,
        release=state.stable_release,
        rollout=state.rollout,
        groups=[_group(state, group, view.instances) for group in state.groups.values()],
        history=[_promoted(record) for record in state.promoted],
        router_running=view.router.running if view.router else None,
        listen=listen if isinstance(listen, str) else None,
        node=state.node or None,
        daemon=daemon(view.driver.daemon) if view.driver.daemon else None,
        problem=view.driver.problem or None,
        advice=view.driver.advice or None,
    )


def daemon(seen: Seen) -> d.DaemonDocument:
    """A daemon of the same data."""
    return d.DaemonDocument(
        id=seen.member.id,
        node=seen.member.node,
        url=seen.member.url,
        version=seen.member.version,
        me=seen.me,
        alive=seen.alive,
        silent_for=round(seen.silence, 1),
        shares=seen.shares,
        holds_node=seen.holds_node,
    )


def _group(
    state: EnvironmentState, group: GroupState, instances: Sequence[Instance] | None
) -> d.GroupDocument:
    own = [each for each in instances or () if each.group == group.id]
    return d.GroupDocument(
        id=group.id,
        release=group.release,
        role=_role(state, group),
        weight=percent(state.split.of(group.id)),
        wanted=group.wanted,
        ready=None if instances is None else sum(each.health is Health.HEALTHY for each in own),
        instances=[_instance(each) for each in own],
    )


def _role(state: EnvironmentState, group: GroupState) -> str:
    if group.id == state.stable:
        return "stable"
    active = state.rollout is not None and state.last is not None
    if active and state.last and state.last.groups.get(CANARY) == group.id and group.retired_at is None:
        return "canary"
    return "retired"


def _instance(each: Instance) -> d.InstanceDocument:
    return d.InstanceDocument(
        id=each.id,
        health=each.health.value,
        address=str(each.address) if each.address else None,
        detail=each.detail,
    )


def _promoted(record: StableRecord) -> d.PromotedDocument:
    return d.PromotedDocument(
        release=record.release, rollout=record.rollout, at=at(record.at), taken_back=record.taken_back
    )
