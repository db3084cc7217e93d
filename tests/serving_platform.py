"""A deployed stage on moto, and the events that wake the functions around rollouts and predictions."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.ssm.models import ssm_backends

from functions.advance_rollout.handler import lambda_handler as advance_rollout
from functions.inference_api.handler import lambda_handler as inference_api
from functions.retire_endpoints.handler import lambda_handler as retire_endpoints
from functions.roll_back.handler import lambda_handler as roll_back
from functions.start_rollout.handler import lambda_handler as start_rollout
from tests.aws_on_moto import make_table, renew_session
from trimtab import names
from trimtab.aws import keys
from trimtab.aws.audit import AuditTrail
from trimtab.aws.versions import Versions
from trimtab.domain.audit import AuditEntry
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.metrics import FAILED_REQUESTS, NAMESPACE, SERVICE, SLOW_ANSWERS
from trimtab.domain.model import Data, ModelSpec, Release, Serving, Training
from trimtab.domain.monitoring import Monitoring
from trimtab.domain.quality.policy import QualityPolicy
from trimtab.domain.steps import Steps
from trimtab.domain.versions import ModelVersion, VersionStatus
from trimtab.runtime import Runtime, get_runtime

STAGE, MODEL, REGION, TABLE = "dev", "delays", "us-east-1", "trimtab-dev"
EVENTS = Path(__file__).parent / "events"
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
PERSON = "arn:aws:iam::123456789012:user/ana"
ROLE = "arn:aws:iam::123456789012:role/serving"

SPEC = ModelSpec(
    name=MODEL,
    owner="ops@example.com",
    data=Data(target="late", time_column="scheduled_at", entity_key="tail"),
    contract=Contract(
        columns={
            "scheduled_at": Column(type=ColumnType.datetime),
            "tail": Column(type=ColumnType.string),
            "carrier": Column(type=ColumnType.string, allowed=("AA", "UA", "B6")),
            "weekday": Column(type=ColumnType.integer, minimum=0, maximum=6),
            "temp": Column(type=ColumnType.number, nullable=True, minimum=-40, maximum=130),
            "diverted": Column(type=ColumnType.boolean),
            "booked_at": Column(type=ColumnType.datetime, nullable=True),
            "late": Column(type=ColumnType.integer, minimum=0, maximum=1),
        }
    ),
    training=Training(entry_point="train.py"),
    release=Release(steps=Steps(weights=())),
    monitoring=Monitoring(quality=QualityPolicy(label_delay_hours=24)),
)

TOPIC = f"arn:aws:sns:{REGION}:123456789012:people"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "TRIMTAB_STAGE": STAGE,
    "TRIMTAB_TABLE": TABLE,
    "TRIMTAB_BUCKET": "data",
    "TRIMTAB_BUS": names.bus_name(STAGE),
    "TRIMTAB_MODELS_URI": "s3://assets/models.json",
    "TRIMTAB_SERVING_ROLE_ARN": ROLE,
    "TRIMTAB_CAPTURE_STREAM": names.capture_stream(STAGE),
    "TRIMTAB_TOPIC_ARN": TOPIC,
    "POWERTOOLS_METRICS_NAMESPACE": "Trimtab",
}


@dataclass
class LambdaContext:
    """What the Lambda service passes beside the event."""

    function_name: str = "trimtab-dev-function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:trimtab-dev"
    aws_request_id: str = "8e2c6a0e-0b0c-4d59-9c5b-2f6f4a0f1f10"


class Clock:
    """Moves by itself only so far that no two decisions fall on the same instant."""

    def __init__(self) -> None:
        self.at = MONDAY

    def now(self) -> datetime:
        """Return the time it shows."""
        self.at += timedelta(milliseconds=1)
        return self.at

    def forward(self, **by: float) -> None:
        """Move it."""
        self.at += timedelta(**by)


@dataclass
class Platform:
    """One stage: its functions, its table and what SageMaker says of endpoints."""

    runtime: Runtime
    sqs: Any
    queue_url: str
    clock: Clock
    first_status: dict[str, tuple[str, str]] = field(default_factory=dict)  # of endpoints to come

    hooks: list[tuple[Any, str, Any]] = field(default_factory=list)
    evaluated: list[str] = field(default_factory=list)  # keys of golden requests

    def reset(self) -> None:
        """Forget all that the last test did; making clients and a deployment anew would take a second."""
        for client, event, hook in self.hooks:
            client.meta.events.unregister(event, hook)
        self.hooks.clear()
        self.first_status.clear()
        self.clock.at = MONDAY
        for backends in (
            cloudwatch_backends,
            sagemaker_backends,
            sagemakerruntime_backends,
            ssm_backends,
        ):
            backends[DEFAULT_ACCOUNT_ID][REGION].reset()
        for key in self.evaluated:
            self.runtime.s3.delete_object(Bucket="data", Key=key)
        self.evaluated.clear()
        dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[TABLE].items.clear()
        self.routes_are_known()
        self.events()

    def routes_are_known(self) -> None:
        """Let so much time pass that predictions read the route again."""
        self.runtime.beliefs.forget(keys.model(MODEL), keys.ROUTE)

    def on(self, client: Any, event: str, hook: Callable[..., Any]) -> None:
        """Have `hook` called, for the length of this test, when the client does what `event` names."""
        client.meta.events.register_first(event, hook)
        self.hooks.append((client, event, hook))

    def sagemaker_refuses(self, call: str, code: str, message: str) -> None:
        """Have SageMaker answer a call with an error for the length of this test."""
        client = self.runtime.sagemaker

        def refuse(**_: Any) -> None:
            error: Any = {"Error": {"Code": code, "Message": message}}
            raise client.exceptions.ClientError(error, call)

        self.on(client, f"before-call.sagemaker.{call}", refuse)

    def runtime_refuses(self, code: str, *, version: int | None = None) -> None:
        """Have endpoints, or that of one version, answer every request with an error for the length of this test."""
        client = self.runtime.sagemaker_runtime
        refused = names.endpoint_name(STAGE, MODEL, version) if version else ""

        def refuse(params: dict[str, Any], **_: Any) -> None:
            if refused not in params["url_path"]:
                return
            raise client.exceptions.ClientError(
                {"Error": {"Code": code, "Message": code}}, "Invoke"
            )

        self.on(client, "before-call.sagemaker-runtime.InvokeEndpoint", refuse)

    def sagemaker_takes_all_again(self) -> None:
        """Undo every sagemaker_refuses."""
        for client, event, hook in self.hooks:
            client.meta.events.unregister(event, hook)
        self.hooks.clear()

    def record_version(
        self, version: int, status: str = "approved", expires_at: datetime | None = None
    ) -> None:
        """Put a version into the registry, or change its status."""
        versions = Versions(self.runtime.table)
        record = versions.read(MODEL, version)
        arn = f"arn:aws:sagemaker:{REGION}:123456789012:model-package/trimtab-dev-{MODEL}/{version}"
        told = ModelVersion(
            version=version,
            model_package_arn=arn,
            status=VersionStatus(status),
            dataset_version=version,
            request_id="r1",
            execution_id=f"e{version}",
            metrics={},
            model_data_uri=f"s3://data/artifacts/{MODEL}/e{version}/model.tar.gz",
            image="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0",
            created_at=self.clock.now(),
            verdict="auc 0.742 >= floor 0.6",
            decided_by=PERSON,
            decided_at=self.clock.now(),
            reason="registered",
            expires_at=expires_at,
        )
        versions.write(MODEL, record, told)

    def endpoint_will_be(self, version: int, status: str, reason: str = "") -> None:
        """Say what SageMaker reports of a version's endpoint once it is made."""
        self.first_status[names.endpoint_name(STAGE, MODEL, version)] = (status, reason)

    def endpoint_is(self, version: int, status: str, reason: str = "") -> None:
        """Change what SageMaker reports of a version's endpoint."""
        backend = sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION]
        endpoint: Any = backend.endpoints[names.endpoint_name(STAGE, MODEL, version)]
        endpoint.endpoint_status, endpoint.failure_reason = status, reason or None

    def approve(self, version: int) -> None:
        """Deliver VersionApproved."""
        start_rollout(version_approved(version), LambdaContext())

    def endpoint_event(self, version: int, status: str = "IN_SERVICE") -> None:
        """Deliver SageMaker's event about a version's endpoint, to both functions that it wakes."""
        event = endpoint_state_change(version, status)
        start_rollout(event, LambdaContext())
        roll_back(event, LambdaContext())

    def promote(self, *versions: int) -> None:
        """Take versions through approval and endpoint to the traffic, one after the other."""
        for version in versions:
            self.record_version(version)
            self.approve(version)
            self.clock.forward(hours=1)

    def measure(self, version: int, requests: int, *, failed: int = 0, slow: int = 0) -> None:
        """Put what inference_api measures of a version, into the present minute."""
        for metric, bad in ((FAILED_REQUESTS, failed), (SLOW_ANSWERS, slow)):
            told = {"stage": STAGE, "model": MODEL, "service": SERVICE, "version": str(version)}
            counts = {value: count for value, count in ((1.0, bad), (0.0, requests - bad)) if count}
            self.runtime.cloudwatch.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": metric,
                        "Dimensions": [{"Name": k, "Value": v} for k, v in told.items()],
                        "Timestamp": self.clock.at,
                        "Values": list(counts),
                        "Counts": [float(count) for count in counts.values()],
                    }
                ],
            )

    def end_delivery(self) -> Callable[[], None]:
        """Return what delivers to start_rollout how rollouts ended, as published since the last call of `events`."""
        ends = [
            bus_event("trimtab", name, detail)
            for name, detail in self.events()
            if name in ("RolloutPromoted", "RolloutRolledBack")
        ]

        def deliver() -> None:
            for end in ends:
                start_rollout(end, LambdaContext())

        return deliver

    def tick(self, times: int = 1) -> None:
        """Deliver the tick of the clock."""
        for _ in range(times):
            tick = {"detail-type": "Tick", "detail": {"due": "2026-03-02T08:00:00Z"}}
            advance_rollout(tick, LambdaContext())

    def retire(self) -> list[str]:
        """Deliver the hourly tick to retire_endpoints; return the names of the endpoints that it took down."""
        tick = {"detail-type": "Tick", "detail": {"due": "2026-03-02T08:00:00Z"}}
        retired: list[str] = retire_endpoints(tick, LambdaContext())["retired"]
        return retired

    def say(self, order: str, version: int, reason: str = "because") -> tuple[int, dict[str, Any]]:
        """POST what is to become of a rollout; return status and body."""
        event = http_event(f"/v1/models/{MODEL}/rollouts/{version}/{order}", {"reason": reason})
        answer = advance_rollout(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def roll_back(self, model: str = MODEL, **body: Any) -> tuple[int, dict[str, Any]]:
        """POST a rollback; return status and body."""
        event = http_event(f"/v1/models/{model}/rollback", body or {"reason": "late flights"})
        answer = roll_back(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def alarm(self, at: datetime | None = None, *, reason: str = "", times: int = 1) -> list[str]:
        """Deliver the event of the champion's alarm, raised at this time (now unless told); return its sentences."""
        event = raised_alarm(at or self.clock.now(), reason)
        return [roll_back(event, LambdaContext())["sentence"] for _ in range(times)]

    def predict(self, body: Any, *, model: str = MODEL, **event: Any) -> dict[str, Any]:
        """POST a prediction request; return API Gateway's answer with its body parsed."""
        path = f"/v1/models/{model}/invocations"
        answer = inference_api(http_event(path, body, **event), LambdaContext())
        return {**answer, "body": json.loads(answer["body"])}

    def model_answers(self, body: Any) -> None:
        """Say what an endpoint answers to the next request that it has not seen."""
        text = body if isinstance(body, str) else json.dumps(body)
        queue = sagemakerruntime_backends[DEFAULT_ACCOUNT_ID][REGION].results_queue
        queue.append((text, "application/json", "AllTraffic", ""))

    def was_evaluated(self, version: int, *predictions: float) -> None:
        """Keep golden requests of a version: these are its predictions of as many rows."""
        row = ["AA", 1, 40.5, False, None]
        told = {
            "columns": ["carrier", "weekday", "temp", "diverted", "booked_at"],
            "data": [row] * len(predictions),
            "predictions": predictions,
        }
        key = keys.golden_key(MODEL, f"e{version}")
        self.runtime.s3.put_object(Bucket="data", Key=key, Body=json.dumps(told).encode())
        self.evaluated.append(key)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the events published since the last call: name and detail."""
        sqs = self.sqs
        found: list[tuple[str, dict[str, Any]]] = []
        while messages := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                told = json.loads(message["Body"])
                found.append((told["detail-type"], told["detail"]))
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def audit(self) -> list[AuditEntry]:
        """Return the model's audit entries, newest first."""
        return AuditTrail(self.runtime.table).entries(MODEL)[0]

    def champion_parameter(self) -> str | None:
        """Return what callers of SageMaker itself are told."""
        ssm = self.runtime.ssm
        try:
            answer = ssm.get_parameter(Name=names.champion_parameter(STAGE, MODEL))
        except ssm.exceptions.ParameterNotFound:
            return None
        return str(answer["Parameter"]["Value"])


@contextmanager
def deployed(
    steps: Steps = SPEC.release.steps, serving: Serving = SPEC.release.serving
) -> Iterator[Platform]:
    """Deploy a stage on moto, whose model is released by these steps, to such endpoints."""
    with pytest.MonkeyPatch.context() as monkeypatch, mock_aws():
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        _one_request_at_a_time(monkeypatch)
        get_runtime.cache_clear()
        renew_session()
        runtime, clock = get_runtime(), Clock()
        runtime.clock = clock  # type: ignore[assignment]
        platform = Platform(
            runtime, sqs := boto3.client("sqs"), _deploy(sqs, steps, serving), clock
        )
        _report_first_status(platform)
        yield platform
        get_runtime.cache_clear()


def version_approved(version: int) -> dict[str, Any]:
    """Trimtab's own event, as EventBridge delivers it."""
    detail = {
        "schema_version": 1,
        "model": MODEL,
        "at": "2026-03-02T08:00:00Z",
        "reason": "auc 0.742 >= floor 0.6",
        "version": version,
        "actor": PERSON,
    }
    return bus_event("trimtab", "VersionApproved", detail)


def endpoint_state_change(version: int, status: str) -> dict[str, Any]:
    """SageMaker's event, with what AWS documents of it."""
    name = names.endpoint_name(STAGE, MODEL, version)
    detail = {
        "_source": "SageMaker Developer Guide, automating-sagemaker-with-eventbridge",
        "EndpointName": name,
        "EndpointArn": f"arn:aws:sagemaker:{REGION}:123456789012:endpoint/{name}",
        "EndpointConfigName": name,
        "ProductionVariants": [
            {"VariantName": "AllTraffic", "CurrentWeight": 1.0, "DesiredWeight": 1.0}
        ],
        "EndpointStatus": status,
        "CreationTime": 1583831889050,
        "LastModifiedTime": 1583832142787,
        "Tags": {},
    }
    return bus_event("aws.sagemaker", "SageMaker Endpoint State Change", detail)


def raised_alarm(at: datetime, reason: str = "") -> dict[str, Any]:
    """CloudWatch's event of an alarm that the champion fails, raised at this time."""
    event: dict[str, Any] = json.loads(
        (EVENTS / "cloudwatch_alarm_state_change.json").read_text(encoding="utf-8")
    )
    state = event["detail"]["state"]
    state["timestamp"] = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+0000"
    state["reason"] = reason or state["reason"]
    return event


def http_event(path: str, body: Any, **changes: Any) -> dict[str, Any]:
    """API Gateway's payload 2.0, as its developer guide shows it for Lambda integrations."""
    host = "id.execute-api.us-east-1.amazonaws.com"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": host},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "authorizer": {"iam": {"userArn": PERSON, "accountId": "123456789012"}},
            "domainName": host,
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "02/Mar/2026:08:00:00 +0000",
            "timeEpoch": 1772438400000,
        },
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
    headers = {**event["headers"], **changes.pop("headers", {})}
    return {**event, **changes, "headers": headers}


def bus_event(source: str, detail_type: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2026-03-02T08:00:00Z",
        "region": REGION,
        "resources": [],
        "detail": detail,
    }


def _deploy(sqs: Any, steps: Steps, serving: Serving) -> str:
    """Make table, assets and bus; return the queue that catches what the bus gets."""
    make_table(TABLE)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="assets")
    s3.create_bucket(Bucket="data")
    release = SPEC.release.model_copy(update={"steps": steps, "serving": serving})
    spec = SPEC.model_copy(update={"release": release})
    compiled = {MODEL: spec.model_dump(mode="json")}
    s3.put_object(Bucket="assets", Key="models.json", Body=json.dumps(compiled).encode())
    s3.create_bucket(Bucket="captured")
    boto3.client("firehose").create_delivery_stream(
        DeliveryStreamName=names.capture_stream(STAGE),
        ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::captured"},
    )
    boto3.client("sns").create_topic(Name=TOPIC.rpartition(":")[2])
    return _caught(sqs)


