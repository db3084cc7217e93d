"""Checks what people put under incoming/ and makes dataset versions of it."""

from aws_cdk import Duration, Size
from constructs import Construct

from infra.constructs.event_rule import EventRule, created_objects, sagemaker_events
from infra.constructs.examination_job import ExaminationJob
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names
from trimtab.api.routes import of_function


class ValidateDataset(Construct):
    """Woken by each object that is created under incoming/, by the end of a job, and by people over HTTP."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        foundation: Foundation,
        api: HttpApi,
        examination: ExaminationJob,
    ) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self,
            "Function",
            name="validate_dataset",
            foundation=foundation,
            lock="lambda-data",
            memory_mb=2048,
            disk=Size.gibibytes(4),  # the largest file it takes, 2 GiB, with as much again to spare
            timeout=Duration.minutes(15),
            environment={
                "TRIMTAB_EXAMINATION_IMAGE_URI": examination.image_uri,
                "TRIMTAB_EXAMINATION_ROLE_ARN": examination.role.role_arn,
                "TRIMTAB_EXAMINATION_CODE_URI": examination.code_uri,
                "TRIMTAB_EXAMINATION_KEY_ARN": foundation.store.key.key_arn,
            },
        )
        EventRule(
            self,
            "Arrived",
            to=self.function,
            pattern=created_objects(foundation.store.bucket, "incoming/"),
        )
        self._jobs = names.EXAMINATION.format(stage=foundation.settings.stage)
        EventRule(
            self,
            "Examined",
            to=self.function,
            pattern=sagemaker_events(
                "SageMaker Processing Job State Change",
                ProcessingJobName=[{"prefix": self._jobs}],
                ProcessingJobStatus=["Completed", "Failed", "Stopped"],
            ),
        )
        api.route(self.function, *of_function("validate_dataset"))
        self._allow(foundation)
        self._allow_jobs(examination)

    def _allow(self, foundation: Foundation) -> None:
        store, role = foundation.store, self.function.role
        store.grant_change_state(role)
        store.grant_find_objects(role)
        store.grant_read_versions(role, "incoming/")
        store.grant_read_objects(role, "datasets/", "quarantine/", "examinations/")
        store.grant_write_objects(role, "datasets/", "quarantine/", "examinations/")
        self.function.allow_publishing()

    def _allow_jobs(self, examination: ExaminationJob) -> None:
        """It starts jobs of its own name, with the one role that these have."""
        self.function.allow(
            "sagemaker:CreateProcessingJob",
            "sagemaker:DescribeProcessingJob",
            on=[arn(self, "sagemaker", f"processing-job/{self._jobs}*")],
        )
        self.function.allow(
            "iam:PassRole",
            on=[examination.role.role_arn],
            when={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
