"""A processing job in AWS's Spark container: the examination of a large file, as it is deployed."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.bundling.examination import write_examination
from local.sagemaker.config import SageMakerConfig
from local.sagemaker.errors import ServiceError
from local.sagemaker.images import is_spark, spark_variables
from pipelines import images
from tests import flights
from tests.local.sagemaker_cloud import SageMakerCloud
from tests.local.sagemaker_requests import BUCKET, processing
from trimtab.data.examine import examine
from trimtab.domain.datasets import Arrival
from trimtab.domain.examination import Answer, Asked, Question

ROOT = Path(__file__).parents[2]
WORK = "/opt/ml/processing"
IMAGE = images.spark_address("173754725891", "us-east-1", "amazonaws.com")
NOW = datetime(2013, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def cloud():
    made = SageMakerCloud()
    yield made
    made.close()


def test_the_packed_examination_answers_for_a_file_as_the_function_would(
    cloud, tmp_path, monkeypatch
):
    monkeypatch.setenv("TRIMTAB_PLATFORM", "local")
    write_examination(ROOT, tmp_path / "examination.zip")
    s3 = cloud.client("s3")
    s3.upload_file(str(tmp_path / "examination.zip"), BUCKET, "code/step.py")
    body = flights.csv(300, row9="2013-01-03T02:00:00Z,UA,6001,2.5,true,0")
    s3.put_object(Bucket=BUCKET, Key="incoming/flights/a.csv", Body=body)
    arrival = Arrival(key="incoming/flights/a.csv", version_id="null")
    question = Question(spec=flights.spec(), now=NOW)
    asked = Asked(bucket=BUCKET, arrival=arrival, question=question)
    s3.put_object(Bucket=BUCKET, Key="ask/request.json", Body=asked.model_dump_json().encode())

    request = processing()
    request["AppSpecification"] |= {
        "ImageUri": IMAGE,
        "ContainerArguments": [
            *("--request", f"{WORK}/request/request.json", "--output", f"{WORK}/report"),
            *("--scratch", f"{WORK}/scratch", "--exit-message", "/opt/ml/output/message"),
        ],
    }
    (code,) = request["ProcessingInputs"]
    where = {"S3Uri": f"s3://{BUCKET}/ask/request.json", "LocalPath": f"{WORK}/request"}
    given = {"InputName": "request", "S3Input": {**code["S3Input"], **where}}
    request["ProcessingInputs"].append(given)
    cloud.sm.create_processing_job(ProcessingJobName="examine", **request)
    deadline = time.monotonic() + 300
    while True:
        job = cloud.sm.describe_processing_job(ProcessingJobName="examine")
        if job["ProcessingJobStatus"] != "InProgress":
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert job["ProcessingJobStatus"] == "Completed", job
    told = s3.get_object(Bucket=BUCKET, Key="reports/answer.json")["Body"].read()
    (tmp_path / "a.csv").write_bytes(body)
    expected = examine(tmp_path / "a.csv", flights.spec(), now=NOW)
    assert Answer.model_validate_json(told).examination == expected


def test_without_its_environment_a_spark_job_is_refused_and_not_run_as_something_else():
    assert is_spark(IMAGE)
    for folder in (None, Path("/nowhere/bin")):
        config = SageMakerConfig("http://127.0.0.1:9", Path("/nowhere"), spark_bin=folder)
        with pytest.raises(ServiceError, match="make spark"):
            spark_variables("CreateProcessingJob", config)