def _caught(sqs: Any) -> str:
    events, bus = boto3.client("events"), names.bus_name(STAGE)
    events.create_event_bus(Name=bus)
    url = sqs.create_queue(QueueName="caught")["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = json.dumps({"source": ["trimtab"]})
    events.put_rule(Name="all", EventBusName=bus, EventPattern=pattern)
    events.put_targets(
        Rule="all", EventBusName=bus, Targets=[{"Id": "caught", "Arn": told["QueueArn"]}]
    )
    return str(url)


def _report_first_status(platform: Platform) -> None:
    """Let an endpoint begin as the test says; moto's are in service at once."""

    def made(**_: Any) -> None:
        for name, (status, reason) in list(platform.first_status.items()):
            if name in sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].endpoints:
                del platform.first_status[name]
                platform.endpoint_is(int(name.rpartition("-v")[2]), status, reason)

    def taken(params: dict[str, Any], **_: Any) -> None:
        """Refuse as SageMaker does, where moto makes another endpoint of the same name."""
        name = json.loads(params["body"])["EndpointName"]
        if name in sagemaker_backends[DEFAULT_ACCOUNT_ID][REGION].endpoints:
            error: Any = {
                "Code": "ValidationException",
                "Message": f"Cannot create already existing endpoint {name}.",
            }
            raise ClientError({"Error": error}, "CreateEndpoint")

    events = platform.runtime.sagemaker.meta.events
    events.register("before-call.sagemaker.CreateEndpoint", taken)
    events.register("after-call.sagemaker.CreateEndpoint", made)


def _one_request_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB's transactions are serializable; moto's are only if its requests do not overlap."""
    lock, answer = threading.RLock(), BotocoreStubber.__call__

    def serialised(self: BotocoreStubber, *arguments: Any, **named: Any) -> Any:
        with lock:
            return answer(self, *arguments, **named)

    monkeypatch.setattr(BotocoreStubber, "__call__", serialised)
