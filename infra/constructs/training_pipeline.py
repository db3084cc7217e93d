"""A model's SageMaker pipelines: definitions, code, image and the role their jobs run with."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.constructs.container_rights import grant_code, grant_logs, grant_metrics
from infra.constructs.framework_image import FrameworkImage
from infra.constructs.platform_store import PlatformStore
from infra.constructs.rights import address, allow, arn
from infra.settings import Settings
from pipelines import definition, packaging
from pipelines.spec import ModelFolder
from trimtab import names
from trimtab.domain.plans import Variant

JOBS = "pipelines-*"  # SageMaker names the jobs of a pipeline's steps so
SWEEPS = "*-Tune-*"  # but a tuning job and its trials after execution and step
IDS: Mapping[Variant, str] = {"train": "Pipeline", "sweep": "Sweep", "sweep-warm": "WarmSweep"}
DOES: Mapping[Variant, str] = {
    "train": "Trains {}",
    "sweep": "Tunes {}",
    "sweep-warm": "Tunes {} on from an earlier sweep",
}


class TrainingPipeline(Construct):
    """Prepare, train or tune, evaluate, gate and register one model, with rights to that model's data only."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        folder: ModelFolder,
        settings: Settings,
        store: PlatformStore,
        image: FrameworkImage,
        steps: s3_assets.Asset,
        build: Path,
    ) -> None:
        super().__init__(scope, id)
        self._spec, self._stage = folder.spec, settings.stage
        self.source = source = self._source(folder, build)
        self.facts = self._facts(folder, build)
        self._group = names.model_package_group(settings.stage, folder.spec.name)
        self.role = self._role(store, image, [source, steps])
        wiring = definition.Wiring(
            image_uri=image.uri(folder.spec.training),
            role_arn=self.role.role_arn,
            bucket=store.bucket.bucket_name,
            package_group=self._group,
            source_uri=address(source),
            steps_uri=address(steps),
            code_uri=address(self.facts),
            kms_key_arn=store.key.key_arn,
        )
        for variant in definition.variants(folder.spec):
            self._pipeline(variant, wiring)

    def _pipeline(self, variant: Variant, wiring: definition.Wiring) -> None:
        body = Stack.of(self).to_json_string(definition.build(self._spec, wiring, variant))
        pipeline = sagemaker.CfnPipeline(
            self,
            IDS[variant],
            pipeline_name=names.pipeline_name(self._stage, self._spec.name, variant),
            pipeline_description=f"{DOES[variant].format(self._spec.name)} and registers what passes its gate",
            pipeline_definition={"PipelineDefinitionBody": body},
            role_arn=self.role.role_arn,
        )
        # SageMaker tries the role when the pipeline is made.
        pipeline.node.add_dependency(self.role)

    def _source(self, folder: ModelFolder, build: Path) -> s3_assets.Asset:
        archive = build / f"{folder.spec.name}-sourcedir.tar.gz"
        packaging.write_sourcedir(folder.folder, archive)
        return s3_assets.Asset(self, "Source", path=str(archive))

    def _facts(self, folder: ModelFolder, build: Path) -> s3_assets.Asset:
        facts = build / f"{folder.spec.name}-code.json"
        packaging.write_code_facts(folder.folder, facts)
        return s3_assets.Asset(self, "CodeFacts", path=str(facts))

    def _role(
        self, store: PlatformStore, image: FrameworkImage, code: list[s3_assets.Asset]
    ) -> iam.Role:
        model = self._spec.name
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description=f"What the training pipeline of {model} may do",
        )
        store.grant_find_objects(role)
        store.grant_read_versions(role, f"incoming/{model}/")
        # The code of an earlier run is kept under sources/, for the run that repeats it.
        store.grant_read_objects(
            role, f"datasets/{model}/", f"artifacts/{model}/", f"sources/{model}/"
        )
        store.grant_write_large_objects(role, f"artifacts/{model}/")
        store.grant_encrypt_output(role)
        grant_code(role, *code)
        image.grant_pull(role, self._spec.training)
        grant_logs(role, "TrainingJobs", "ProcessingJobs")
        grant_metrics(role, "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/ProcessingJobs")
        self._allow_jobs(role)
        if self._spec.training.sweep is not None:
            self._allow_sweeping(role)
        self._allow_registering(role)
        return role

    def _allow_jobs(self, role: iam.Role) -> None:
        training = arn(self, "sagemaker", f"training-job/{JOBS}")
        processing = arn(self, "sagemaker", f"processing-job/{JOBS}")
        for kind, jobs in (("Training", training), ("Processing", processing)):
            actions = [f"sagemaker:{verb}{kind}Job" for verb in ("Create", "Describe", "Stop")]
            role.add_to_policy(allow(actions, [jobs]))
        role.add_to_policy(allow(["sagemaker:AddTags"], [training, processing]))
        role.add_to_policy(
            allow(
                ["iam:PassRole"],
                [role.role_arn],
                {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )

    def _allow_sweeping(self, role: iam.Role) -> None:
        """Let the role tune, and read what an earlier sweep found; SageMaker makes the trials itself."""
        jobs = arn(self, "sagemaker", f"hyper-parameter-tuning-job/{SWEEPS}")
        verbs = ("Create", "Describe", "Stop")
        role.add_to_policy(
            allow([f"sagemaker:{verb}HyperParameterTuningJob" for verb in verbs], [jobs])
        )
        # Of which trial is the best, the step asks the list.
        role.add_to_policy(
            allow(
                ["sagemaker:ListTrainingJobsForHyperParameterTuningJob", "sagemaker:AddTags"],
                [jobs],
            )
        )
        trials = arn(self, "sagemaker", f"training-job/{SWEEPS}")
        role.add_to_policy(allow([f"sagemaker:{verb}TrainingJob" for verb in verbs], [trials]))

    def _allow_registering(self, role: iam.Role) -> None:
        group = arn(self, "sagemaker", f"model-package-group/{self._group}")
        versions = arn(self, "sagemaker", f"model-package/{self._group}/*")
        role.add_to_policy(
            allow(["sagemaker:CreateModelPackage", "sagemaker:AddTags"], [group, versions])
        )
        role.add_to_policy(allow(["sagemaker:DescribeModelPackageGroup"], [group]))
        role.add_to_policy(allow(["sagemaker:DescribeModelPackage"], [versions]))
