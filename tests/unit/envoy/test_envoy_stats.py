"""Counters read from what Envoy's admin writes."""

from rollway.api import GroupCounters, Histogram
from rollway_plugins.envoy.stats import read

TEXT = """\
cluster.g1;v1.2+rc;.upstream_cx_destroy_remote_with_active_rq: 2
cluster.g1;v1.2+rc;.upstream_rq_5xx: 3
cluster.g1;v1.2+rc;.upstream_rq_completed: 40
cluster.g1;v1.2+rc;upgraded;.upstream_cx_destroy_remote_with_active_rq: 9
cluster.g1;v1.2+rc;upgraded;.upstream_rq_5xx: 1
cluster.g1;v1.2+rc;upgraded;.upstream_rq_completed: 10
cluster.g2;v2;.upstream_cx_destroy_remote_with_active_rq: 1
cluster.g2;v2;.upstream_rq_5xx: 1
cluster.g2;v2;.upstream_rq_completed: 1
cluster.g3;v3;.upstream_rq_completed: 0
cluster_manager.cds.update_rejected: 0
cluster.g1;v1.2+rc;.upstream_rq_time: B1(0,30) B1.25(1,31) B60000(0,40)
cluster.g1;v1.2+rc;upgraded;.upstream_rq_time: B1(0,3) B1.25(0,3) B60000(0,10)
cluster.g3;v3;.upstream_rq_time: No recorded values
"""


def test_counters_by_group() -> None:
    found = read(TEXT)
    assert found["g1"] == GroupCounters(50, 6, Histogram((1.0, 1.25, 60_000.0), (30, 31, 40)))
    assert found["g3"] == GroupCounters(0, 0)
    assert set(found) == {"g1", "g2", "g3"}


def test_a_bad_answer_that_breaks_off_is_one_bad_request() -> None:
    assert read(TEXT)["g2"] == GroupCounters(1, 1)


def test_nothing_is_nothing() -> None:
    assert read("") == {}
