"""Whatever lands under incoming/ is accepted, quarantined or recorded; never lost, never a stack trace."""

import io

import pandas as pd
import pytest
from arro3.core import Array, DataType, RecordBatch
from arro3.io import write_parquet

from pipelines.flight_delays import data
from tests.scenarios.conftest import MODEL, Deployment

QUARANTINED = "DatasetQuarantined"


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    return data.month(2).head(600)


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()


def _cut(frame: pd.DataFrame) -> bytes:
    lines = _csv(frame).splitlines()
    lines[42] = lines[42].rpartition(b",")[0]
    return b"\n".join(lines)


def _with(frame: pd.DataFrame, column: str, value: object) -> bytes:
    changed = frame.astype({column: object})
    changed.loc[changed.index[17], column] = value
    return _csv(changed)


def _with_carrier_twice(frame: pd.DataFrame) -> bytes:
    return _csv(frame.assign(again=frame["carrier"])).replace(b"again", b"carrier", 1)


def _renamed(frame: pd.DataFrame) -> bytes:
    return _csv(frame.rename(columns={"temp": "warmth"}))


BAD = {
    "a picture.csv": (lambda f: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, None),
    "empty.csv": (lambda f: b"", "EMPTY_FILE"),
    "only a header.csv": (lambda f: _csv(f.head(0)), "TOO_FEW_ROWS"),
    "no target.csv": (lambda f: _csv(f.drop(columns="late")), "MISSING_COLUMN"),
    "one field short.csv": (_cut, "FIELD_COUNT"),
    "renamed column.csv": (_renamed, "UNKNOWN_COLUMN"),
    "no such airline.csv": (lambda f: _with(f, "carrier", "ZZ"), "NOT_ALLOWED_VALUE"),
    "text for a number.csv": (lambda f: _with(f, "distance", "far"), "WRONG_TYPE"),
    "below zero.csv": (lambda f: _with(f, "distance", -5), "BELOW_MINIMUM"),
    "no origin.csv": (lambda f: _with(f, "origin", None), "MISSING_VALUE"),
    "half a parquet.parquet": (lambda f: b"PAR1" + b"\0" * 400, None),
    "not utf-8.csv": (lambda f: _csv(f).replace(b"JFK", b"J\xffK", 1), "INVALID_ENCODING"),
    "zero bytes.csv": (lambda f: _csv(f).replace(b"JFK", b"J\0K", 1), "NOT_CSV_OR_PARQUET"),
    "white space.csv": (lambda f: b" \r\n\t\n", "EMPTY_FILE"),
    "tildes.csv": (lambda f: _csv(f).replace(b",", b"~"), "NO_HEADER"),
    "upper case.csv": (lambda f: _csv(f.rename(columns=str.upper)), "NO_HEADER"),
    "carrier twice.csv": (_with_carrier_twice, "DUPLICATE_COLUMN"),
    "5,000 columns.csv": (lambda f: b"c," * 5_000 + b"\n" + _csv(f), "TOO_MANY_COLUMNS"),
    "10 MB in one field.csv": (lambda f: _with(f, "origin", "x" * 10_000_000), None),
    "key+with plus é & spaces.csv": (lambda f: _csv(f.drop(columns="late")), "MISSING_COLUMN"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_quarantined_with_its_reasons_and_kept(
    deployment: Deployment, flights: pd.DataFrame, name: str
):
    make, anomaly = BAD[name]
    body = make(flights)
    key = f"incoming/{MODEL}/{name}"
    deployment.put(key, body)
    refused = deployment.feed.wait(QUARANTINED, model=MODEL, batch_key=key)
    assert refused["anomalies"]
    if anomaly:
        assert anomaly in refused["anomalies"]
    report = deployment.object(refused["report_uri"])
    assert report["anomalies"]
    entry = next(e for e in deployment.audit(MODEL) if e["reason"] == refused["reason"])
    assert entry["action"] == QUARANTINED
    kept = [
        deployment.cloud.client("s3")
        .get_object(Bucket=deployment.cloud.connection.data_bucket, Key=found["Key"])["Body"]
        .read()
        for found in _under(deployment, refused["report_uri"].rpartition("/")[0] + "/")
        if "/object" in found["Key"]
    ]
    assert kept == [body]


def test_data_for_an_unknown_model_is_kept_and_told(deployment: Deployment, flights: pd.DataFrame):
    deployment.put("incoming/flight-delay/feb.csv", _csv(flights))
    refused = deployment.feed.wait(QUARANTINED, model="flight-delay")
    assert refused["anomalies"] == ["UNKNOWN_MODEL"]
    assert "flight-delays" in str(deployment.object(refused["report_uri"]))
    assert [entry["action"] for entry in deployment.audit("flight-delay")] == [QUARANTINED]


def test_data_in_no_models_folder_are_kept_and_told(deployment: Deployment, flights: pd.DataFrame):
    deployment.put("incoming/feb.csv", _csv(flights))
    refused = deployment.feed.wait(QUARANTINED, model="_none")
    assert refused["anomalies"] == ["UNKNOWN_MODEL"]
    assert [entry["action"] for entry in deployment.audit("_none")] == [QUARANTINED]


def test_an_object_that_is_gone_before_it_is_read_is_in_the_audit_trail(
    deployment: Deployment, flights: pd.DataFrame
):
    key = f"incoming/{MODEL}/gone.csv"
    put = deployment.put(key, _csv(flights.head(3)))
    deployment.cloud.client("s3").delete_object(
        Bucket=deployment.cloud.connection.data_bucket, Key=key, VersionId=put["VersionId"]
    )
    entry = deployment.await_entry(key)
    assert entry["action"] in ("ObjectRefused", QUARANTINED)  # the function may have been faster


def test_a_parquet_file_with_a_missing_column_is_read_and_refused(deployment: Deployment):
    buffer = io.BytesIO()
    write_parquet(
        RecordBatch.from_pydict({"carrier": Array(["UA", "DL"], DataType.utf8())}), buffer
    )
    key = f"incoming/{MODEL}/feb.parquet"
    deployment.put(key, buffer.getvalue())
    refused = deployment.feed.wait(QUARANTINED, model=MODEL, batch_key=key)
    assert "MISSING_COLUMN" in refused["anomalies"]


def test_nothing_of_all_this_became_a_dataset_or_went_to_a_dead_letter_queue(
    deployment: Deployment,
):
    assert deployment.api.get(f"/v1/models/{MODEL}")["champion"] is None
    sqs = deployment.cloud.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        wanted = ["ApproximateNumberOfMessages"]
        waiting = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        if "trimtab-demo" not in url:
            assert waiting["ApproximateNumberOfMessages"] == "0", url


def _under(deployment: Deployment, uri: str) -> list[dict]:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return deployment.cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
