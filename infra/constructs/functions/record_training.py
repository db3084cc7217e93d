"""Records what trainings did, how they ended and which versions came of them."""

from aws_cdk import Duration
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.constructs.container_rights import grant_code
from infra.constructs.event_rule import EventRule, sagemaker_events
from infra.constructs.foundation import Foundation
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names

TOLD = ("Executing", "Succeeded", "Failed", "Stopped", "CompletedWithFailures")
JOBS = "pipelines-*"  # SageMaker names the jobs of pipelines so, and their sweeps and trials as in the next line
SWEEPS = "*-Tune-*"
LOGS = ("TrainingJobs", "ProcessingJobs")
SWEEP = Duration.minutes(5)  # hundreds of trials, each described by itself
RUN_BODIES = "runs/"  # runs that are too large for the table
KEPT_CODE = "sources/"


class RecordTraining(Construct):
    """Woken by start and end of a pipeline execution and by every change of a model package, of our models only."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self, "Function", name="record_training", foundation=foundation, timeout=SWEEP
        )
        stage = foundation.settings.stage
        pipelines = arn(self, "sagemaker", f"pipeline/{names.pipeline_name(stage, '')}")
        EventRule(
            self,
            "PipelineChanged",
            to=self.function,
            pattern=sagemaker_events(
                "SageMaker Model Building Pipeline Execution Status Change",
                pipelineArn=[{"prefix": pipelines}],
                currentPipelineExecutionStatus=list(TOLD),
            ),
        )
        EventRule(
            self,
            "PackageChanged",
            to=self.function,
            pattern=sagemaker_events(
                "SageMaker Model Package State Change",
                ModelPackageGroupName=[{"prefix": names.model_package_group(stage, "")}],
            ),
        )
        self._allow(foundation)

    def allow_keeping(self, *code: s3_assets.Asset) -> None:
        """Let it read packed code, of which it keeps a copy with the run that ran it."""
        grant_code(self.function.role, *code)

    def _allow(self, foundation: Foundation) -> None:
        stage = foundation.settings.stage
        self._allow_keeping_runs(foundation)
        self.function.allow_publishing()
        pipelines = names.pipeline_name(stage, "*")
        self.function.allow(
            "sagemaker:DescribePipelineExecution",
            "sagemaker:ListPipelineExecutionSteps",
            "sagemaker:ListPipelineParametersForExecution",
            on=[arn(self, "sagemaker", f"pipeline/{pipelines}/execution/*")],
        )
        self.function.allow(
            "sagemaker:DescribeModelPackage",
            "sagemaker:UpdateModelPackage",
            on=[arn(self, "sagemaker", f"model-package/{names.model_package_group(stage, '*')}/*")],
        )
        self._allow_reading_jobs()

    def _allow_keeping_runs(self, foundation: Foundation) -> None:
        store, role = foundation.store, self.function.role
        store.grant_change_state(role)
        store.grant_keep_runs(role)
        store.grant_find_objects(role)
        store.grant_read_objects(role, "artifacts/", "datasets/", RUN_BODIES, KEPT_CODE)
        store.grant_write_objects(role, "artifacts/", RUN_BODIES, KEPT_CODE)

    def _allow_reading_jobs(self) -> None:
        """Read what the jobs of pipelines did, and the last words of those that failed."""
        tuning = arn(self, "sagemaker", f"hyper-parameter-tuning-job/{SWEEPS}")
        self.function.allow(
            "sagemaker:DescribeTrainingJob",
            on=[arn(self, "sagemaker", f"training-job/{each}") for each in (JOBS, SWEEPS)],
        )
        self.function.allow(
            "sagemaker:DescribeProcessingJob", on=[arn(self, "sagemaker", f"processing-job/{JOBS}")]
        )
        self.function.allow(
            "sagemaker:DescribeHyperParameterTuningJob",
            "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
            on=[tuning],
        )
        groups = [arn(self, "logs", f"log-group:/aws/sagemaker/{group}:*") for group in LOGS]
        self.function.allow("logs:DescribeLogStreams", "logs:GetLogEvents", on=groups)
