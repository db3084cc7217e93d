"""What a handler works with: settings, clock, ids, AWS clients and stores, each made on first use."""

import os
import time
import uuid
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast

from trimtab.aws import keys
from trimtab.aws.beliefs import Beliefs
from trimtab.aws.bus import Bus
from trimtab.aws.table import Table
from trimtab.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient

    from trimtab.aws.audit import AuditTrail
    from trimtab.aws.captures import Captures
    from trimtab.aws.lineage import Lineages
    from trimtab.aws.model_specs import ModelSpecs
    from trimtab.aws.registry.registry import Registry
    from trimtab.aws.routes import RecentRoutes
    from trimtab.aws.tracking.experiments import Experiments
    from trimtab.aws.tracking.histories import Histories
    from trimtab.aws.tracking.recorded_runs import RecordedRuns
    from trimtab.aws.tracking.run_bodies import RunBodies
    from trimtab.aws.tracking.run_finder import RunFinder
    from trimtab.aws.tracking.runs import Runs

CAPTURE_SECONDS = 1  # a capture takes milliseconds, and no answer waits longer for one
INVOKE_SECONDS = 25  # API Gateway waits 30 s for a function, the function 29 s in all


class Clock:
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present, in UTC."""
        return datetime.fromtimestamp(time.time(), UTC)


class Runtime:
    """Everything a function has beside its event; one per process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()

    def new_id(self) -> str:
        """Return an id that no other call returns, in 32 hexadecimal digits."""
        return uuid.uuid4().hex

    def new_timed_id(self) -> str:
        """Return such an id that tells when it was made: a UUID of version 7 (RFC 9562), without hyphens."""
        chance = uuid.uuid4().int
        most, least = chance >> 64 & 0xFFF, chance & (1 << 62) - 1
        return f"{self.now_ms() << 80 | 7 << 76 | most << 64 | 2 << 62 | least:032x}"

    def now_ms(self) -> int:
        """Return the present in milliseconds of the epoch, as MLflow's clients count time."""
        return int(self.clock.now().timestamp() * 1000)

    def client(self, service: str, **options: Any) -> Any:
        """Return a boto3 client; where it connects to is AWS_ENDPOINT_URL's matter."""
        import boto3  # noqa: PLC0415 (a cold start that needs no client does not pay for it)

        return boto3.client(cast("Any", service), **options)

    @cached_property
    def s3(self) -> "S3Client":
        """Client of the object store."""
        return cast("S3Client", self.client("s3"))

    @cached_property
    def s3_signer(self) -> "S3Client":
        """Client whose signed addresses hold for encrypted objects, and name the region they are in."""
        from botocore.config import Config  # noqa: PLC0415 (as in client)

        return cast("S3Client", self.client("s3", config=Config(signature_version="s3v4")))

    @cached_property
    def sagemaker(self) -> "SageMakerClient":
        """Client of SageMaker's control plane."""
        return cast("SageMakerClient", self.client("sagemaker"))

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """Client of the metrics."""
        return cast("CloudWatchClient", self.client("cloudwatch"))

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Client of CloudWatch Logs."""
        return cast("CloudWatchLogsClient", self.client("logs"))

    @cached_property
    def sagemaker_runtime(self) -> "SageMakerRuntimeClient":
        """Client that invokes endpoints; it gives up before API Gateway does, and leaves repeating to the caller."""
        from botocore.config import Config  # noqa: PLC0415 (as in client)

        patience = Config(
            connect_timeout=2, read_timeout=INVOKE_SECONDS, retries={"total_max_attempts": 1}
        )
        return cast("SageMakerRuntimeClient", self.client("sagemaker-runtime", config=patience))

    @cached_property
    def captures(self) -> "Captures":
        """Where predictions are captured. Its client gives up soon: a caller waits."""
        from botocore.config import Config  # noqa: PLC0415 (as in client)

        from trimtab.aws.captures import Captures  # noqa: PLC0415 (only predictions need it)

        patience = Config(
            connect_timeout=CAPTURE_SECONDS,
            read_timeout=CAPTURE_SECONDS,
            retries={"total_max_attempts": 1},
        )
        client = self.client("firehose", config=patience)
        return Captures(client, self.settings.capture_stream)

    @cached_property
    def application_autoscaling(self) -> Any:
        """Client that says between which bounds endpoints scale."""
        return self.client("application-autoscaling")

    @cached_property
    def sns(self) -> "SNSClient":
        """Client of the topics."""
        return cast("SNSClient", self.client("sns"))

    @cached_property
    def ssm(self) -> "SSMClient":
        """Client of the parameter store."""
        return cast("SSMClient", self.client("ssm"))

    @cached_property
    def table(self) -> Table:
        """The table that holds all state."""
        return Table(self.dynamodb, self.settings.table)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Client of the table: in a function one of our own, which costs a fraction of boto3's."""
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            from trimtab.aws.dynamodb import DynamoDB  # noqa: PLC0415 (as in client)

            return cast("DynamoDBClient", DynamoDB.from_environment())
        return cast("DynamoDBClient", self.client("dynamodb"))

    @cached_property
    def beliefs(self) -> Beliefs:
        """The records that this process has seen last."""
        return Beliefs(self.table)

    @cached_property
    def routes(self) -> "RecentRoutes":
        """Where the requests of models go."""
        from trimtab.aws.routes import RecentRoutes  # noqa: PLC0415 (only predictions need it)

        return RecentRoutes(self.beliefs)

    @cached_property
    def experiments(self) -> "Experiments":
        """The experiments of this deployment."""
        from trimtab.aws.tracking.experiments import Experiments  # noqa: PLC0415 (only the registry's API needs it)

        return Experiments(
            self.table,
            self.beliefs,
            artifacts_uri=f"s3://{self.settings.bucket}/{keys.ARTIFACTS}",
            now_ms=self.now_ms,
        )

    @cached_property
    def runs(self) -> "Runs":
        """The runs of this deployment."""
        from trimtab.aws.tracking.runs import Runs  # noqa: PLC0415 (only the registry's API needs it)

        return Runs(self.table, self.beliefs, self._run_bodies)

    @cached_property
    def recorded_runs(self) -> "RecordedRuns":
        """The runs that Trimtab records itself."""
        from trimtab.aws.tracking.recorded_runs import RecordedRuns  # noqa: PLC0415 (only record_training needs it)

        return RecordedRuns(self.table, self.runs, self._run_bodies)

    @cached_property
    def _run_bodies(self) -> "RunBodies":
        from trimtab.aws.tracking.run_bodies import RunBodies  # noqa: PLC0415 (only what keeps runs needs it)

        return RunBodies(lambda: self.s3, self.settings.bucket)

    @cached_property
    def run_finder(self) -> "RunFinder":
        """What answers searches of runs."""
        from trimtab.aws.tracking.run_finder import RunFinder  # noqa: PLC0415 (only the registry's API needs it)

        return RunFinder(self.table, self.runs)

    @cached_property
    def histories(self) -> "Histories":
        """The histories of the runs' metrics."""
        from trimtab.aws.tracking.histories import Histories  # noqa: PLC0415 (only the registry's API needs it)

        return Histories(self.table)

    @cached_property
    def registry(self) -> "Registry":
        """Registered models, their versions and aliases."""
        from trimtab.aws.registry.registry import Registry  # noqa: PLC0415 (only the registry's API needs it)

        return Registry(self.table, self.beliefs, self.models, self.clock.now)

    def lineages(self) -> "Lineages":
        """Return what answers questions of lineage; it reads each model once, so ask a new one for each request."""
        from trimtab.aws.lineage import Lineages  # noqa: PLC0415 (only the registry's API needs it)
        from trimtab.aws.manifests import Manifests  # noqa: PLC0415 (the same)

        bucket = self.settings.bucket
        return Lineages(
            self.table,
            runs=self.runs,
            registry=self.registry,
            manifests=Manifests(self.s3, bucket),
            bucket=bucket,
            stage=self.settings.stage,
        )

    @cached_property
    def bus(self) -> Bus:
        """The bus for Trimtab's own events."""
        return Bus(self.client("events"), self.settings.bus)

    @cached_property
    def models(self) -> "ModelSpecs":
        """The model specs of this deployment."""
        from trimtab.aws.model_specs import ModelSpecs  # noqa: PLC0415 (MLflow's clients seldom need what a spec can say)

        return ModelSpecs(self.s3, self.settings.models_uri)

    @cached_property
    def audit(self) -> "AuditTrail":
        """The audit trail."""
        from trimtab.aws.audit import AuditTrail  # noqa: PLC0415 (who reads it)

        return AuditTrail(self.table)


@cache
def get_runtime() -> Runtime:
    """Return the process's runtime, made from the environment on first use."""
    return Runtime(Settings.from_environment())
