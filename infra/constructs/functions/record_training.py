"""Records how trainings ended and which versions came of them."""

from constructs import Construct

from infra.constructs.event_rule import EventRule, sagemaker_events
from infra.constructs.foundation import Foundation
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names

FINAL = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")


class RecordTraining(Construct):
    """Woken by the end of a pipeline execution and by every change of a model package, of our models only."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self, "Function", name="record_training", foundation=foundation
        )
        stage = foundation.settings.stage
        pipelines = arn(self, "sagemaker", f"pipeline/{names.pipeline_name(stage, '')}")
        EventRule(
            self,
            "PipelineEnded",
            to=self.function,
            pattern=sagemaker_events(
                "SageMaker Model Building Pipeline Execution Status Change",
                pipelineArn=[{"prefix": pipelines}],
                currentPipelineExecutionStatus=list(FINAL),
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

    def _allow(self, foundation: Foundation) -> None:
        stage = foundation.settings.stage
        foundation.store.grant_change_state(self.function.role)
        foundation.store.grant_find_objects(self.function.role)
        foundation.store.grant_read_objects(self.function.role, "artifacts/")
        self.function.allow_publishing()
        pipelines = names.pipeline_name(stage, "*")
        self.function.allow(
            "sagemaker:DescribePipelineExecution",
            "sagemaker:ListPipelineExecutionSteps",
            on=[arn(self, "sagemaker", f"pipeline/{pipelines}/execution/*")],
        )
        self.function.allow(
            "sagemaker:DescribeModelPackage",
            "sagemaker:UpdateModelPackage",
            on=[arn(self, "sagemaker", f"model-package/{names.model_package_group(stage, '*')}/*")],
        )
