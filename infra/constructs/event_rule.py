"""How an event reaches a function."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.platform_function import EVENT_AGE, PlatformFunction
from trimtab import names
from trimtab.domain.events import SOURCE

DELIVERY_ATTEMPTS = (
    185  # EventBridge's own default: it is the age that ends them, as it does in Lambda's queue
)


class EventRule(Construct):
    """Hands matching events of one bus to a function; what cannot be handed over is a dead letter of its."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        to: PlatformFunction,
        pattern: events.EventPattern,
        bus: events.IEventBus | None = None,
    ) -> None:
        super().__init__(scope, id)
        target = targets.LambdaFunction(
            to.function,
            dead_letter_queue=to.dead_letters,
            retry_attempts=DELIVERY_ATTEMPTS,
            max_event_age=EVENT_AGE,
        )
        events.Rule(self, "Rule", event_bus=bus, event_pattern=pattern, targets=[target])


def trimtab_events(*detail_types: str) -> events.EventPattern:
    """Match Trimtab's own events of these types."""
    return events.EventPattern(source=[SOURCE], detail_type=list(detail_types))


def created_objects(bucket: s3.IBucket, prefix: str) -> events.EventPattern:
    """Match that an object was created under a prefix of the bucket."""
    return events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={
            "bucket": {"name": [bucket.bucket_name]},
            "object": {"key": [{"prefix": prefix}]},
        },
    )


def raised_alarms(prefix: str) -> events.EventPattern:
    """Match alarms that are raised, of those whose names begin so."""
    return events.EventPattern(
        source=["aws.cloudwatch"],
        detail_type=["CloudWatch Alarm State Change"],
        detail={"alarmName": [{"prefix": prefix}], "state": {"value": ["ALARM"]}},
    )


def sagemaker_events(detail_type: str, **detail: list[object]) -> events.EventPattern:
    """Match SageMaker's events of a type whose detail has one of the given values in each field."""
    return events.EventPattern(source=["aws.sagemaker"], detail_type=[detail_type], detail=detail)


def endpoints_settled(stage: str) -> events.EventPattern:
    """Match that the endpoint of a version is in service, or has failed."""
    return sagemaker_events(
        "SageMaker Endpoint State Change",
        EndpointName=[{"prefix": f"{names.SERVING_PREFIX}-{stage}-"}],
        EndpointStatus=["IN_SERVICE", "FAILED"],
    )
