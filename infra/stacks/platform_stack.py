"""What runs: functions, bus, HTTP API, training pipelines. It holds nothing that cannot be deployed again."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import aws_events as events
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.constructs.alarm_topic import alarm_topic
from infra.constructs.examination_job import ExaminationJob
from infra.constructs.foundation import Foundation
from infra.constructs.framework_image import FrameworkImage
from infra.constructs.functions.advance_rollout import AdvanceRollout
from infra.constructs.functions.collect_labels import CollectLabels
from infra.constructs.functions.compare_datasets import CompareDatasets
from infra.constructs.functions.inference_api import InferenceApi
from infra.constructs.functions.monitor_model import MonitorModel
from infra.constructs.functions.notify import Notify
from infra.constructs.functions.record_training import RecordTraining
from infra.constructs.functions.registry_api import RegistryApi
from infra.constructs.functions.request_training import RequestTraining
from infra.constructs.functions.retire_endpoints import RetireEndpoints
from infra.constructs.functions.roll_back import RollBack
from infra.constructs.functions.start_rollout import StartRollout
from infra.constructs.functions.validate_dataset import ValidateDataset
from infra.constructs.http_api import HttpApi
from infra.constructs.model_specs import model_specs
from infra.constructs.platform_store import PlatformStore
from infra.constructs.serving_role import ServingRole
from infra.constructs.training_pipeline import TrainingPipeline
from infra.settings import Settings
from pipelines import packaging
from pipelines.spec import ModelFolder
from trimtab import names


class PlatformStack(Stack):
    """Every function with its triggers, and a training pipeline for each model."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        store: PlatformStore,
        serving: ServingRole,
        models: Mapping[str, ModelFolder],
        build: Path,
    ) -> None:
        super().__init__(scope, id, description="Trimtab: functions, events, API and pipelines")
        Tags.of(self).add("trimtab:stage", settings.stage)
        build.mkdir(parents=True, exist_ok=True)
        self._build = build
        self._image = FrameworkImage(self, "Image")
        self._foundation = Foundation(
            settings=settings,
            store=store,
            bus=events.EventBus(self, "Bus", event_bus_name=names.bus_name(settings.stage)),
            alarms=alarm_topic(self, "Alarms", key=store.key),
            models=model_specs(self, "Models", models=models, build=build),
        )
        self._functions(serving, models)
        self._pipelines(models, build)
        CfnOutput(self, "BusName", value=self._foundation.bus.event_bus_name)
        CfnOutput(self, "AlarmTopicArn", value=self._foundation.alarms.topic_arn)

    def _functions(self, serving: ServingRole, models: Mapping[str, ModelFolder]) -> None:
        foundation = self._foundation
        api = HttpApi(self, "HttpApi", settings=foundation.settings)
        examination = ExaminationJob(self, "Examination", store=foundation.store, build=self._build)
        ValidateDataset(
            self, "ValidateDataset", foundation=foundation, api=api, examination=examination
        )
        RequestTraining(self, "RequestTraining", foundation=foundation, api=api, models=models)
        self._record = RecordTraining(self, "RecordTraining", foundation=foundation)
        StartRollout(self, "StartRollout", foundation=foundation, serving=serving)
        AdvanceRollout(self, "AdvanceRollout", foundation=foundation, api=api, serving=serving)
        RollBack(self, "RollBack", foundation=foundation, api=api, serving=serving, models=models)
        RetireEndpoints(self, "RetireEndpoints", foundation=foundation)
        InferenceApi(self, "InferenceApi", foundation=foundation, api=api, models=models)
        CollectLabels(self, "CollectLabels", foundation=foundation, api=api)
        MonitorModel(self, "MonitorModel", foundation=foundation, models=models)
        Notify(self, "Notify", foundation=foundation)
        CompareDatasets(self, "CompareDatasets", foundation=foundation, api=api)
        RegistryApi(self, "RegistryApi", foundation=foundation, api=api)

    def _pipelines(self, models: Mapping[str, ModelFolder], build: Path) -> None:
        archive = build / "steps.zip"
        packaging.write_steps(archive)
        steps = s3_assets.Asset(self, "Steps", path=str(archive))
        self._record.allow_keeping(steps)
        for name, folder in models.items():
            pipeline = TrainingPipeline(
                self,
                f"Training-{name}",
                folder=folder,
                settings=self._foundation.settings,
                store=self._foundation.store,
                image=self._image,
                steps=steps,
                build=build,
            )
            self._record.allow_keeping(pipeline.source, pipeline.facts)
