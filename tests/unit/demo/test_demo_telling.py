"""From events and documents of the API to sentences."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from rollway.demo.documents import EventDocument, RolloutDocument
from rollway.demo.telling import Sentence, Tone, odds, tell

PLAN = [
    {"index": 1, "name": "start 1 instance", "kind": "provision"},
    {"index": 2, "name": "25% of traffic", "kind": "shift", "weight": 25},
    {"index": 3, "name": "watch for 10 s", "kind": "observe"},
]


def rollout(**changes: object) -> RolloutDocument:
    document = {"id": "r1", "release": "1.2", "previous_release": "1.1", "phase": "running", "plan": PLAN}
    return RolloutDocument.model_validate({**document, **changes})


def event(kind: str, **data: object) -> EventDocument:
    return EventDocument(seq=1, at=datetime(2026, 1, 1, tzinfo=UTC), type=kind, data=data)


def evidence(**changes: float) -> Mapping[str, object]:
    return {
        "log_e": 5.0,
        "threshold_fail": 4.605,
        "log_clear": 3.5,
        "threshold_pass": 2.996,
        "canary": {"requests": 400, "bad": 21},
        "stable": {"requests": 1200, "bad": 0},
        "dispersion": 1.0,
        **changes,
    }


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (event("RolloutAdmitted"), Sentence("1.2", "goes out in 3 steps, compared with 1.1")),
        (event("StepStarted", step=2, key="k"), Sentence("1.2", "step 2/3: 25% of traffic")),
        (event("StepStarted", step=1, key="k"), Sentence("1.2", "step 1/3: start 1 instance", Tone.QUIET)),
        (event("StepStarted", step=9, key="k"), None),
        (event("StepStarted", key="k"), None),
        (
            event(
                "VerdictReached",
                monitor="error-rate",
                verdict="fail",
                reason="canary fails 5%",
                evidence=evidence(),
            ),
            Sentence(
                "1.2", "error-rate: FAIL, canary fails 5% (evidence against it 148, 100 is enough)", Tone.BAD
            ),
        ),
        (
            event(
                "VerdictReached", monitor="error-rate", verdict="pass", reason="clear", evidence=evidence()
            ),
            Sentence("1.2", "error-rate: pass, clear (evidence for it 33, 20 is enough)", Tone.GOOD),
        ),
        (event("VerdictReached", monitor="error-rate", verdict="no_data", reason="nothing yet"), None),
        (
            event("VerdictReached", monitor="error-rate", verdict="inconclusive", evidence={"log_e": "?"}),
            None,
        ),
        (
            event("EvidenceAwaited", step=3, reason="no traffic"),
            Sentence("1.2", "waits for evidence: no traffic", Tone.BAD),
        ),
        (
            event("RollbackStarted", because="verdict", reason="said before"),
            Sentence("1.2", "is taken back", Tone.BAD),
        ),
        (
            event("WeightLowered", group="g", split={}, reason="said before"),
            Sentence("1.2", "weight 0: no request goes to it any more", Tone.GOOD),
        ),
        (
            event("RolloutEnded", phase="promoted", reason=""),
            Sentence("1.2", "promoted: it has all traffic", Tone.GOOD),
        ),
        (
            event("RolloutEnded", phase="rolled_back", reason="error-rate failed"),
            Sentence("1.2", "rolled back: error-rate failed", Tone.BAD),
        ),
        (event("RolloutEnded", phase="whatever"), Sentence("1.2", "whatever")),
        (event("StepFinished", step=1), None),
        (event("SomethingNew", whatever=1), None),
    ],
)
def test_each_event_has_its_sentence_or_none(happened: EventDocument, expected: Sentence | None) -> None:
    assert tell(happened, rollout()) == expected


def test_a_first_release_says_that_there_is_nothing_to_compare_with() -> None:
    sentence = tell(event("RolloutAdmitted"), rollout(previous_release=None))
    assert sentence == Sentence("1.2", "goes out in 3 steps, the first release: nothing to compare it with")


def test_evidence_that_cannot_be_read_does_not_hide_the_verdict() -> None:
    sentence = tell(
        event("VerdictReached", monitor="m", verdict="fail", reason="r", evidence={"log_e": []}), rollout()
    )
    assert sentence
    assert sentence.text.startswith("m: FAIL, r")


@pytest.mark.parametrize(
    ("log_e", "text"),
    [(0, "1"), (4.60517, "100"), (-3, "0.05"), (8, "2,981"), (20, "over 10,000"), (1e6, "over 10,000")],
)
def test_evidence_is_read_as_odds(log_e: float, text: str) -> None:
    assert odds(log_e) == text


@pytest.mark.parametrize(
    ("phase", "ended", "promoted"),
    [
        ("running", False, False),
        ("paused", False, False),
        ("promoting", False, False),
        ("rolling_back", False, False),
        ("baking", True, True),
        ("promoted", True, True),
        ("rolled_back", True, False),
        ("aborted", True, False),
        ("failed", True, False),
    ],
)
def test_a_rollout_ends_in_one_of_its_ends(phase: str, ended: bool, promoted: bool) -> None:
    assert (rollout(phase=phase).ended, rollout(phase=phase).promoted) == (ended, promoted)


def test_documents_may_say_more_than_is_read() -> None:
    read = rollout(
        step={"index": 2, "of": 3, "name": "25% of traffic", "new": True},
        weight=25,
        instances={"stable": {"ready": 3, "wanted": 3}},
        verdicts=[{"monitor": "error-rate", "verdict": "inconclusive", "evidence": evidence(), "more": 1}],
    )
    assert read.weight == 25
    assert read.verdicts[0].evidence.canary.bad == 21


def test_what_is_null_is_as_if_it_were_not_there() -> None:
    read = rollout(
        weight=None, verdicts=[{"monitor": "m", "verdict": "no_data", "evidence": {"log_e": None}}]
    )
    assert read.weight == 0
    assert read.verdicts[0].evidence.log_e == 0
