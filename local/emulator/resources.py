"""CloudFormation types and properties that the emulator lacks.

Provisioners run on the emulator's event loop: they call into this process and never the emulator's
HTTP API, which would wait for itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ministack.services import dynamodb, lambda_svc, s3, scheduler
from ministack.services.cloudformation import provisioners

from local.emulator import firehose, template_check

Properties = dict[str, Any]


class Engine(Protocol):
    """What provides the SageMaker resources."""

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a SageMaker operation in this process. Raises ServiceError."""


@dataclass(frozen=True)
class Extra:
    """A property that the emulator's handler passes over, and how it is applied after the handler."""

    kind: str
    prop: str
    apply: Callable[[str, Any], None]  # physical id, value (None: taken out of the template)


def install(engine: Engine) -> None:
    """Add the types and properties, and let unknown ones fail the stack by name."""
    table = provisioners._RESOURCE_HANDLERS
    table["AWS::SageMaker::ModelPackageGroup"] = _model_package_group(engine)
    table["AWS::SageMaker::Pipeline"] = _pipeline(engine)
    table["AWS::Lambda::Function"] = _requiring_code(table["AWS::Lambda::Function"])
    for extra in EXTRAS:
        table[extra.kind] = _with_extra(table[extra.kind], extra)
    applied = {extra.kind: frozenset[str]() for extra in EXTRAS}
    for extra in EXTRAS:
        applied[extra.kind] |= {extra.prop}
    template_check.install(applied)


def _model_package_group(engine: Engine) -> dict[str, Any]:
    kind = "AWS::SageMaker::ModelPackageGroup"

    def create(_name: str, given: Properties, _stack: str) -> tuple[str, Properties]:
        fields = ("ModelPackageGroupName", "ModelPackageGroupDescription", "Tags")
        answer = engine.call("CreateModelPackageGroup", _picked(kind, given, fields))
        arn = answer["ModelPackageGroupArn"]
        return arn, {"ModelPackageGroupArn": arn}

    def update(physical_id: str, old: Properties, new: Properties, _stack: str) -> Any:
        if _without_tags(old) != _without_tags(new):
            raise ValueError(f"{kind}: {physical_id} cannot change, only be replaced")
        _retag(engine, physical_id, old, new)
        return physical_id, {"ModelPackageGroupArn": physical_id}

    def delete(physical_id: str, _given: Properties) -> None:
        name = physical_id.rsplit("/", 1)[-1]
        engine.call("DeleteModelPackageGroup", {"ModelPackageGroupName": name})

    return {"create": create, "update": update, "delete": delete}


def _pipeline(engine: Engine) -> dict[str, Any]:
    kind = "AWS::SageMaker::Pipeline"
    fields = (
        "PipelineName",
        "PipelineDisplayName",
        "PipelineDescription",
        "PipelineDefinition",
        "RoleArn",
        "ParallelismConfiguration",
    )

    def parameters(given: Properties) -> Properties:
        picked = _picked(kind, given, (*fields, "Tags"))
        body = given["PipelineDefinition"].get("PipelineDefinitionBody")
        if not isinstance(body, str):
            raise ValueError(f"{kind}: only PipelineDefinition.PipelineDefinitionBody is supported")
        return {**picked, "PipelineDefinition": body}

    def create(logical_id: str, given: Properties, stack: str) -> tuple[str, Properties]:
        token = f"{stack}-{logical_id}".ljust(32, "-")  # AWS takes 32 characters or more
        engine.call("CreatePipeline", {**parameters(given), "ClientRequestToken": token})
        return given["PipelineName"], {}

    def update(physical_id: str, old: Properties, new: Properties, _stack: str) -> Any:
        if old["PipelineName"] != new["PipelineName"]:
            raise ValueError(f"{kind}: {physical_id} cannot be renamed, only be replaced")
        changed = parameters(new)
        changed.pop("Tags", None)
        arn = engine.call("UpdatePipeline", changed)["PipelineArn"]
        _retag(engine, arn, old, new)
        return physical_id, {}

    def delete(physical_id: str, _given: Properties) -> None:
        token = f"delete-{physical_id}".ljust(32, "-")
        engine.call("DeletePipeline", {"PipelineName": physical_id, "ClientRequestToken": token})

    return {"create": create, "update": update, "delete": delete}


def _retag(engine: Engine, arn: str, old: Properties, new: Properties) -> None:
    """Make the resource's tags those of the new properties."""
    before = {tag["Key"]: tag["Value"] for tag in old.get("Tags") or []}
    after = {tag["Key"]: tag["Value"] for tag in new.get("Tags") or []}
    if gone := sorted(before.keys() - after.keys()):
        engine.call("DeleteTags", {"ResourceArn": arn, "TagKeys": gone})
    if after != before:
        tags = [{"Key": key, "Value": value} for key, value in after.items()]
        engine.call("AddTags", {"ResourceArn": arn, "Tags": tags})


def _picked(kind: str, given: Properties, fields: tuple[str, ...]) -> Properties:
    unknown = sorted(given.keys() - set(fields))
    if unknown:
        raise ValueError(f"{kind}: property {', '.join(unknown)} is not supported locally")
    return {name: given[name] for name in fields if name in given}


def _without_tags(given: Properties) -> Properties:
    return {name: value for name, value in given.items() if name != "Tags"}


