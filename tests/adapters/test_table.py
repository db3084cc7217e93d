"""The table and what is believed of it: one write costs one call, and a wrong belief is found out."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.tracking_world import World, at_once, world
from trimtab.aws.beliefs import Beliefs, Decision
from trimtab.aws.items import LARGE
from trimtab.aws.table import Absent, Confirm, Create, Delete, Put, Record, Replace, Stale
from trimtab.errors import Contended, InvalidInput, NotFound


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def aws(shared: World) -> World:
    shared.reset()
    return shared


def test_a_single_write_is_no_transaction_and_its_refusal_tells_what_is_there(aws: World):
    table = aws.process().table
    assert aws.counted(lambda: table.commit(Create("p", "s", {"n": 1}))) == ["PutItem"]
    with pytest.raises(Stale) as stale:
        table.commit(Create("p", "s", {"n": 2}))
    assert (stale.value.lost, stale.value.current) == (["s"], Record("p", "s", 1, {"n": 1}))
    seen = table.read("p", "s")
    table.commit(Replace(seen, {"n": 3}))
    with pytest.raises(Stale) as stale:
        table.commit(Replace(seen, {"n": 4}))
    assert stale.value.current == Record("p", "s", 2, {"n": 3})
    with pytest.raises(Stale) as stale:
        table.commit(Replace(Record("p", "none", 1, {}), {}))
    assert stale.value.current is None


def test_several_writes_are_done_together_or_not_at_all(aws: World):
    table = aws.process().table
    table.commit(Create("p", "a", {}), Create("p", "gone", {}), Put("p", "b", {"n": 1}))
    seen = table.read("p", "a")
    table.commit(Confirm(seen), Absent("p", "c"), Put("p", "b", {"n": 2}), Delete("p", "gone"))
    assert [one.sk for one in table.records("p")[0]] == ["a", "b"]
    with pytest.raises(Stale) as stale:
        table.commit(Put("p", "d", {}), Absent("p", "b"))
    assert stale.value.lost == ["b"]
    assert table.read("p", "d") is None
    with pytest.raises(Stale):
        table.commit(Absent("p", "b"))


def test_what_is_put_or_deleted_again_is_as_it_was(aws: World):
    table = aws.process().table
    for _ in range(2):
        table.commit(Put("p", "s", {"n": 1}))
        assert table.read("p", "s") == Record("p", "s", 1, {"n": 1})
    for _ in range(2):
        table.commit(Delete("p", "s"))
        assert table.read("p", "s") is None


def test_a_large_body_takes_little_room_and_comes_back_as_it_was(aws: World):
    table = aws.process().table
    body = {"text": "ü" * LARGE, "numbers": [1.5, float("inf")]}
    table.commit(Create("p", "s", body))
    item = aws.dynamodb.get_item(TableName="trimtab-dev", Key={"pk": {"S": "p"}, "sk": {"S": "s"}})
    assert len(item["Item"]["packed"]["B"]) < LARGE / 10
    assert table.read("p", "s").body == body


def test_many_records_are_read_a_hundred_at_a_time(aws: World):
    table = aws.process().table
    for start in range(0, 150, 50):
        table.commit(*(Put("p", f"{n:03d}", {"n": n}) for n in range(start, start + 50)))
    wanted = [("p", f"{n:03d}") for n in range(160)] + [("p", "000")]
    calls = aws.counted(lambda: table.read_many(wanted))
    assert calls == ["BatchGetItem"] * 2
    found = table.read_many(wanted)
    assert sorted(record.body["n"] for record in found.values()) == list(range(150))
    assert table.read_many([]) == {}


def test_records_between_two_keys_come_either_way_in_pages(aws: World):
    table = aws.process().table
    table.commit(*(Put("p", key, {}) for key in "abcdef"))
    found, after = table.records("p", between=("b", "e"), limit=3)
    assert [one.sk for one in found] == ["b", "c", "d"]
    rest, end = table.records("p", between=("b", "e"), limit=3, after=after)
    assert ([one.sk for one in rest], end) == (["e"], None)
    down, _ = table.records("p", between=("b", "e"), newest_first=True)
    assert [one.sk for one in down] == ["e", "d", "c", "b"]
    with pytest.raises(InvalidInput):
        table.records("p", between=("b", "e"), after="f")


def test_a_warm_change_is_one_call_and_a_cold_one_two(aws: World):
    def count(record: Record | None) -> Decision[int]:
        n = record.body["n"] + 1
        return Decision(n, [Replace(record, {"n": n})])

    first = aws.process().beliefs
    aws.process().table.commit(Create("p", "s", {"n": 0}))
    assert aws.counted(lambda: first.change("p", "s", count)) == ["GetItem", "PutItem"]
    assert aws.counted(lambda: first.change("p", "s", count)) == ["PutItem"]
    second = aws.process().beliefs
    assert second.change("p", "s", count) == 3
    # The first one's belief is wrong now: its write is refused with what is there, and repeated on that.
    assert aws.counted(lambda: first.change("p", "s", count)) == ["PutItem", "PutItem"]
    assert first.read("p", "s").body == {"n": 4}


def test_a_refusal_that_rests_on_a_belief_is_weighed_again_on_the_record(aws: World):
    beliefs, table = aws.process().beliefs, aws.process().table
    table.commit(Create("p", "s", {"open": False}))
    beliefs.read("p", "s")
    table.commit(Replace(table.read("p", "s"), {"open": True}))

    def enter(record: Record | None) -> Decision[str]:
        if record is None or not record.body["open"]:
            raise NotFound("it is closed")
        return Decision("in")

    assert beliefs.change("p", "s", enter) == "in"
    table.commit(Delete("p", "s"))
    with pytest.raises(NotFound):
        aws.process().beliefs.change("p", "s", enter)


def test_a_decision_to_write_nothing_is_taken_on_the_record_too(aws: World):
    beliefs, table = aws.process().beliefs, aws.process().table
    table.commit(Create("p", "s", {"n": 1}))
    beliefs.read("p", "s")
    table.commit(Replace(table.read("p", "s"), {"n": 2}))
    assert beliefs.change("p", "s", lambda record: Decision(record.body["n"])) == 2


def test_counting_in_many_processes_loses_nothing(aws: World):
    aws.process().table.commit(Create("p", "s", {"n": 0}))

    def count(record: Record | None) -> Decision[None]:
        return Decision(None, [Replace(record, {"n": record.body["n"] + 1})])

    def work() -> None:
        beliefs = aws.process().beliefs
        for _ in range(5):
            beliefs.change("p", "s", count)

    assert at_once(*[work] * 8) == []
    assert aws.process().table.read("p", "s").body == {"n": 40}


def test_who_is_always_too_late_is_told_to_repeat(aws: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trimtab.aws.beliefs.PATIENCE", 0.3)
    rival = aws.process().table
    rival.commit(Create("p", "s", {"n": 0}))

    def outrun(record: Record | None) -> Decision[None]:
        rival.commit(Replace(rival.read("p", "s"), {"n": 0}))
        return Decision(None, [Replace(record, {"n": 1})])

    with pytest.raises(Contended, match="others changed s before each of"):
        aws.process().beliefs.change("p", "s", outrun)


def test_a_belief_has_an_age_and_only_so_many_are_kept(aws: World):
    table = aws.process().table
    table.commit(*(Put("p", key, {}) for key in "abc"))
    beliefs = Beliefs(table, kept=2)
    for key in "abc":
        beliefs.read("p", key)
    assert aws.counted(lambda: beliefs.recall("p", "c", within=60)) == []
    assert aws.counted(lambda: beliefs.recall("p", "c", within=0)) == ["GetItem"]
    assert aws.counted(lambda: beliefs.recall("p", "a", within=60)) == ["GetItem"]
    assert beliefs.read("p", "none") is None


def test_an_error_that_is_no_refusal_is_passed_on(aws: World):
    with pytest.raises(ClientError):
        aws.process().table.commit(Put("", "s", {}))
    with pytest.raises(ClientError):
        aws.process().table.commit(Put("", "s", {}), Put("p", "s", {}))
