"""What becomes of everything that can arrive under incoming/."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.validate_dataset.handler import lambda_handler
from tests import flights
from tests.intake_world import BUCKET, CONTEXT, EVENT, SETTINGS, World, a_world
from trimtab.domain.columns import Column, ColumnType, Range
from trimtab.domain.contract import SinceLast
from trimtab.domain.datasets import NO_MODEL, Arrival
from trimtab.domain.events import DatasetAccepted
from trimtab.domain.profile import Profile
from trimtab.domain.windows import Window
from trimtab.errors import InvalidInput

KEY = "incoming/flights/january.csv"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with a_world(flights.spec()) as made:
        yield made


def kinds(world: World) -> list[str]:
    return [event["detail-type"] for event in world.events()]


def test_a_good_file_becomes_dataset_version_1(world):
    body = flights.csv(12)
    answer = world.arrive(KEY, body)
    assert (answer["outcome"], answer["dataset_version"]) == ("accepted", 1)
    (event,) = world.events()
    assert event["detail-type"] == "DatasetAccepted"
    told = DatasetAccepted.model_validate(event["detail"], strict=False)
    assert (told.dataset_version, told.batch_key, told.batch_rows, told.rows) == (1, KEY, 12, 12)
    (batch,) = json.loads(world.read(told.manifest_uri))["batches"]
    assert (batch["key"], batch["size"], batch["rows"]) == (KEY, len(body), 12)
    pinned = world.s3.get_object(Bucket=BUCKET, Key=KEY, VersionId=batch["version_id"])
    assert pinned["Body"].read() == body


def test_the_change_its_audit_entry_and_its_event_say_the_same_sentence(world):
    world.arrive(KEY, flights.csv(12))
    (event,) = world.events()
    (entry,) = world.audit()
    assert (entry.action, entry.subject, entry.actor) == (
        "DatasetAccepted",
        "dataset 1",
        "validate_dataset",
    )
    assert entry.reason == event["detail"]["reason"] == world.datasets().get("flights", 1).reason
    assert "all 12 rows" in entry.reason


def test_each_good_file_adds_a_version_with_all_batches_before_it(world):
    for month in range(3):
        world.arrive(f"incoming/flights/{month}.csv", flights.csv(10, 100 * month))
    latest = world.datasets().latest("flights")
    assert (latest.version, latest.rows, latest.batch_count, latest.batch_rows) == (3, 30, 3, 10)
    assert [batch.key[-5:] for batch in world.manifest(3).batches] == ["0.csv", "1.csv", "2.csv"]
    assert latest.batches_digest == world.manifest(3).digest


def test_a_window_keeps_the_newest_batches_only(world):
    world.know(flights.spec(window=Window(last=2)))
    for month in range(3):
        world.arrive(f"incoming/flights/{month}.csv", flights.csv(10, 100 * month))
    assert [batch.key[-5:] for batch in world.manifest(3).batches] == ["1.csv", "2.csv"]
    assert world.datasets().latest("flights").rows == 20


def test_the_profiles_of_batches_are_kept_and_merge_to_that_of_their_version(world):
    for month in range(2):
        world.arrive(f"incoming/flights/{month}.csv", flights.csv(10, 100 * month))
    manifest = world.manifest(2)
    one, two = (Profile.model_validate_json(world.read(b.profile_uri)) for b in manifest.batches)
    assert two.merge(one) == Profile.model_validate_json(world.read(manifest.profile_uri))
    assert world.datasets().latest("flights").profile_uri == manifest.profile_uri


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "EMPTY_FILE"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "NOT_CSV_OR_PARQUET"),
        (flights.csv().replace(b"late", b"tardy", 1), "MISSING_COLUMN"),
        (flights.csv(row3="2013-01-01,AA"), "FIELD_COUNT"),
        (flights.csv(row3=flights.row(1) + ",x,y"), "FIELD_COUNT"),
        (flights.csv(row3="2013-01-01,ZZ,100,1,true,0"), "NOT_ALLOWED_VALUE"),
        (b"PAR1" + bytes(64), "UNREADABLE"),
    ],
)
def test_a_bad_file_is_quarantined_with_its_reasons_and_nothing_else_moves(world, body, code):
    arrival = world.put(KEY, body)
    answer = world.deliver(arrival)
    assert (answer["outcome"], code in answer["anomalies"]) == ("quarantined", True)
    report = json.loads(world.read(answer["report_uri"]))
    assert (report["key"], report["version_id"]) == (KEY, arrival.version_id)
    assert report["anomalies"][0]["sentence"] in report["reason"]
    assert world.read(report["copy_uri"]) == body
    assert world.read(KEY) == body
    (event,) = world.events()
    assert event["detail-type"] == "DatasetQuarantined"
    assert event["detail"]["anomalies"] == answer["anomalies"]
    (entry,) = world.audit()
    assert (entry.action, entry.reason) == ("DatasetQuarantined", report["reason"])
    assert world.datasets().latest("flights") is None
    (listed,), _ = world.datasets().quarantined("flights")
    assert (listed.key, listed.report_uri) == (KEY, answer["report_uri"])


@pytest.mark.parametrize("name", ["a b.csv", "a+b.csv", "é ñ 日本.csv", "a%2Fb?versionId=1&c.csv"])
def test_a_key_is_taken_as_it_is_written(world, name):
    key = f"incoming/flights/{name}"
    assert world.arrive(key, flights.csv())["outcome"] == "accepted"
    assert world.manifest(1).batches[0].key == key
    assert world.arrive(key, b"broken")["outcome"] == "quarantined"


@pytest.mark.parametrize(
    ("key", "model", "sentence"),
    [
        (
            "incoming/flihgts/a.csv",
            "flihgts",
            "there is no model flihgts: this deployment knows flights",
        ),
        ("incoming/a.csv", NO_MODEL, "the object lies in no model's folder"),
        ("incoming//a.csv", NO_MODEL, "the object lies in no model's folder"),
        ("incoming/" + "x" * 900 + "/a.csv", "x" * 100, "there is no model"),
    ],
)
def test_a_file_of_no_known_model_is_kept_in_quarantine(world, key, model, sentence):
    answer = world.arrive(key, flights.csv())
    assert (answer["outcome"], answer["model"]) == ("quarantined", model)
    assert answer["anomalies"] == ["UNKNOWN_MODEL"]
    assert answer["reason"].startswith(sentence)
    assert world.audit(model)[0].reason == answer["reason"]
    assert kinds(world) == ["DatasetQuarantined"]


def test_the_mark_of_a_folder_is_refused_in_writing(world):
    answer = world.arrive("incoming/flights/", b"")
    assert answer["outcome"] == "refused"
    assert world.audit()[0].action == "ObjectRefused"
    assert kinds(world) == []


def test_an_object_that_is_gone_is_refused_in_writing(world):
    arrival = world.put(KEY, flights.csv())
    world.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=arrival.version_id)
    assert world.deliver(arrival)["outcome"] == "refused"
    assert "gone" in world.audit()[0].reason


def test_an_object_under_a_delete_marker_is_still_read_by_its_version(world):
    arrival = world.put(KEY, flights.csv())
    world.s3.delete_object(Bucket=BUCKET, Key=KEY)
    assert world.deliver(arrival)["outcome"] == "accepted"


def test_the_same_event_twice_makes_one_version_and_tells_of_it_twice(world):
    arrival = world.put(KEY, flights.csv())
    assert world.deliver(arrival) == world.deliver(arrival)
    assert kinds(world) == ["DatasetAccepted", "DatasetAccepted"]
    assert world.datasets().latest("flights").version == 1
    assert len(world.audit()) == 1


def test_the_same_bad_event_twice_is_one_quarantine_told_twice(world):
    arrival = world.put(KEY, b"bad")
    assert world.deliver(arrival) == world.deliver(arrival)
    assert kinds(world) == ["DatasetQuarantined", "DatasetQuarantined"]
    assert len(world.audit()) == 1


@pytest.mark.parametrize("second", [KEY, "incoming/flights/copy of january.csv"])
def test_the_same_file_twice_is_a_recorded_duplicate(world, second):
    world.arrive(KEY, flights.csv())
    world.events()
    answer = world.arrive(second, flights.csv())
    assert (answer["outcome"], answer["dataset_version"]) == ("duplicate", 1)
    assert answer["reason"].endswith(f"as {KEY}, which made dataset version 1")
    assert kinds(world) == []
    assert world.audit()[0].action == "DuplicateRecorded"
    assert world.datasets().latest("flights").version == 1


def test_two_versions_of_one_key_are_two_batches_in_whatever_order_their_events_come(world):
    first = world.put(KEY, flights.csv(10))
    second = world.put(KEY, flights.csv(11))
    assert world.deliver(second)["dataset_version"] == 1
    assert world.deliver(first)["dataset_version"] == 2
    assert [batch.rows for batch in world.manifest(2).batches] == [11, 10]


def test_an_event_without_a_version_is_about_the_object_as_it_is(world):
    world.put(KEY, flights.csv())
    event = json.loads(EVENT.read_text())
    event["detail"]["object"] = {"key": KEY}
    assert lambda_handler(event, CONTEXT)["outcome"] == "accepted"


@pytest.mark.parametrize("detail", [{}, {"bucket": {"name": BUCKET}, "object": {"key": ""}}])
def test_an_event_of_another_shape_is_named_as_such(world, detail):
    with pytest.raises(InvalidInput, match="validate_dataset cannot read the event"):
        lambda_handler({"detail": detail}, CONTEXT)


def test_an_object_outside_incoming_is_not_taken_in(world):
    with pytest.raises(InvalidInput, match="is not under"):
        world.deliver(Arrival(key="datasets/flights/1/manifest.json", version_id="1"))


def test_no_temporary_file_is_left(world, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    world.arrive(KEY, flights.csv())
    world.arrive(KEY, b"bad")
    assert list(tmp_path.iterdir()) == []


def _wider(rows: int, first: int = 0) -> bytes:
    """A file with a column that the contract has not."""
    head, *lines = flights.csv(rows, first).decode().splitlines()
    return "\n".join([head + ",gate", *(f"{line},B{i}" for i, line in enumerate(lines))]).encode()


def test_a_new_column_is_told_once_and_keeps_nothing_out(world):
    for month, body in enumerate([flights.csv(10), _wider(10, 100), _wider(10, 200)]):
        assert world.arrive(f"incoming/flights/{month}.csv", body)["outcome"] == "accepted"
    told = [e["detail"] for e in world.events() if e["detail-type"] == "SchemaEvolved"]
    assert [(one["dataset_version"], one["new_columns"]) for one in told] == [(2, ["gate"])]
    assert told[0]["reason"] == "the batch of dataset version 2 has new columns gate"
    assert "1 column is not in the contract: gate" in world.datasets().get("flights", 3).reason
    world.arrive("incoming/flights/again.csv", flights.csv(10, 300))
    (back,) = [e["detail"] for e in world.events() if e["detail-type"] == "SchemaEvolved"]
    assert back["reason"] == "the batch of dataset version 4 has no more gate"


def test_a_contract_may_refuse_new_columns(world):
    strict = flights.CONTRACT.model_copy(update={"unknown_columns": "refuse"})
    world.know(flights.spec(contract=strict))
    assert world.arrive(KEY, _wider(10))["anomalies"] == ["UNKNOWN_COLUMN"]


def test_a_column_that_the_contract_gained_may_come_later_and_not_go_again(world):
    world.arrive("incoming/flights/0.csv", flights.csv(10))
    gate = Column(type=ColumnType.string, nullable=True)
    columns = {**flights.CONTRACT.columns, "gate": gate}
    world.know(flights.spec(contract=flights.CONTRACT.model_copy(update={"columns": columns})))
    world.events()
    assert world.arrive("incoming/flights/1.csv", flights.csv(10, 100))["outcome"] == "accepted"
    (event,) = [e["detail"] for e in world.events() if e["detail-type"] == "SchemaEvolved"]
    assert event["awaited_columns"] == ["gate"]
    assert world.arrive("incoming/flights/2.csv", _wider(10, 200))["outcome"] == "accepted"
    (event,) = [e["detail"] for e in world.events() if e["detail-type"] == "SchemaEvolved"]
    assert event["reason"] == "the batch of dataset version 3 has all columns of the contract"
    refused = world.arrive("incoming/flights/3.csv", flights.csv(10, 300))
    assert refused["anomalies"] == ["MISSING_COLUMN"]


def test_a_batch_is_compared_with_the_one_accepted_last(world):
    limits = SinceLast(minimum_rows=5, row_ratio=Range(minimum=0.5, maximum=2))
    world.know(flights.spec(contract=flights.CONTRACT.model_copy(update={"since_last": limits})))
    world.arrive("incoming/flights/0.csv", flights.csv(10))
    answer = world.arrive("incoming/flights/1.csv", flights.csv(30, 100))
    assert answer["anomalies"] == ["ROW_COUNT_CHANGED"]
    report = json.loads(world.read(answer["report_uri"]))
    assert report["compared_with"] == 1
    assert "30 rows, 3 times the 10 of the last accepted batch" in report["reason"]


def test_the_report_is_a_page_too(world):
    answer = world.arrive(KEY, flights.csv(row3="2013-01-01,Z|Z,5,1,true,0"))
    page = world.read(answer["report_uri"].replace("report.json", "report.md")).decode()
    assert page.startswith("# ✖ january.csv is in quarantine\n\n**2 rules are broken in 10 rows**")
    assert "| NOT_ALLOWED_VALUE | carrier | 10 % (1 row) | none | 3 | a new spelling" in page
    assert "`Z|Z` in 1 row" in page
    assert f"trimtab data release {KEY} --reason" in page


def test_no_value_of_a_personal_column_is_ever_written_down(world):
    columns = {
        name: column.model_copy(update={"personal": True})
        for name, column in flights.CONTRACT.columns.items()
    }
    world.know(flights.spec(contract=flights.CONTRACT.model_copy(update={"columns": columns})))
    secrets = ["SECRET1", "424242", "SECRET2", "99919", "2077-07-07"]
    good = flights.row(1)
    lines = {
        "row2": good.replace("B6", "SECRET1"),
        "row3": good.replace("101", "424242"),
        "row4": good.replace("false", "SECRET2"),
        "row5": good.replace("1.5", "99919"),
        "row6": good.replace("2013-01-02", "2077-07-07") + ",SECRET3",
        "row7": good.replace("2013", "SECRET4"),
    }
    for number, kept in enumerate(["row2", "row3", "row4", "row5", "row6", "row7"]):
        some = {name: line for name, line in lines.items() if name == kept}
        answer = world.arrive(f"incoming/flights/{number}.csv", flights.csv(10 + number, **some))
        assert answer["outcome"] == "quarantined"
        folder = answer["report_uri"].removesuffix("report.json")
        written = [world.read(folder + name) for name in ("report.json", "report.md")]
        said = json.dumps(
            [answer, world.events(), [e.model_dump() for e in world.audit()]], default=str
        )
        assert not [
            secret for secret in (*secrets, "SECRET3", "SECRET4") if secret in said + str(written)
        ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=300)
    | st.text(st.sampled_from('",\n\r;\0ä 0aN-.'), max_size=99).map(
        lambda tail: f"{flights.HEADER}\n{tail}".encode()
    ),
    name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
)
def test_whatever_arrives_is_accepted_or_kept_byte_for_byte_with_a_report(world, body, name):
    arrival = world.put(f"incoming/flights/{name}", body)
    answer = world.deliver(arrival)
    assert (
        world.s3.get_object(Bucket=BUCKET, Key=arrival.key, VersionId=arrival.version_id)[
            "Body"
        ].read()
        == body
    )
    if answer["outcome"] == "quarantined":
        report = json.loads(world.read(answer["report_uri"]))
        assert report["anomalies"]
        assert world.read(report["copy_uri"]) == body
    else:
        assert answer["outcome"] in ("accepted", "duplicate", "refused")
        assert answer["outcome"] != "refused" or (not body and name.endswith("/"))