def _requiring_code(handler: dict[str, Any]) -> dict[str, Any]:
    """Let a function whose code is not in S3 fail; ministack makes one without code."""

    def require(physical_id: str, given: Properties) -> None:
        code = given.get("Code", {})
        if "S3Bucket" in code and not lambda_svc._functions[physical_id].get("code_zip"):
            raise ValueError(f"S3 has no object {code['S3Bucket']}/{code.get('S3Key')}")

    return _followed_by(handler, lambda physical_id, _old, new: require(physical_id, new))


def _with_extra(handler: dict[str, Any], extra: Extra) -> dict[str, Any]:
    def follow(physical_id: str, old: Properties, new: Properties) -> None:
        if old.get(extra.prop) != new.get(extra.prop):
            extra.apply(physical_id, new.get(extra.prop))

    return _followed_by(handler, follow)


def _followed_by(
    handler: dict[str, Any], follow: Callable[[str, Properties, Properties], None]
) -> dict[str, Any]:
    """Return the handler with something done after each create and update."""

    def create(logical_id: str, given: Properties, stack: str) -> Any:
        made = handler["create"](logical_id, given, stack)
        try:
            follow(made[0], {}, given)
        except Exception:
            handler["delete"](made[0], given)
            raise
        return made

    def update(physical_id: str, old: Properties, new: Properties, stack: str, *rest: Any) -> Any:
        made = handler["update"](physical_id, old, new, stack, *rest)
        follow(made[0], {} if made[0] != physical_id else old, new)
        return made

    return {**handler, "create": create, "update": update}


def _time_to_live(table: str, value: Properties | None) -> None:
    kept = value or {"Enabled": False, "AttributeName": "ttl"}
    _expect(dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": kept}))


def _point_in_time_recovery(table: str, value: Properties | None) -> None:
    spec = value or {"PointInTimeRecoveryEnabled": False}
    _expect(
        dynamodb._update_continuous_backups(
            {"TableName": table, "PointInTimeRecoverySpecification": spec}
        )
    )


def _dead_letters(function: str, value: Properties | None) -> None:
    config = lambda_svc._functions[function]["config"]
    if value is None:
        config.pop("DeadLetterConfig", None)
    else:
        config["DeadLetterConfig"] = value


def _lifecycle(bucket: str, value: Properties | None) -> None:
    """Keep the rules where GetBucketLifecycleConfiguration reads them; nothing expires here."""
    if value is None:
        s3._bucket_lifecycle.pop(bucket, None)
        return
    s3._bucket_lifecycle[bucket] = [_lifecycle_rule(rule) for rule in value["Rules"]]


def _lifecycle_rule(rule: Properties) -> Properties:
    simple: dict[str, Callable[[Any], Properties]] = {
        "Id": lambda value: {"ID": value},
        "Status": lambda value: {"Status": value},
        "Prefix": lambda value: {"Filter": {"Prefix": value}},
        "ExpirationInDays": lambda value: {"Expiration": {"Days": int(value)}},
        "ExpiredObjectDeleteMarker": lambda value: {
            "Expiration": {"ExpiredObjectDeleteMarker": value}
        },
        "NoncurrentVersionExpiration": lambda value: {"NoncurrentVersionExpiration": value},
        "NoncurrentVersionExpirationInDays": lambda value: {
            "NoncurrentVersionExpiration": {"NoncurrentDays": int(value)}
        },
        "AbortIncompleteMultipartUpload": lambda value: {"AbortIncompleteMultipartUpload": value},
        "Transitions": lambda value: {"Transitions": [_transition(one) for one in value]},
    }
    unknown = sorted(rule.keys() - simple.keys())
    if unknown:
        raise ValueError(f"LifecycleConfiguration: {', '.join(unknown)} is not supported locally")
    made: Properties = {"Filter": {}}
    for name, value in rule.items():
        made.update(simple[name](value))
    return made


def _transition(given: Properties) -> Properties:
    names = {"TransitionInDays": "Days", "StorageClass": "StorageClass", "TransitionDate": "Date"}
    return {names[name]: value for name, value in given.items()}


def _expect(answer: tuple[int, Any, bytes]) -> None:
    """Raise ValueError with the emulator's words if it refused."""
    status, _, body = answer
    if status != 200:  # noqa: PLR2004 (HTTP's OK)
        raise ValueError(body.decode())


def _time_zone(name: str, value: str | None) -> None:
    """Let a schedule of the default group fire by the clocks of its own time zone."""
    scheduler._schedules[f"default/{name}"]["ScheduleExpressionTimezone"] = value or "UTC"


EXTRAS = (
    Extra("AWS::DynamoDB::Table", "TimeToLiveSpecification", _time_to_live),
    Extra("AWS::DynamoDB::Table", "PointInTimeRecoverySpecification", _point_in_time_recovery),
    Extra(
        "AWS::KinesisFirehose::DeliveryStream",
        "ExtendedS3DestinationConfiguration",
        firehose.insist_on_honoured,
    ),
    Extra("AWS::Lambda::Function", "DeadLetterConfig", _dead_letters),
    Extra("AWS::S3::Bucket", "LifecycleConfiguration", _lifecycle),
    Extra("AWS::Scheduler::Schedule", "ScheduleExpressionTimezone", _time_zone),
)
