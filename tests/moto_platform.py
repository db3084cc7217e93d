"""A deployment of Trimtab in this process: table, bucket, bus and registry on moto, pipelines faked beside it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from moto import mock_aws

from tests.aws_on_moto import make_table, renew_session
from tests.fake_pipelines import FakePipelines
from trimtab import names
from trimtab.aws import keys
from trimtab.aws.table import Create, Table
from trimtab.domain.plans import Variant
from trimtab.domain.versions import Approval
from trimtab.runtime import Runtime, get_runtime

MODEL = "flight-delays"
STAGE = "dev"
GROUP = names.model_package_group(STAGE, MODEL)
ENVIRONMENT = {
    "TRIMTAB_STAGE": STAGE,
    "TRIMTAB_TABLE": "trimtab-dev",
    "TRIMTAB_BUCKET": "trimtab-dev-data",
    "TRIMTAB_BUS": "trimtab-dev",
    "TRIMTAB_MODELS_URI": "s3://trimtab-dev-data/models.json",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}
SPEC: dict[str, Any] = {
    "name": MODEL,
    "owner": "airport team",
    "problem": "binary",
    "data": {"target": "late"},
    "contract": {"columns": {"late": {"type": "boolean"}, "distance": {"type": "number"}}},
    "training": {"entry_point": "train.py"},
}


class FixedClock:
    """A clock that goes on only when a test says so."""

    def __init__(self) -> None:
        self.present = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the present."""
        return self.present

    def advance(self, **span: float) -> None:
        """Go on."""
        self.present += timedelta(**span)


class Context(LambdaContext):
    """What Lambda gives a handler beside the event."""

    _function_name = "function"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    _aws_request_id = "00000000-0000-0000-0000-000000000000"


class MotoPlatform:
    """What a test gives, asks and sees."""

    def __init__(self, **spec: Any) -> None:
        self.clock = FixedClock()
        self.pipelines = FakePipelines()
        self.events: list[tuple[str, dict[str, Any]]] = []  # what was published, in order
        self.bus_is_down = False
        self.spec = {**SPEC, **spec}
        emitter = renew_session().get_component("event_emitter")
        self.pipelines.listen(emitter)
        emitter.register("provide-client-params.events.PutEvents", self._published)
        get_runtime.cache_clear()
        self._rivals: list[Callable[[], Any]] = []
        for write in ("TransactWriteItems", "PutItem"):
            emitter.register(f"provide-client-params.dynamodb.{write}", self._race)
        self._build()

    def restart(self) -> None:
        """Let the next request be served by a new process, which has seen nothing yet."""
        get_runtime.cache_clear()
        self.runtime.clock = self.clock  # type: ignore[assignment]

    def before_next_commit(self, rival: Callable[[], Any]) -> None:
        """Let a rival do its work after the next writer has read and before it writes."""
        self._rivals.append(rival)

    @property
    def runtime(self) -> Runtime:
        """What handlers work with."""
        return get_runtime()

    @property
    def table(self) -> Table:
        """The table of the deployment."""
        return self.runtime.table

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the details of all events of one name that were published."""
        return [detail for name, detail in self.events if name == event]

    def audited(self, action: str) -> list[dict[str, Any]]:
        """Return the audit entries with this action, newest first."""
        entries, _ = self.runtime.audit.entries(MODEL, limit=100)
        return [entry.model_dump(mode="json") for entry in entries if entry.action == action]

    def put_json(self, key: str, body: Any) -> None:
        """Put an object into the data bucket."""
        bucket = ENVIRONMENT["TRIMTAB_BUCKET"]
        self.runtime.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(body).encode())

    def deploy(self, variant: Variant, defined: Mapping[str, str | None]) -> None:
        """Make a pipeline with these parameters and their default values, as a deployment does."""
        parameters = [
            {"Name": name, "Type": "String", **({} if value is None else {"DefaultValue": value})}
            for name, value in defined.items()
        ]
        definition = {"Version": "2020-12-01", "Parameters": parameters, "Steps": []}
        self.runtime.sagemaker.create_pipeline(
            PipelineName=names.pipeline_name(STAGE, MODEL, variant),
            PipelineDefinition=json.dumps(definition),
            ClientRequestToken="t" * 32,
            RoleArn="arn:aws:iam::123456789012:role/pipeline",
        )

    def dataset(self, version: int, batch_rows: int = 1000) -> dict[str, Any]:
        """Make a dataset version as validate_dataset does, and return the event that tells of it."""
        batch = {
            "key": f"incoming/{MODEL}/{version}.csv",
            "version_id": "v",
            "size": 1,
            "sha256": f"{version:064x}",
            "rows": batch_rows,
            "format": "csv",
        }
        uri = f"s3://{ENVIRONMENT['TRIMTAB_BUCKET']}/{keys.manifest_key(MODEL, version)}"
        body = {
            "model": MODEL,
            "version": version,
            "rows": batch_rows * version,
            "batch_count": version,
            "batches_digest": "0" * 64,
            "batch": batch,
            "manifest_uri": uri,
            "profile_uri": uri,
            "created_at": self.clock.now().isoformat(),
            "reason": "good",
        }
        self.table.commit(Create(keys.model(MODEL), keys.dataset(version), body))
        detail = {
            "schema_version": 1,
            "model": MODEL,
            "at": self.clock.now().isoformat(),
            "reason": "good",
            "dataset_version": version,
            "batch_key": batch["key"],
            "batch_rows": batch_rows,
            "rows": body["rows"],
            "manifest_uri": uri,
        }
        return trimtab_event("DatasetAccepted", detail)

    def package(self, approval: Approval = "PendingManualApproval", **properties: str) -> str:
        """Register a model package as the pipeline does, and return its ARN."""
        arn = self.runtime.sagemaker.create_model_package(
            ModelPackageGroupName=GROUP,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": "image:1", "ModelDataUrl": "s3://models/model.tar.gz"}],
                "SupportedContentTypes": ["application/json"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )["ModelPackageArn"]
        if properties:  # moto forgets what was given at creation
            self.runtime.sagemaker.update_model_package(
                ModelPackageArn=arn,
                ModelApprovalStatus=approval,
                CustomerMetadataProperties=properties,
            )
        return arn

    def _build(self) -> None:
        make_table(ENVIRONMENT["TRIMTAB_TABLE"])
        boto3.client("s3").create_bucket(Bucket=ENVIRONMENT["TRIMTAB_BUCKET"])
        boto3.client("events").create_event_bus(Name=ENVIRONMENT["TRIMTAB_BUS"])
        boto3.client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        self.runtime.clock = self.clock  # type: ignore[assignment]
        self.put_json("models.json", {MODEL: self.spec})

    def _race(self, **_: Any) -> None:
        if self._rivals:
            self._rivals.pop(0)()

    def _published(self, params: dict[str, Any], **_: Any) -> None:
        if self.bus_is_down:
            raise ConnectionError("the function died before it told")
        for entry in params["Entries"]:
            self.events.append((entry["DetailType"], json.loads(entry["Detail"])))


def trimtab_event(name: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Return an event of Trimtab's bus as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": name,
        "source": "trimtab",
        "account": "123456789012",
        "time": "2026-11-09T08:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


@contextmanager
def moto_platform(monkeypatch: pytest.MonkeyPatch, **spec: Any) -> Iterator[MotoPlatform]:
    """Bring up a deployment whose one model's spec differs from SPEC by `spec`."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield MotoPlatform(**spec)
    get_runtime.cache_clear()
    boto3.DEFAULT_SESSION = None
