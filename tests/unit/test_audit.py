"""Which entries of the audit trail are wanted."""

from datetime import UTC, datetime, timedelta

import pytest

from trimtab.domain.audit import AuditEntry, Wanted, name_of

NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
ANN = "arn:aws:iam::111122223333:user/ann"
ENTRY = AuditEntry(
    id="1", model="churn", at=NOON, actor=ANN, action="Moved", subject="version 2", reason="why"
)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"model": "churn"},
        {"subject": "version 2"},
        {"actor": ANN},
        {"actor": "user/ann"},
        {"action": "Moved"},
        {"since": NOON},
        {"until": NOON},
        {"since": NOON - timedelta(days=1), "until": NOON + timedelta(days=1), "actor": ANN},
    ],
)
def test_an_entry_is_wanted_by_each_thing_it_says(wanted):
    assert Wanted(**wanted).matches(ENTRY)


@pytest.mark.parametrize(
    "wanted",
    [
        {"model": "other"},
        {"subject": "version"},
        {"actor": "ann"},
        {"action": "moved"},
        {"since": NOON + timedelta(microseconds=1)},
        {"until": NOON - timedelta(microseconds=1)},
        {"actor": ANN, "action": "Left"},
    ],
)
def test_an_entry_is_not_wanted_by_anything_else(wanted):
    assert not Wanted(**wanted).matches(ENTRY)


def test_only_a_search_by_model_and_time_wants_every_entry_it_reads():
    assert Wanted(model="churn", since=NOON).is_of_time_only
    assert not Wanted(actor=ANN).is_of_time_only


def test_an_actor_is_called_by_what_follows_the_account():
    assert name_of(ANN) == "user/ann"
    assert name_of("roll_back") == "roll_back"
