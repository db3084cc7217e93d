"""What is too large for the function is examined by a job, whose end brings the verdict."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.validate_dataset.handler import lambda_handler
from tests import flights
from tests.intake_world import BUCKET, CONTEXT, SETTINGS, World, a_world
from trimtab.aws import keys
from trimtab.aws.examinations import Examinations
from trimtab.data.examine import examine
from trimtab.domain.datasets import Arrival
from trimtab.domain.examination import Answer, Asked
from trimtab.errors import Fault
from trimtab.settings import Settings

KEY = "incoming/flights/year.csv"
GOOD = flights.csv(200)
BAD = flights.csv(200, row3="2013-01-03T02:00:00Z,UA,6001,2.5,true,0")
IMAGE = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0"
JOB = {
    "TRIMTAB_EXAMINATION_BYTES": "2000",
    "TRIMTAB_EXAMINATION_IMAGE_URI": IMAGE,
    "TRIMTAB_EXAMINATION_ROLE_ARN": "arn:aws:iam::123456789012:role/examination",
    "TRIMTAB_EXAMINATION_CODE_URI": "s3://assets/1234.zip",
    "TRIMTAB_EXAMINATION_KEY_ARN": "arn:aws:kms:us-east-1:123456789012:key/1",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in {**SETTINGS, **JOB}.items():
        monkeypatch.setenv(name, value)
    with a_world(flights.spec()) as made:
        yield made


def job_of(answer: dict[str, Any]) -> str:
    return str(answer["reason"].split(": ")[1].split(" ")[0])


def tell(job: str, status: str = "Completed") -> dict[str, Any]:
    """Let SageMaker's event of a job's end reach the function."""
    event = {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Processing Job State Change",
        "detail": {"ProcessingJobName": job, "ProcessingJobStatus": status},
    }
    return lambda_handler(event, CONTEXT)


def work(world: World, answer: dict[str, Any], folder: Path) -> None:
    """Do what the job does."""
    prefix = keys.examination_prefix(answer["model"], answer["id"])
    asked = Asked.model_validate_json(world.read(prefix + "request.json"))
    assert asked.bucket == BUCKET
    path = folder / "object"
    which = {"Key": asked.arrival.key, "VersionId": asked.arrival.version_id}
    path.write_bytes(world.s3.get_object(Bucket=BUCKET, **which)["Body"].read())
    question = asked.question
    found = examine(path, question.spec, now=question.now, last=question.last)
    said = Answer(size=path.stat().st_size, sha256="5" * 64, examination=found)
    key = prefix + "answer/answer.json"
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=said.model_dump_json().encode())


def test_a_large_file_is_handed_to_a_job_and_accepted_by_what_that_finds(world, tmp_path):
    answer = world.arrive(KEY, GOOD)
    assert answer["outcome"] == "handed_over"
    assert answer["reason"].startswith(f"the file has {len(GOOD):,} bytes: trimtab-dev-examine-")
    assert (world.events(), world.audit()) == ([], [])
    work(world, answer, tmp_path)
    told = tell(job_of(answer))
    assert (told["outcome"], told["dataset_version"]) == ("accepted", 1)
    assert [event["detail-type"] for event in world.events()] == ["DatasetAccepted"]
    batch = world.manifest(1).batches[0]
    assert (batch.rows, batch.size, batch.sha256) == (200, len(GOOD), "5" * 64)
    assert tell(job_of(answer)) == told
    assert len(world.audit()) == 1


def test_a_large_bad_file_is_quarantined_with_what_the_job_found(world, tmp_path):
    answer = world.arrive(KEY, BAD)
    work(world, answer, tmp_path)
    told = tell(job_of(answer))
    assert (told["outcome"], told["anomalies"]) == ("quarantined", ["ABOVE_MAXIMUM"])
    assert "row 3" in told["reason"]


def test_the_same_event_twice_starts_one_job(world):
    arrival = world.put(KEY, GOOD)
    one, two = (job_of(world.deliver(arrival)) for _ in range(2))
    assert one == two
    jobs = world.runtime().sagemaker.list_processing_jobs()["ProcessingJobSummaries"]
    assert [job["ProcessingJobName"] for job in jobs] == [one]


def test_a_small_file_is_read_by_the_function_itself(world):
    assert world.arrive(KEY, flights.csv(10))["outcome"] == "accepted"


def test_a_large_file_is_quarantined_where_the_region_has_no_spark_container(world, monkeypatch):
    monkeypatch.setenv("TRIMTAB_EXAMINATION_IMAGE_URI", IMAGE.replace("173754725891", "none"))
    world.know(flights.spec())
    assert world.arrive(KEY, GOOD)["anomalies"] == ["FILE_TOO_LARGE"]


class Told:
    """A SageMaker that says what it is told to of every job."""

    def __init__(self, **told: Any) -> None:
        self.told, self.started = told, []

    def create_processing_job(self, **request: Any) -> None:
        self.started.append(request["ProcessingJobName"])
        if len(self.started) <= self.told.get("taken", 0):
            from botocore.exceptions import ClientError

            error = {"Error": {"Code": self.told.get("code", "ResourceInUse"), "Message": "x"}}
            raise ClientError(error, "CreateProcessingJob")

    def describe_processing_job(self, **_: Any) -> dict[str, Any]:
        where = {"S3Uri": f"s3://{BUCKET}/request.json"}
        return {
            "ProcessingJobStatus": self.told["status"],
            "FailureReason": "InternalServerError",
            "ProcessingInputs": [{"InputName": "request", "S3Input": where}],
        }


@pytest.fixture
def asked() -> Asked:
    from trimtab.domain.examination import Question

    question = Question(spec=flights.spec(), now=datetime(2013, 1, 1, tzinfo=UTC))
    arrival = Arrival(key=KEY, version_id="v")
    return Asked(bucket=BUCKET, arrival=arrival, question=question)


def examinations(world: World, sagemaker: Told) -> Examinations:
    return Examinations(world.s3, sagemaker, Settings.from_environment({**SETTINGS, **JOB}))


def test_a_job_that_failed_is_followed_by_another_and_one_under_way_is_not(world, asked):
    failed, running = Told(taken=2, status="Failed"), Told(taken=1, status="InProgress")
    assert examinations(world, failed).start(asked, 10).endswith("-3")
    assert examinations(world, running).start(asked, 10).endswith("-1")
    with pytest.raises(Fault, match="9 jobs that examined"):
        examinations(world, Told(taken=9, status="Stopped")).start(asked, 10)
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError):
        examinations(world, Told(taken=1, code="AccessDenied", status="")).start(asked, 10)


def test_a_job_that_failed_says_nothing_of_the_file(world, asked, monkeypatch):
    world.s3.put_object(Bucket=BUCKET, Key="request.json", Body=asked.model_dump_json().encode())
    from trimtab.runtime import get_runtime

    runtime = get_runtime()
    monkeypatch.setitem(runtime.__dict__, "sagemaker", Told(status="Failed"))
    with pytest.raises(Fault, match="could not examine incoming/flights/year.csv: InternalServ"):
        tell("trimtab-dev-examine-x-1", "Failed")
    monkeypatch.setitem(runtime.__dict__, "sagemaker", Told(status="InProgress"))
    assert tell("trimtab-dev-examine-x-1") == {}
    assert json.dumps(world.audit()) == "[]"
