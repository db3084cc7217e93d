"""The audit trail over all models: by who, what and when, in pages, and never a repetition or a gap."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from trimtab.aws.audit import AuditTrail, entry_write
from trimtab.aws.pages import LOOKED_AT, ROUNDS
from trimtab.domain.audit import AuditEntry, Wanted
from trimtab.errors import InvalidInput

START = datetime(2026, 11, 9, 8, tzinfo=UTC)


def entry(number: int, model: str = "churn", actor: str = "ann", **more) -> AuditEntry:
    given = {"subject": f"version {number}", "action": "VersionApproved", **more}
    at = START + timedelta(minutes=number)
    return AuditEntry(
        id=f"{number:032x}", model=model, at=at, actor=actor, reason=f"{number}", **given
    )


@pytest.fixture
def trail(platform) -> AuditTrail:
    for number in range(10):
        model = "churn" if number % 2 else "delays"
        actor = "ann" if number < 8 else "bob"
        platform.table.commit(entry_write(entry(number, model, actor)))
    return AuditTrail(platform.table)


def numbers(trail: AuditTrail, limit: int = 50, **wanted) -> list[int]:
    """Walk through all pages."""
    found, after, begun = [], None, False
    while after is not None or not begun:
        begun = True
        page, after = trail.search(Wanted(**wanted), limit=limit, after=after)
        assert len(page) <= limit
        found += [int(one.reason) for one in page]
    return found


@pytest.mark.parametrize("limit", [1, 3, 10, 50])
def test_all_models_are_told_newest_first_whatever_the_page(trail, limit):
    assert numbers(trail, limit) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert numbers(trail, limit, model="churn") == [9, 7, 5, 3, 1]


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_trail_is_searched_by_actor_subject_action_and_time(trail, limit):
    assert numbers(trail, limit, actor="bob") == [9, 8]
    assert numbers(trail, limit, subject="version 4") == [4]
    assert numbers(trail, limit, action="VersionRejected") == []
    since, until = START + timedelta(minutes=2), START + timedelta(minutes=5)
    assert numbers(trail, limit, since=since, until=until) == [5, 4, 3, 2]
    assert numbers(trail, limit, since=since, until=until, model="delays") == [4, 2]


def test_a_time_that_ends_before_it_begins_holds_nothing(trail):
    assert numbers(trail, since=START + timedelta(days=1), until=START) == []
    assert numbers(trail, since=START + timedelta(days=1)) == []


def test_the_zone_of_a_time_makes_no_difference(trail, platform):
    late = entry(99).model_copy(
        update={"at": START.astimezone(timezone(timedelta(hours=9))) + timedelta(hours=1)}
    )
    platform.table.commit(entry_write(late))
    assert numbers(trail, limit=1)[0] == 99
    assert numbers(trail, since=START + timedelta(minutes=30)) == [99]


@pytest.mark.parametrize("token", ["VERSION#1", "AUDI", ""])
def test_a_made_up_token_is_refused_or_only_a_place_to_go_on_from(trail, token):
    with pytest.raises(InvalidInput, match="not a page token"):
        trail.search(Wanted(), after=token)
    assert trail.search(Wanted(), after="AUDIT#zzz")[0] == trail.search(Wanted())[0]
    assert trail.search(Wanted(), after="AUDIT#")[0] == []


def test_what_matches_nothing_is_searched_in_bounded_pieces_to_the_end(platform):
    count = LOOKED_AT * ROUNDS + 20
    writes = [entry_write(entry(number)) for number in range(1, count)]
    writes.insert(0, entry_write(entry(0, actor="bob")))
    client = platform.runtime.client("dynamodb")
    from trimtab.aws.items import Record, item_of

    for begin in range(0, count, 25):
        items = [
            {"PutRequest": {"Item": item_of(Record(w.pk, w.sk, 1, w.body, w.index))}}
            for w in writes[begin : begin + 25]
        ]
        client.batch_write_item(RequestItems={platform.runtime.settings.table: items})
    trail = AuditTrail(platform.table)
    page, after = trail.search(Wanted(actor="bob"))
    assert (page, after is not None) == ([], True)
    page, after = trail.search(Wanted(actor="bob"), after=after)
    assert ([one.reason for one in page], after) == (["0"], None)
