"""Examinations by a job: of objects that are too large for a function to read."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab import names
from trimtab.aws import keys
from trimtab.aws.datasets import receipt_id
from trimtab.domain.base import Frozen
from trimtab.domain.datasets import Arrival
from trimtab.domain.examination import Answer, Asked
from trimtab.errors import Fault
from trimtab.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

WORK = "/opt/ml/processing"
REQUEST, ANSWER = "request.json", "answer.json"
ATTEMPTS = 9  # a job that failed for the cloud's reasons is followed by another, if the object's event comes again
INSTANCE = "ml.m5.2xlarge"  # 8 cores, 32 GiB
HOURS = 12
SPARE_GB = 30  # of disk, beside the object and the part that each core works on


class Ended(Frozen):
    """What SageMaker says of a job."""

    status: str
    reason: str
    asked: Asked


class Examinations:
    """Starts jobs that examine an object, and reads what they found."""

    def __init__(self, s3: "S3Client", sagemaker: "SageMakerClient", settings: Settings) -> None:
        self._s3 = s3
        self._sagemaker = sagemaker
        self._settings = settings

    @property
    def can_start(self) -> bool:
        """Whether there is a Spark container in this deployment's region."""
        image = self._settings.examination_image_uri
        return image[:12].isdigit()

    def start(self, asked: Asked, size: int) -> str:
        """Start the job that examines the object, if none is under way, and return its name."""
        prefix = self._prefix(asked.arrival)
        body = asked.model_dump_json().encode()
        self._s3.put_object(Bucket=self._settings.bucket, Key=prefix + REQUEST, Body=body)
        for attempt in range(1, ATTEMPTS + 1):
            name = names.examination_job(self._settings.stage, receipt_id(asked.arrival), attempt)
            if self._started(name, prefix, size):
                return name
        raise Fault(
            f"{ATTEMPTS} jobs that examined {asked.arrival.key} failed",
            hint=f"the logs of {name} and its forerunners tell why",
        )

    def ended(self, job: str) -> Ended:
        """Return what SageMaker says of a job now, and what it was asked."""
        told = self._sagemaker.describe_processing_job(ProcessingJobName=job)
        reason = told.get("ExitMessage") or told.get("FailureReason") or "SageMaker gives no reason"
        given = {each["InputName"]: each for each in told.get("ProcessingInputs", [])}
        uri = given["request"]["S3Input"]["S3Uri"]
        key = uri.removeprefix(f"s3://{self._settings.bucket}/")
        asked = Asked.model_validate_json(self._read(key))
        return Ended(status=told["ProcessingJobStatus"], reason=reason, asked=asked)

    def answer(self, arrival: Arrival) -> Answer:
        """Return what the job found."""
        return Answer.model_validate_json(self._read(f"{self._prefix(arrival)}answer/{ANSWER}"))

    def _started(self, name: str, prefix: str, size: int) -> bool:
        """Start the job, or find it started. False if it is over and said nothing."""
        try:
            self._sagemaker.create_processing_job(**self._request(name, prefix, size))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUse":
                raise
            told = self._sagemaker.describe_processing_job(ProcessingJobName=name)
            return told["ProcessingJobStatus"] not in ("Failed", "Stopped")
        return True

    def _request(self, name: str, prefix: str, size: int) -> Any:
        settings = self._settings
        code = settings.examination_code_uri
        where = f"s3://{settings.bucket}/{prefix}"
        flags = {
            "request": f"{WORK}/request/{REQUEST}",
            "output": f"{WORK}/answer",
            "scratch": f"{WORK}/scratch",
            "exit-message": "/opt/ml/output/message",
        }
        return {
            "ProcessingJobName": name,
            "RoleArn": settings.examination_role_arn,
            "AppSpecification": {
                "ImageUri": settings.examination_image_uri,
                "ContainerEntrypoint": ["python3", f"{WORK}/code/{code.rpartition('/')[2]}"],
                "ContainerArguments": [
                    part for flag, value in flags.items() for part in (f"--{flag}", value)
                ],
            },
            "ProcessingInputs": [
                _input("code", code),
                _input("request", where + REQUEST),
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "answer",
                        "S3Output": {
                            "S3Uri": f"{where}answer",
                            "LocalPath": f"{WORK}/answer",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ],
                "KmsKeyId": settings.examination_key_arn,
            },
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": INSTANCE,
                    "VolumeSizeInGB": SPARE_GB + 2 * (size >> 30),
                }
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": HOURS * 3600},
        }

    def _prefix(self, arrival: Arrival) -> str:
        return keys.examination_prefix(arrival.model, receipt_id(arrival))

    def _read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._settings.bucket, Key=key)["Body"].read()


def _input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{WORK}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }
