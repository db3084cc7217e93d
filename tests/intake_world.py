"""A deployment on moto in which objects arrive under incoming/; shared by the tests of datasets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from functions.validate_dataset.handler import lambda_handler
from tests.aws_on_moto import make_table, renew_session
from trimtab.aws import keys
from trimtab.aws.audit import AuditTrail
from trimtab.aws.datasets import Datasets
from trimtab.domain.audit import AuditEntry
from trimtab.domain.datasets import Arrival, Manifest
from trimtab.domain.model import ModelSpec
from trimtab.runtime import Runtime, get_runtime
from trimtab.settings import Settings

BUCKET = "trimtab-test-data"
MODELS = "models.json"
SETTINGS = {
    "TRIMTAB_STAGE": "dev",
    "TRIMTAB_TABLE": "state",
    "TRIMTAB_BUCKET": BUCKET,
    "TRIMTAB_BUS": "trimtab-dev",
    "TRIMTAB_MODELS_URI": f"s3://{BUCKET}/{MODELS}",
    "POWERTOOLS_SERVICE_NAME": "validate_dataset",
    "POWERTOOLS_METRICS_NAMESPACE": "Trimtab",
}
EVENT = Path(__file__).parent / "events" / "s3_object_created.json"


class Context:
    """What the handler reads of Lambda's context."""

    function_name = "trimtab-dev-validate-dataset"
    memory_limit_in_mb = 2048
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:validate-dataset"
    aws_request_id = "5e0f0a4e"


CONTEXT = cast("LambdaContext", Context())


class World:
    """A bucket, a table, a bus, and what was seen on the bus."""

    def __init__(self, *specs: ModelSpec) -> None:
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.know(*specs)
        make_table("state")
        self._listen()

    def know(self, *specs: ModelSpec) -> None:
        """Deploy these model specs; running functions have read theirs and must be started anew."""
        body = {spec.name: spec.model_dump(mode="json") for spec in specs}
        self.s3.put_object(Bucket=BUCKET, Key=MODELS, Body=json.dumps(body).encode())
        get_runtime.cache_clear()

    def _listen(self) -> None:
        self._sqs = boto3.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="seen")["QueueUrl"]
        events = boto3.client("events")
        events.create_event_bus(Name="trimtab-dev")
        pattern = json.dumps({"source": ["trimtab"]})
        events.put_rule(Name="all", EventBusName="trimtab-dev", EventPattern=pattern)
        arn = "arn:aws:sqs:us-east-1:123456789012:seen"
        events.put_targets(
            Rule="all", EventBusName="trimtab-dev", Targets=[{"Id": "seen", "Arn": arn}]
        )

    def runtime(self) -> Runtime:
        """A runtime of this deployment."""
        return Runtime(Settings.from_environment(SETTINGS))

    def datasets(self) -> Datasets:
        """The datasets as the table has them."""
        return Datasets(self.runtime().table)

    def put(self, key: str, body: bytes) -> Arrival:
        """Put an object; nobody is told."""
        answer = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return Arrival(key=key, version_id=answer["VersionId"])

    def deliver(self, arrival: Arrival) -> dict[str, Any]:
        """Call the function with S3's event and return its answer."""
        event = json.loads(EVENT.read_text())
        event["detail"]["object"].update({"key": arrival.key, "version-id": arrival.version_id})
        answer: dict[str, Any] = lambda_handler(event, CONTEXT)
        return answer

    def arrive(self, key: str, body: bytes) -> dict[str, Any]:
        """Put an object and deliver its event."""
        return self.deliver(self.put(key, body))

    def events(self) -> list[dict[str, Any]]:
        """The events seen on the bus since the last call."""
        seen = []
        while messages := self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10
        ).get("Messages"):
            for message in messages:
                seen.append(json.loads(message["Body"]))
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
        return seen

    def audit(self, model: str = "flights") -> list[AuditEntry]:
        """The audit entries of a model, newest first."""
        return AuditTrail(self.runtime().table).entries(model)[0]

    def manifest(self, version: int, model: str = "flights") -> Manifest:
        """The manifest of a dataset version."""
        return Manifest.model_validate_json(self.read(keys.manifest_key(model, version)))

    def read(self, where: str) -> bytes:
        """The object at a key, or at an s3:// address."""
        key = where.removeprefix(f"s3://{BUCKET}/")
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


@contextmanager
def a_world(*specs: ModelSpec) -> Iterator[World]:
    """A deployment that knows these models; gone afterwards."""
    with mock_aws():
        renew_session()
        yield World(*specs)
    get_runtime.cache_clear()
