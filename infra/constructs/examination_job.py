"""The job that examines an object which is too large for a function: its container, its code, its rights."""

from pathlib import Path

from aws_cdk import CfnMapping, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.bundling.examination import write_examination
from infra.constructs.container_rights import grant_code, grant_logs, grant_metrics
from infra.constructs.platform_store import PlatformStore
from infra.constructs.rights import address, allow, arn
from pipelines import images

ROOT = Path(__file__).parents[2]
ACCOUNT = "account"
NOWHERE = "none"  # of a region without a Spark container: its functions quarantine what is too large for them


class ExaminationJob(Construct):
    """Reads any object version under incoming/, and writes what it found under examinations/; nothing else."""

    def __init__(self, scope: Construct, id: str, *, store: PlatformStore, build: Path) -> None:
        super().__init__(scope, id)
        archive = build / "examination.zip"
        write_examination(ROOT, archive)
        self._code = s3_assets.Asset(self, "Code", path=str(archive))
        self.code_uri = address(self._code)
        accounts = CfnMapping(
            self,
            "Accounts",
            mapping={
                region: {ACCOUNT: images.SPARK_ACCOUNTS.get(region, NOWHERE)}
                for region in images.ACCOUNTS
            },
        )
        stack = Stack.of(self)
        self._account = accounts.find_in_map(stack.region, ACCOUNT)
        self.image_uri = images.spark_address(self._account, stack.region, stack.url_suffix)
        self.role = self._role(store)

    def _role(self, store: PlatformStore) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description="What a job that examines a large object may do",
        )
        store.grant_find_objects(role)
        store.grant_read_versions(role, "incoming/")
        store.grant_read_objects(role, "examinations/")
        store.grant_write_large_objects(role, "examinations/")
        store.grant_encrypt_output(role)
        grant_code(role, self._code)
        grant_logs(role, "ProcessingJobs")
        grant_metrics(role, "/aws/sagemaker/ProcessingJobs")
        # ecr:GetAuthorizationToken takes no resource: one token opens every registry that a role may pull from.
        role.add_to_policy(allow(["ecr:GetAuthorizationToken"], ["*"]))
        repository = f"repository/{images.SPARK_REPOSITORY}"
        role.add_to_policy(
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                [arn(self, "ecr", repository, account=self._account)],
            )
        )
        return role
