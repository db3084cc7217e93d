"""Puts our Lambda executor, delivery and logs into the emulator."""

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
from ministack import app
from ministack.core import lambda_runtime
from ministack.core.responses import request_scope
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc

from local.clock import LocalClock
from local.emulator import event_targets
from local.lambdas.delivery import Deliveries, Event, Target, Throttled
from local.lambdas.destinations import AwsDestinations
from local.lambdas.function import ASYNC_LIMIT, SYNC_LIMIT, Function, Outcome
from local.lambdas.metrics import embedded_metrics, on_local_time
from local.lambdas.pool import Pool, Surroundings
from local.processes import Children

logger = logging.getLogger(__name__)

DEFAULT_TIMEOUT = 3  # seconds, AWS's
DEFAULT_MEMORY = 128  # MB, AWS's


class LambdaService:
    """The executor and the delivery behind the emulator's Lambda API."""

    def __init__(
        self,
        children: Children,
        clock: LocalClock,
        around: Surroundings,
        account: str,
        limit: int,
        changed: Callable[[], None],
    ) -> None:
        self._around = around
        self._account = account
        self._changed = changed
        sink = CloudWatchSink(clock, account, around.region)
        self.pool = Pool(children, clock, around, sink, limit)
        destinations = AwsDestinations(clock, around.endpoint_url, self._client, self._count)
        self.deliveries = Deliveries(clock, self, destinations, limit, changed)

    def execute(self, record: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Answer the emulator's request to run a function, in its form."""
        function = function_of(record)
        arn = (record.get("config") or record).get("FunctionArn", function.arn)
        outcome = self.pool.invoke(function, event, arn=arn, request_id=request_id)
        _count_invocation(function.name, outcome)
        self._changed()
        if outcome.failed:
            return {"body": outcome.payload, "error": True, "log": outcome.log, "outcome": outcome}
        return {"body": json.loads(outcome.payload), "log": outcome.log, "outcome": outcome}

    def submit(self, record: dict[str, Any], event: Any) -> None:
        """Accept an asynchronous invocation."""
        self.deliveries.submit((record.get("config") or record)["FunctionArn"], event)

    def target(self, arn: str) -> Target | None:
        """Return the function's present configuration for an attempt at delivery."""
        with request_scope(self._account, self._around.region):
            record = _record(arn)
            return None if record is None else _target(record)

    def run(self, event: Event) -> Outcome:
        """Run a function for an asynchronous event, through the emulator's accounting."""
        with request_scope(self._account, self._around.region):
            record = _record(event.arn)
            if record is None:
                raise LookupError(f"{event.arn} is gone")
            result = lambda_svc._execute_function(record, event.payload)
        if result.get("throttle"):
            raise Throttled
        outcome: Outcome = result["outcome"]
        return outcome

    def close(self) -> None:
        """End delivery and every worker."""
        self.deliveries.close()
        self.pool.close()

    def _client(self, service: str, function: Function) -> Any:
        credentials = function.credentials()
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=self._around.region,
            endpoint_url=self._around.endpoint_url,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials["AWS_SESSION_TOKEN"],
        )

    def _count(self, function: Function, metric: str) -> None:
        with request_scope(self._account, self._around.region):
            _count(function.name, {metric: 1.0})


class CloudWatchSink:
    """Takes what functions print to CloudWatch Logs, and the metrics in it to CloudWatch."""

    def __init__(self, clock: LocalClock, account: str, region: str) -> None:
        self._clock = clock
        self._account = account
        self._region = region

    def write(self, function: Function, stream: str, lines: Sequence[str]) -> None:
        """Append log events to the function's log and record the metrics among them."""
        with request_scope(self._account, self._region):
            self._log(function.log_group, stream, lines)
            self._measure(lines)

    def _log(self, group_name: str, stream_name: str, lines: Sequence[str]) -> None:
        now = int(self._clock.time() * 1000)
        groups = cloudwatch_logs._log_groups
        if group_name not in groups:
            cloudwatch_logs._create_log_group({"logGroupName": group_name})
        if stream_name not in groups[group_name]["streams"]:
            cloudwatch_logs._create_log_stream(
                {"logGroupName": group_name, "logStreamName": stream_name}
            )
        events = [{"timestamp": now, "message": line, "ingestionTime": now} for line in lines]
        stream = groups[group_name]["streams"][stream_name]
        cloudwatch_logs._append_log_events(stream, events)
        messages = [{"timestamp": now, "message": line} for line in lines]
        cloudwatch_logs._fanout_to_subscription_filters(group_name, stream_name, messages)

    def _measure(self, lines: Sequence[str]) -> None:
        local, offset = self._clock.time(), self._clock.offset.total_seconds()
        data = [datum for line in lines for datum in embedded_metrics(line)]
        for datum in data:
            at = on_local_time(datum.timestamp, local=local, offset=offset)
            kind = (datum.namespace, datum.name, datum.dimensions, at, datum.unit)
            cloudwatch._store_datum(*kind, None, datum.values, None, None)
        if data:
            cloudwatch._evaluate_all_alarms()


