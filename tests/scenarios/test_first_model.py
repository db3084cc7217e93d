"""A file lands, and a champion answers: with plain boto3, signed HTTP and nothing else."""

import gzip
import json
import re
import time
import urllib.request
from urllib.error import HTTPError

import pytest

from local.demo.traffic import Traffic
from pipelines.flight_delays import data
from tests.scenarios.conftest import MODEL, ROW, Deployment


def test_a_file_becomes_a_champion_with_no_further_call(champion: dict):
    assert champion["champion"]["version"] == 1
    assert champion["route"]["targets"][0]["weight"] == 100


def test_the_champion_predicts_february_better_than_chance(deployment: Deployment, champion: dict):
    flown = Traffic(deployment.api, MODEL).fly(data.month(2), rows=500)
    assert (flown.rows, flown.versions) == (500, {1})
    assert flown.auc > 0.55


def test_the_same_file_again_is_recorded_once_and_trains_nothing(
    deployment: Deployment, champion: dict, january: bytes
):
    deployment.put(f"incoming/{MODEL}/january, again.csv", january)
    again = deployment.await_entry("january, again.csv")
    assert "duplicate" in json.dumps(again).lower()
    versions = deployment.api.get(f"/v1/models/{MODEL}/datasets")["items"]
    assert [one["version"] for one in versions] == [1]


def test_an_answer_names_version_and_inference_id(deployment: Deployment, champion: dict):
    answer = _invoke(deployment, {"dataframe_records": [ROW]})
    assert answer["version"] == 1
    assert answer["inference_id"]
    assert 0.0 < answer["predictions"][0] < 1.0


def test_what_was_asked_and_answered_is_captured(deployment: Deployment, champion: dict):
    answer = _invoke(deployment, {"dataframe_records": [ROW], "inference_id": "a captured one"})
    s3, bucket = deployment.cloud.client("s3"), deployment.cloud.connection.data_bucket
    under = f"captures/{MODEL}/1/"
    for _ in range(50):
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=under).get("Contents", [])
        objects = [s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed]
        records = [
            json.loads(line) for each in objects for line in gzip.decompress(each).splitlines()
        ]
        found = [r for r in records if r["eventMetadata"]["inferenceId"] == "a captured one"]
        if found:
            break
        time.sleep(0.1)
    (record,) = found
    told = json.loads(record["captureData"]["endpointOutput"]["data"])
    assert told == {"predictions": answer["predictions"]}
    assert all(
        re.fullmatch(rf"{under}\d{{4}}(/\d\d){{3}}/[^/]+\.jsonl\.gz", o["Key"]) for o in listed
    )


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"dataframe_records": [{**ROW, "distance": "far"}]}, 400, "dataframe_records[0].distance"),
        ({"dataframe_records": [{k: v for k, v in ROW.items() if k != "dest"}]}, 400, "dest"),
        ({"dataframe_records": [{**ROW, "carier": "UA"}]}, 400, "carrier"),
        ({"dataframe_records": [{**ROW, "carrier": "ZZ"}]}, 400, "carrier"),
        ({"dataframe_records": []}, 400, "dataframe_records"),
        ({"rows": [ROW]}, 400, "dataframe_records"),
        ({"dataframe_records": [ROW] * 26_000}, 413, "limit"),
    ],
    ids=["wrong type", "missing", "misspelt", "not allowed", "no rows", "no form", "too large"],
)
def test_a_bad_request_is_told_which_field_and_what_was_expected(
    deployment: Deployment, champion: dict, body: dict, status: int, told: str
):
    answer = _refused(deployment, f"/v1/models/{MODEL}/invocations", json.dumps(body).encode())
    assert answer["status"] == status
    assert told in json.dumps(answer)
    assert answer["code"]
    assert answer["hint"]


def test_a_body_that_is_not_json_is_told(deployment: Deployment, champion: dict):
    assert _refused(deployment, f"/v1/models/{MODEL}/invocations", b"{nope")["status"] == 400


def test_an_unknown_model_is_told_with_the_known_ones(deployment: Deployment, champion: dict):
    answer = _refused(deployment, "/v1/models/flight-delay/invocations", b"{}")
    assert answer["status"] == 404
    assert MODEL in json.dumps(answer)


def test_an_unsigned_request_is_refused(deployment: Deployment, champion: dict):
    url = f"{deployment.cloud.connection.api_url}/v1/models/{MODEL}"
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(url)
    assert refused.value.code == 403


def _invoke(deployment: Deployment, body: dict) -> dict:
    return deployment.api.post(f"/v1/models/{MODEL}/invocations", body)


def _refused(deployment: Deployment, path: str, body: bytes) -> dict:
    answer = deployment.api.send("POST", path, body)
    assert answer.headers["content-type"].startswith("application/problem+json")
    return json.loads(answer.data)
