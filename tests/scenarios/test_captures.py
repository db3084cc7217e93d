"""An audit of the captures: what was answered is captured once, or counted as dropped."""

import gzip
import json
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.scenarios.conftest import MODEL, ROW, Deployment

CALLERS, EACH = 3, 40
PATIENCE = 20.0  # seconds until the last object is there


def test_answers_are_captured_or_counted_while_several_callers_ask(
    deployment: Deployment, champion: dict
):
    answered: list[str] = []

    def ask(caller: int) -> None:
        for n in range(EACH):
            body = {"dataframe_records": [ROW], "inference_id": f"audit {caller} {n}"}
            answer = deployment.api.post(f"/v1/models/{MODEL}/invocations", body)
            answered.append(answer["inference_id"])

    before = dropped(deployment)
    callers = [threading.Thread(target=ask, args=(caller,)) for caller in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(answered) == CALLERS * EACH
    deadline = time.monotonic() + PATIENCE
    while len(kept := captured(deployment)) + dropped(deployment) - before < len(answered):
        assert time.monotonic() < deadline, (len(kept), dropped(deployment) - before)
        time.sleep(0.2)
    assert set(kept) <= set(answered)
    assert set(kept.values()) == {1}


def captured(deployment: Deployment) -> Counter[str]:
    """How often each of the audited answers is captured."""
    s3, bucket = deployment.cloud.client("s3"), deployment.cloud.connection.data_bucket
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"captures/{MODEL}/")
    found = [each["Key"] for page in pages for each in page.get("Contents", [])]
    packed = (s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in found)
    records = [json.loads(line) for each in packed for line in gzip.decompress(each).splitlines()]
    ids = (record["eventMetadata"]["inferenceId"] for record in records)
    return Counter(known for known in ids if known.startswith("audit "))


def dropped(deployment: Deployment) -> int:
    """How many answers the metric counts that were not captured."""
    now = datetime.now(UTC)
    told = deployment.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="Trimtab",
        MetricName="captures_dropped",
        Dimensions=[
            {"Name": "service", "Value": "inference_api"},
            {"Name": "stage", "Value": "dev"},
            {"Name": "model", "Value": MODEL},
        ],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=21),  # of local time, which other stories move
        Period=3600,
        Statistics=["Sum"],
    )
    return int(sum(point["Sum"] for point in told["Datapoints"]))
