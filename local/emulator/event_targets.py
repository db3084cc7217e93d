"""Deliveries of services to Lambda, SQS and SNS: only where a policy allows them, and to the dead letters if not."""

import contextlib
import contextvars
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, lambda_svc, s3, sns, sqs

from local.clock import LocalClock
from local.emulator.environment import ACCOUNT, REGION

logger = logging.getLogger(__name__)

EVENTS = "events.amazonaws.com"
SUBMIT = Callable[[str, Any], str]  # function ARN, event → request id


@dataclass(frozen=True)
class Refused(Exception):
    """The target cannot be reached: the code and message that a dead letter carries."""

    code: str
    message: str


# The target and the rule (or schedule) that is being served, for the deliveries below.
_serving: contextvars.ContextVar[tuple[dict[str, Any], dict[str, Any]] | None] = (
    contextvars.ContextVar("serving", default=None)
)

_object_version: contextvars.ContextVar[str | None] = contextvars.ContextVar(
    "object_version", default=None
)


@contextlib.contextmanager
def service_scope() -> Iterator[None]:
    """Act as an AWS service does outside of any request: in the account, and over TLS."""
    with request_scope(ACCOUNT, REGION):
        iam_evaluator.pin_request_origin("127.0.0.1", True)
        yield


def install(submit: SUBMIT, clock: LocalClock) -> None:
    """Let EventBridge, Scheduler and SNS deliver under AWS's rules; `submit` takes asynchronous invocations."""
    eventbridge._now_ts = clock.time
    eventbridge._dispatch_event = _as_s3_tells(eventbridge._dispatch_event, clock)
    s3._fire_s3_event = _with_version(s3._fire_s3_event)
    invoke_target = eventbridge._invoke_target
    to_sqs, to_sns = eventbridge._dispatch_to_sqs, eventbridge._dispatch_to_sns

    def serve(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        iam_evaluator.pin_request_origin("127.0.0.1", True)  # services deliver over TLS
        token = _serving.set((target, rule))
        try:
            invoke_target(target, event, rule, view)
        finally:
            _serving.reset(token)

    def lambda_target(arn: str, payload: str) -> None:
        _guarded(lambda: _to_lambda(submit, arn, payload), payload)

    def sqs_target(spec: Any, payload: str, parameters: Any = None) -> None:
        def deliver() -> None:
            _expect(sqs._queue_by_arn(str(spec)) is not None, str(spec))
            _expect_allowed("sqs:SendMessage", str(spec), sqs.queue_policy_allows)
            to_sqs(spec, payload, parameters)

        _guarded(deliver, payload)

    def sns_target(arn: str, payload: str) -> None:
        def deliver() -> None:
            _expect(sns._topic_by_arn_any_scope(arn) is not None, arn)
            _expect_allowed("sns:Publish", arn, sns.topic_policy_allows)
            to_sns(arn, payload)

        _guarded(deliver, payload)

    eventbridge._invoke_target = serve
    eventbridge._dispatch_to_lambda = lambda_target
    eventbridge._dispatch_to_sqs = sqs_target
    eventbridge._dispatch_to_sns = sns_target
    sns._deliver_to_lambda = _subscription(submit)


def _as_s3_tells(dispatch: Callable[..., None], clock: LocalClock) -> Callable[..., None]:
    """Give S3's events the form that AWS documents: with the version's id, in full seconds (of local time)."""

    def dispatch_completed(event: dict[str, Any], view: Any = None) -> None:
        if view is None and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail.pop("event-version", None)
            if version_id := _object_version.get():
                detail["object"]["version-id"] = version_id
            told = {
                "Detail": json.dumps(detail),
                "Time": int(clock.time()),
                "EventId": str(uuid4()),
            }
            event = {**event, **told}
        dispatch(event, view)

    return dispatch_completed


def _with_version(fire: Callable[..., None]) -> Callable[..., None]:
    """Remember the version of the object that S3 is telling of; the emulator drops it on the way."""

    def fire_with_version(*facts: Any, version_id: str | None = None, **options: Any) -> None:
        token = _object_version.set(version_id)
        try:
            fire(*facts, version_id=version_id, **options)
        finally:
            _object_version.reset(token)

    return fire_with_version


def invoke_for_service(submit: SUBMIT, arn: str, event: Any, service: str, source_arn: str) -> None:
    """Invoke a function on behalf of a service. Raises Refused if the function is gone or its policy says no."""
    record, config, _name = lambda_svc._get_func_record_for_ref(arn)
    _expect(bool(record and config), arn)
    if not service_may_invoke(record["policy"], arn, service, source_arn):
        raise Refused("NO_PERMISSIONS", f"the policy of {arn} does not let {service} invoke it")
    submit(arn, event)


def service_may_invoke(policy: Any, arn: str, service: str, source_arn: str) -> bool:
    """Say whether a function's resource policy lets a service invoke it for `source_arn`."""
    if not app.AUTH:
        return True
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=get_region(),
        service_context={"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()},
    )
    decision = iam_evaluator.evaluate_resource_policy(policy, context, service=service).decision
    return bool(decision == "Allow")


def _to_lambda(submit: SUBMIT, arn: str, payload: str) -> None:
    try:
        event = json.loads(payload)
    except ValueError:
        event = payload
    target, rule = _serving.get() or ({}, {})
    if "ScheduleExpressionTimezone" in rule:  # a Scheduler schedule acts with its own role
        record, _config, _name = lambda_svc._get_func_record_for_ref(arn)
        _expect(record is not None, arn)
        expect_role(target.get("RoleArn", ""), "lambda:InvokeFunction", arn)
        submit(arn, event)
    else:
        invoke_for_service(submit, arn, event, EVENTS, rule.get("Arn", ""))


def _guarded(deliver: Callable[[], None], payload: str) -> None:
    """Deliver, or send the payload to the target's dead-letter queue."""
    target, rule = _serving.get() or ({}, {})
    try:
        deliver()
    except Refused as refusal:
        logger.warning("%s → %s: %s", rule.get("Arn"), target.get("Arn"), refusal.message)
        queue_arn = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue_arn:
            _dead_letter(queue_arn, payload, target, rule, refusal)


def _dead_letter(
    queue_arn: str, payload: str, target: dict[str, Any], rule: dict[str, Any], refusal: Refused
) -> None:
    scheduled = "ScheduleExpressionTimezone" in rule
    if sqs._queue_by_arn(queue_arn) is None or not (
        scheduled
        or sqs.queue_policy_allows(queue_arn, EVENTS, rule.get("Arn", ""), get_account_id())
    ):
        logger.warning("%s cannot be sent to: the event of %s is lost", queue_arn, rule.get("Arn"))
        return
    told = {
        "SCHEDULE_ARN" if scheduled else "RULE_ARN": rule.get("Arn", ""),
        "TARGET_ARN": target.get("Arn", ""),
        "ERROR_CODE": refusal.code,
        "ERROR_MESSAGE": refusal.message,
    }
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in told.items()}
    url = sqs._queue_url(queue_arn.rsplit(":", 1)[1])
    message = {"QueueUrl": url, "MessageBody": payload, "MessageAttributes": attributes}
    sqs._act_send_message(message, url)


