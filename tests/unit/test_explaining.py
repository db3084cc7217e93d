"""Why a model was trained, or was not, in one sentence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trimtab.domain.audit import AuditEntry
from trimtab.domain.explaining import Why, explained

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
SINCE = NOON - timedelta(days=1)
SPAN = "between 2026-11-08 12:00Z and 2026-11-09 12:00Z"


def entry(
    action: str, minutes: int, after: Any, reason: str = "because", **told: Any
) -> AuditEntry:
    """Return an audit entry of so many minutes before noon."""
    at = NOON - timedelta(minutes=minutes)
    told = {"actor": "request_training", "subject": "training on dataset 2", **told}
    return AuditEntry(
        id=str(minutes), model="churn", at=at, action=action, after=after, reason=reason, **told
    )


def decided(action: str, minutes: int, key: str = "drift-1", **told: Any) -> AuditEntry:
    """Return the entry of a decision on drift."""
    cause = {"kind": "drift", "key": key}
    return entry(action, minutes, {"decision": {"cause": cause, **told}})


def ended(minutes: int, request_id: str) -> AuditEntry:
    """Return the entry of a run's end."""
    return entry(
        "TrainingFinished",
        minutes,
        {"phase": "failed"},
        "auc 0.5 < 0.6",
        subject=f"request {request_id}",
    )


def why(*entries: AuditEntry) -> Why:
    """Return the answer."""
    return explained(
        "churn", entries, since=SINCE, until=NOON, running=None, waiting=(), budget=None
    )


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("TrainingSkipped", "was no reason enough: because."),
        ("TrainingDeferred", "waits: because."),
        ("TrainingJoined", "joined what was under way: because."),
    ],
)
def test_the_last_cause_is_told_with_its_outcome(action, told):
    sentence = why(decided(action, 1), decided("TrainingDeferred", 5)).sentence
    assert sentence == f"churn was not trained {SPAN}: 1 cause came; the last, drift, {told}"
    several = why(decided(action, 1), decided("TrainingDeferred", 5, "drift-2")).sentence
    assert "2 causes came" in several


def test_the_last_run_is_told_with_its_end():
    start = decided("TrainingRequested", 9, request_id="r-1")
    sentence = why(ended(1, "r-1"), decided("TrainingSkipped", 5), start).sentence
    assert sentence == (
        "A run was started at 2026-11-09 11:51Z for drift: because. "
        "It ended as failed: auc 0.5 < 0.6."
    )
    both = why(decided("TrainingRequested", 2, "drift-2", request_id="r-2"), ended(3, "r-1"), start)
    assert both.sentence == (
        "2 runs were started, the last at 2026-11-09 11:58Z for drift: because. "
        "It had not ended by then."
    )


def test_entries_of_other_things_and_of_before_there_were_causes_in_them_are_passed_over():
    told = why(entry("RolloutPromoted", 1, {}), entry("TrainingSkipped", 2, None))
    assert told.causes == ()
    assert told.sentence == f"churn was not trained {SPAN}: nothing asked for it."
