"""How every Lambda of the platform is made."""

from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.bundling.asset import function_code
from infra.constructs.foundation import Foundation
from infra.constructs.rights import allow, arn
from trimtab import names

ATTEMPTS_AFTER_THE_FIRST = 2  # Lambda's own default, stated because handlers are written for it
EVENT_AGE = Duration.hours(6)  # Lambda's longest: an outage of an afternoon loses nothing


class PlatformFunction(Construct):
    """The Lambda of `functions/<name>/`: its role, log, dead letters and their alarm."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        foundation: Foundation,
        lock: str = "lambda",
        memory_mb: int = 512,
        disk: Size | None = None,
        timeout: Duration | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id)
        self.foundation = foundation
        self.function_name = names.function_name(foundation.settings.stage, name)
        self.dead_letters = self._dead_letters()
        log_group = self._log_group()
        self.role = self._role(log_group)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.function_name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"functions.{name}.handler.lambda_handler",
            code=function_code(name, lock=lock),
            role=self.role,
            log_group=log_group,
            memory_size=memory_mb,
            ephemeral_storage_size=disk,
            timeout=timeout or Duration.seconds(30),
            environment={**self._environment(name), **(environment or {})},
            dead_letter_queue=self.dead_letters,
            retry_attempts=ATTEMPTS_AFTER_THE_FIRST,
            max_event_age=EVENT_AGE,
            # CDK adds xray:PutTraceSegments and xray:PutTelemetryRecords on `*`: X-Ray has no resources to name.
            tracing=lambda_.Tracing.ACTIVE,
        )
        self._alarm_on_dead_letters()

    def allow(
        self, *actions: str, on: list[str], when: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        """Let the function call these actions on these resources."""
        self.role.add_to_policy(allow(actions, on, when))

    def allow_publishing(self) -> None:
        """Let the function put events on Trimtab's bus."""
        self.allow("events:PutEvents", on=[self.foundation.bus.event_bus_arn])

    def allow_proving_endpoints(self) -> None:
        """Let the function ask the endpoints of versions what they answered in their evaluations."""
        store, stage = self.foundation.store, self.foundation.settings.stage
        store.grant_find_objects(self.role)
        store.grant_read_objects(self.role, "artifacts/")
        endpoints = f"endpoint/{names.SERVING_PREFIX}-{stage}-*"
        self.allow("sagemaker:InvokeEndpoint", on=[arn(self, "sagemaker", endpoints)])

    def _environment(self, name: str) -> dict[str, str]:
        return {
            "TRIMTAB_STAGE": self.foundation.settings.stage,
            "TRIMTAB_TABLE": self.foundation.store.table.table_name,
            "TRIMTAB_BUCKET": self.foundation.store.bucket.bucket_name,
            "TRIMTAB_BUS": self.foundation.bus.event_bus_name,
            "TRIMTAB_MODELS_URI": self.foundation.models.s3_object_url,
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": "Trimtab",
            "POWERTOOLS_LOG_LEVEL": self.foundation.settings.log_level,
        }

    def _log_group(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{self.function_name}",
            retention=logs.RetentionDays[self.foundation.settings.log_retention],
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _role(self, log_group: logs.LogGroup) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {self.function_name} may do",
        )
        role.add_to_policy(
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])
        )
        models = self.foundation.models
        role.add_to_policy(
            allow(["s3:GetObject"], [f"{models.bucket.bucket_arn}/{models.s3_object_key}"])
        )
        return role

    def _dead_letters(self) -> sqs.Queue:
        return sqs.Queue(
            self,
            "DeadLetters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),  # SQS's longest: time to mend and redrive
        )

    def _alarm_on_dead_letters(self) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "DeadLetterAlarm",
            alarm_name=f"{self.function_name}-dead-letters",
            alarm_description=(
                f"{self.function_name} gave up on an event; read it in {self.dead_letters.queue_name}"
            ),
            metric=self.dead_letters.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic="Maximum"
            ),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.foundation.alarms))
