"""What every strategy keeps to. Inherit `StrategyContract` and give it `descriptor` and `settings`."""
# ruff: noqa: D102 - what a test is about stands in its name

import copy
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import ValidationError

from rollway.domain.plan import Observe, Plan, PlanContext, Promote, Provision, Retire, Shift, Step, Verify
from rollway.domain.split import WHOLE
from rollway.domain.words import CANARY, STABLE
from rollway.plugin.descriptor import StrategyDescriptor

CONTEXT = PlanContext(
    instances=3,
    has_stable=True,
    monitors=("error-rate", "latency"),
    drain=7.0,
    verify_deadline=120.0,
    target_capabilities=frozenset({"scale", "in_place", "drain"}),
    router_capabilities=frozenset({"weights", "match", "mirror", "drain"}),
)
"""A target and a router that can do everything."""

ROLES = frozenset({STABLE, CANARY})


class StrategyContract:
    """The promises of `Strategy`, for these settings and whatever is known when the plan is made."""

    @pytest.fixture
    def descriptor(self) -> StrategyDescriptor:
        """Give the descriptor of the strategy under test."""
        raise NotImplementedError

    @pytest.fixture
    def settings(self) -> Mapping[str, object]:
        """Give settings that are valid, as they stand beside `use:`."""
        raise NotImplementedError

    @pytest.fixture(params=[1, 2, 3, 10, 100])
    def context(self, request: pytest.FixtureRequest) -> PlanContext:
        """Give what is known, for so many instances."""
        return replace(CONTEXT, instances=request.param)

    @pytest.fixture
    def plan(
        self, descriptor: StrategyDescriptor, settings: Mapping[str, object], context: PlanContext
    ) -> Plan:
        """The plan under test."""
        return descriptor.factory().plan(settings, context)

    def test_its_model_takes_its_settings(
        self, descriptor: StrategyDescriptor, settings: Mapping[str, object]
    ) -> None:
        descriptor.settings.model_validate(settings)

    def test_its_model_refuses_what_it_does_not_know(
        self, descriptor: StrategyDescriptor, settings: Mapping[str, object]
    ) -> None:
        with pytest.raises(ValidationError):
            descriptor.settings.model_validate({**settings, "wieght": 5})

    def test_the_same_settings_are_the_same_plan(
        self, descriptor: StrategyDescriptor, settings: Mapping[str, object], context: PlanContext
    ) -> None:
        strategy = descriptor.factory()
        first = strategy.plan(settings, context)
        strategy.plan(settings, replace(context, instances=context.instances + 1))
        assert strategy.plan(settings, context) == first
        assert descriptor.factory().plan(copy.deepcopy(settings), context) == first

    def test_settings_are_left_as_they_were(
        self, descriptor: StrategyDescriptor, settings: Mapping[str, object], context: PlanContext
    ) -> None:
        before = copy.deepcopy(settings)
        descriptor.factory().plan(settings, context)
        assert settings == before

    def test_every_step_has_a_name_for_people(self, plan: Plan) -> None:
        assert all(step.name.strip() for step in plan.steps)
        assert all(step.source is None or step.source >= 1 for step in plan.steps)

    def test_groups_are_spoken_of_by_role(self, plan: Plan) -> None:
        named = {step.does.group for step in plan.steps if hasattr(step.does, "group")}
        shared = {
            role for step in plan.steps if isinstance(step.does, Shift) for role in step.does.split.shares
        }
        assert named | shared <= ROLES

    def test_it_promotes_once_and_retires_after(self, plan: Plan) -> None:
        does = [step.does for step in plan.steps]
        [promotion] = [index for index, each in enumerate(does) if isinstance(each, Promote)]
        assert does[promotion] == Promote(group=CANARY)
        assert all(isinstance(each, Retire) for each in does[promotion + 1 :])
        assert Retire(group=STABLE, after=CONTEXT.drain) in does[promotion + 1 :]

    def test_all_traffic_is_there_before_the_promotion(self, plan: Plan) -> None:
        before = plan.steps[: _promotion(plan)]
        [*_, last] = [step.does for step in before if isinstance(step.does, Shift)]
        assert last.split.of(CANARY) == WHOLE

    def test_shares_only_rise(self, plan: Plan) -> None:
        shares = [step.does.split.of(CANARY) for step in plan.steps if isinstance(step.does, Shift)]
        assert shares == sorted(shares)

    def test_there_are_instances_that_were_seen_healthy_before_any_traffic(self, plan: Plan) -> None:
        """Whatever is provisioned is verified before the next request is sent to it."""
        unseen = True
        for step in plan.steps:
            match step.does:
                case Provision(group=role) if role == CANARY:
                    unseen = True
                case Verify(group=role) if role == CANARY:
                    unseen = False
                case Shift(split=split) if split.of(CANARY):
                    assert not unseen, step.name

    def test_instances_suffice_for_the_share(self, plan: Plan, context: PlanContext) -> None:
        """As many of the full number as of the traffic, at least one; all of them before the promotion."""
        size = 0
        for step in plan.steps:
            match step.does:
                case Provision(group=role, size=wanted) if role == CANARY:
                    assert size <= wanted <= context.instances
                    size = wanted
                case Shift(split=split) if split.of(CANARY):
                    assert size >= max(1, context.instances * split.of(CANARY) / WHOLE)
                case Promote():
                    assert size == context.instances

    def test_what_is_watched_has_traffic(self, plan: Plan) -> None:
        share = 0
        for step in plan.steps:
            if isinstance(step.does, Shift):
                share = step.does.split.of(CANARY)
            if isinstance(step.does, Observe):
                assert share > 0, step.name
                assert step.does.duration > 0
                assert set(step.does.monitors) <= set(CONTEXT.monitors)

    def test_it_verifies_by_the_deadline_it_was_given(self, plan: Plan) -> None:
        verifications = _of(plan, Verify)
        assert verifications
        assert {step.does.deadline for step in verifications if isinstance(step.does, Verify)} == {
            CONTEXT.verify_deadline
        }

    def test_without_monitors_nothing_asks_for_one(
        self, descriptor: StrategyDescriptor, settings: Mapping[str, object], context: PlanContext
    ) -> None:
        plan = descriptor.factory().plan(settings, replace(context, monitors=()))
        assert all(not step.does.monitors for step in plan.steps if isinstance(step.does, Observe))


def _promotion(plan: Plan) -> int:
    return next(index for index, step in enumerate(plan.steps) if isinstance(step.does, Promote))


def _of(plan: Plan, kind: type) -> list[Step]:
    return [step for step in plan.steps if isinstance(step.does, kind)]
