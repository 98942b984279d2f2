"""What a rollout's life adds to the metrics."""

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from rollway.daemon.metrics import Gauges
from rollway.domain import events as e
from rollway.domain.words import Phase
from rollway.engine.standing import Standing
from tests.unit.daemon.histories import Telling, ended, failing, lowered, under_way


@pytest.fixture
def telling() -> Telling:
    return Telling()


def test_a_rollout_is_counted_in_the_phase_it_stands_in(telling: Telling) -> None:
    telling.tell(*under_way())
    assert telling.value("rollouts_started_total") == 1
    assert telling.value("rollouts", phase="running") == 1
    telling.tell((6.0, e.PauseRequested()))
    assert telling.value("rollouts", phase="paused") == 1
    assert telling.value("rollouts", phase="running") is None
    telling.tell(*failing(10.0))
    assert telling.value("rollouts", phase="rolling_back") is None
    assert telling.value("rollouts_ended_total", phase="rolled_back") == 1


def test_every_step_is_timed_by_its_kind(telling: Telling) -> None:
    telling.tell(*under_way())
    assert telling.value("step_seconds_sum", step="provision") == 0.0
    assert telling.value("step_seconds_sum", step="verify") == 3.0
    assert telling.value("step_seconds_sum", step="shift") == 0.5
    assert telling.value("step_seconds_count", step="observe") is None


def test_a_verdict_that_takes_a_release_back_is_timed_until_weight_0(telling: Telling) -> None:
    telling.tell(*under_way(), *failing(10.0))
    assert telling.value("verdicts_total", monitor="error-rate", verdict="fail") == 1
    assert telling.value("time_to_safety_seconds_sum", because="verdict") == pytest.approx(0.2)
    assert telling.value("exposure_seconds_sum") == pytest.approx(6.2)


def test_an_abort_is_timed_from_the_moment_it_was_asked_for(telling: Telling) -> None:
    telling.tell(
        *under_way(),
        (7.0, e.AbortRequested(reason="no")),
        (7.5, e.RollbackStarted(because=e.Because.ABORT, reason="no")),
        *lowered(8.0),
        *ended(9.0, Phase.ABORTED),
    )
    assert telling.value("time_to_safety_seconds_sum", because="abort") == pytest.approx(1.0)


def test_a_release_without_traffic_is_never_late(telling: Telling) -> None:
    telling.tell(
        *under_way()[:4],
        (3.0, e.StepFailed(step=2, reason="no")),
        (3.0, e.RollbackStarted(because=e.Because.STEP, reason="no")),
        *lowered(9.0),
    )
    assert telling.value("time_to_safety_seconds_count", because="step") is None
    assert telling.value("exposure_seconds_count") is None


def test_what_an_earlier_daemon_saw_is_not_guessed() -> None:
    before, after = Telling(), Telling()
    before.tell(*under_way())
    after.state = before.state
    after.tell(*failing(10.0))
    assert after.value("time_to_safety_seconds_sum", because="verdict") == pytest.approx(0.2)
    assert after.value("exposure_seconds_count") is None
    assert after.value("rollouts_ended_total", phase="rolled_back") == 1


def test_deaths_of_instances_are_counted(telling: Telling) -> None:
    died = e.InstanceDied(group="g", instance="i", detail="exited with code 1")
    telling.tell_environment(died, e.InstanceStopped(group="g", instance="i"))
    assert telling.value("instance_deaths_total") == 1


def test_no_label_holds_an_id_or_a_release(telling: Telling) -> None:
    telling.tell(*under_way(), *failing(10.0))
    text = generate_latest(telling.registry).decode()
    assert "r2" not in text
    assert "v2" not in text


def test_series_of_environments_that_are_no_more_are_dropped(telling: Telling) -> None:
    telling.tell(*under_way(), *failing(10.0))
    telling.metrics.keep_only({("shop", "prod")})
    assert telling.value("rollouts_started_total") == 1
    telling.metrics.keep_only({("shop", "beta")})
    assert 'environment="prod"' not in generate_latest(telling.registry).decode()


def test_gauges_show_what_stands_now(telling: Telling) -> None:
    telling.standing = [
        Standing("shop", "prod", wanted=3, ready=2, weight=0.25, evidence_age=0.5),
        Standing("shop", "beta"),
    ]
    assert telling.value("instances", state="wanted") == 3
    assert telling.value("instances", state="ready") == 2
    assert telling.value("rollout_weight_ratio") == 0.25
    assert telling.value("evidence_age_seconds") == 0.5
    assert telling.value("evidence_age_seconds", environment="beta") is None
    assert telling.value("rollouts", environment="beta", phase="running") == 0
    telling.standing = []
    assert telling.value("instances", state="wanted") is None


def test_gauges_are_not_asked_before_they_are_scraped() -> None:
    def too_early() -> list[Standing]:
        raise AssertionError

    CollectorRegistry().register(Gauges(too_early, list))


def test_a_commit_is_timed_and_a_failed_one_counted(telling: Telling) -> None:
    with telling.metrics.commit(3):
        pass
    with pytest.raises(OSError, match="disk"), telling.metrics.commit(2):
        raise OSError("disk")
    value = telling.registry.get_sample_value
    assert value("rollway_store_commit_seconds_count") == 1
    assert value("rollway_store_writes_total") == 3
    assert value("rollway_store_failures_total") == 1


def test_whoever_watches_and_fails_stops_nobody(
    telling: Telling, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling.metrics, "started", None)
    telling.tell(*under_way()[:1])
    assert telling.state is not None
    assert "could not be counted" in caplog.text