def install(
    children: Children,
    clock: LocalClock,
    *,
    endpoint_url: str,
    runtime_path: Path,
    account: str,
    region: str,
    limit: int,
    changed: Callable[[], None] = lambda: None,
) -> LambdaService:
    """Let the emulator run Python functions with ours, `limit` at once. Close what is returned at the end.

    `changed` is called when state has changed without a request.
    """
    around = Surroundings(endpoint_url, region, runtime_path)
    service = LambdaService(children, clock, around, account, limit, changed)

    def execute(
        record: dict[str, Any], _config: Any, event: Any, request_id: str, _started: float
    ) -> dict[str, Any]:
        return service.execute(record, event, request_id)

    # Every runtime comes to our executor, which refuses by name what it cannot run: the emulator would
    # run Node and others with this machine's environment.
    lambda_svc._execute_function_dispatch = execute
    lambda_svc._emit_lambda_metrics = _count_throttle
    lambda_svc.invoke_async_with_retry = service.submit
    lambda_svc.invalidate_worker = lambda name, **_: service.pool.retire(name)
    app.SERVICE_HANDLERS["lambda"] = _within_limits(app.SERVICE_HANDLERS["lambda"])
    event_targets.install(service.deliveries.submit, clock)
    return service


def _count_throttle(name: str, *, throttle: bool, **_: Any) -> None:
    """Count what never reached the executor; the executor counts the rest."""
    if throttle:
        _count(name, {"Throttles": 1.0})


def _count_invocation(name: str, outcome: Outcome) -> None:
    _count(name, {"Invocations": 1.0, "Errors": float(outcome.failed), "Throttles": 0.0})
    dimensions = {"FunctionName": name}
    milliseconds = outcome.seconds * 1000
    cloudwatch.record_metric("AWS/Lambda", "Duration", milliseconds, "Milliseconds", dimensions)
    own = {"Name": "FunctionName", "Value": name}
    for alarm in list(cloudwatch._alarms.values()):
        if alarm.get("Namespace") == "AWS/Lambda" and own in (alarm.get("Dimensions") or []):
            cloudwatch._evaluate_alarm(alarm)


def _count(name: str, counts: dict[str, float]) -> None:
    for metric, value in counts.items():
        cloudwatch.record_metric("AWS/Lambda", metric, value, "Count", {"FunctionName": name})


def function_of(record: dict[str, Any]) -> Function:
    """Return what a worker must know of a function that the emulator keeps."""
    config = record.get("config") or record
    name = config["FunctionName"]
    logging_config = config.get("LoggingConfig") or {}
    arn = ":".join(config["FunctionArn"].split(":")[:7])
    return Function(
        arn=arn,
        name=name,
        version=config.get("Version", "$LATEST"),
        handler=config.get("Handler", ""),
        runtime=config.get("Runtime", ""),
        timeout=float(config.get("Timeout", DEFAULT_TIMEOUT)),
        memory=int(config.get("MemorySize", DEFAULT_MEMORY)),
        variables=(config.get("Environment") or {}).get("Variables") or {},
        code_digest=config["CodeSha256"],
        code=lambda: record["code_zip"],
        layers=tuple(_layer(layer) for layer in config.get("Layers") or []),
        credentials=lambda: lambda_runtime.execution_credentials({**config, "FunctionArn": arn}),
        log_group=logging_config.get("LogGroup") or f"/aws/lambda/{name}",
        log_format=logging_config.get("LogFormat", "Text"),
        tracing=(config.get("TracingConfig") or {}).get("Mode") == "Active",
        dead_letter_arn=(config.get("DeadLetterConfig") or {}).get("TargetArn", ""),
    )


def _layer(attachment: Any) -> tuple[str, Callable[[], bytes]]:
    arn = attachment["Arn"] if isinstance(attachment, dict) else attachment
    return arn.replace(":", "-"), lambda: lambda_svc._resolve_layer_zip(attachment) or b""


def _target(record: dict[str, Any]) -> Target:
    config = record["config"]
    qualifier = config["FunctionArn"].split(":")[7:] or [None]
    settings = lambda_svc._event_invoke_config(record, qualifier[0]) or {}
    destinations = settings.get("DestinationConfig") or {}
    retries = settings.get("MaximumRetryAttempts")
    return Target(
        function=function_of(record),
        retries=2 if retries is None else int(retries),
        maximum_age=float(settings.get("MaximumEventAgeInSeconds") or 21600),
        on_success=(destinations.get("OnSuccess") or {}).get("Destination", ""),
        on_failure=(destinations.get("OnFailure") or {}).get("Destination", ""),
    )


def _record(arn: str) -> dict[str, Any] | None:
    record, config, _name = lambda_svc._get_func_record_for_ref(arn)
    if not record or not config:
        return None
    found: dict[str, Any] = lambda_svc._execution_record_for_config(
        record, {**config, "FunctionArn": arn}
    )
    return found


def _within_limits(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse invocations over Lambda's payload limits."""

    async def handle_within(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/invocations"):
            kind = headers.get("x-amz-invocation-type") or headers.get("X-Amz-Invocation-Type")
            limit = ASYNC_LIMIT if kind == "Event" else SYNC_LIMIT
            if len(body) > limit:
                return _too_large(limit)
        return await handle(method, path, headers, body, query)

    return handle_within


def _too_large(limit: int) -> tuple[int, dict[str, str], bytes]:
    message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "RequestTooLargeException"}
    return 413, headers, json.dumps({"Type": "User", "Message": message}).encode()