def _subscription(submit: SUBMIT) -> Callable[..., None]:
    """Return SNS's delivery to a function: asynchronous, as on AWS, and only if the function's policy allows it."""

    def deliver(
        endpoint: str, envelope: str, topic_arn: str, subscription_arn: str, *_: Any
    ) -> None:
        record = {
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription_arn,
            "EventSource": "aws:sns",
            "Sns": json.loads(envelope),
        }
        try:
            invoke_for_service(
                submit, endpoint, {"Records": [record]}, "sns.amazonaws.com", topic_arn
            )
        except Refused as refusal:
            logger.warning("%s → %s: %s", topic_arn, endpoint, refusal.message)

    return deliver


def _expect(found: bool, arn: str) -> None:
    if not found:
        raise Refused("RESOURCE_NOT_FOUND", f"there is no {arn}")


def _expect_allowed(action: str, arn: str, allows: Callable[[str, str, str, str], bool]) -> None:
    """Check the resource's policy (for a rule) or the role's (for a Scheduler schedule)."""
    target, rule = _serving.get() or ({}, {})
    if "ScheduleExpressionTimezone" in rule:
        expect_role(target.get("RoleArn", ""), action, arn)
    elif not allows(arn, EVENTS, rule.get("Arn", ""), get_account_id()):
        raise Refused("NO_PERMISSIONS", f"the policy of {arn} does not allow {EVENTS} {action}")


def expect_role(role_arn: str, action: str, arn: str) -> None:
    """Do nothing if the role may do this. Raises Refused if not."""
    if not app.AUTH:
        return
    account = get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn=role_arn,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=arn,
        region=get_region(),
    )
    policies = iam_evaluator._gather_role_policies(role_arn.rsplit("/", 1)[-1], account)
    if iam_evaluator.evaluate(context, policies).decision != "Allow":
        raise Refused("NO_PERMISSIONS", f"{role_arn} may not {action} on {arn}")
