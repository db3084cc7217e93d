"""Decides whether a model is trained, and starts its pipeline."""

from collections.abc import Iterator, Mapping

from constructs import Construct

from infra.constructs.event_rule import EventRule, trimtab_events
from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from infra.constructs.timetable import DUE, Time, Timetable
from pipelines.spec import ModelFolder
from trimtab import names
from trimtab.api.routes import of_function
from trimtab.domain.retraining import Retraining

WOKEN_BY = (
    "DatasetAccepted",
    "DriftDetected",
    "QualityBreached",
    "LabelsCollected",
    "TrainingFinished",
)
# What waits for a cool-down or a budget is weighed at the next of these, and a start that nobody repeated is made
# good. Ends of runs and of quiet hours have events of their own, so nothing else waits for it.
TICK = "rate(1 hour)"


class RequestTraining(Construct):
    """Woken by every cause of training, by the end of a run, by the clock, and by people over HTTP."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        foundation: Foundation,
        api: HttpApi,
        models: Mapping[str, ModelFolder],
    ) -> None:
        super().__init__(scope, id)
        self._stage = foundation.settings.stage
        self.function = PlatformFunction(
            self, "Function", name="request_training", foundation=foundation
        )
        EventRule(
            self,
            "CauseGiven",
            to=self.function,
            bus=foundation.bus,
            pattern=trimtab_events(*WOKEN_BY),
        )
        api.route(self.function, *of_function("request_training"))
        self._wake_by_the_clock(models)
        self._allow(foundation)

    def _wake_by_the_clock(self, models: Mapping[str, ModelFolder]) -> None:
        timetable = Timetable(self, "Timetable", to=self.function)
        tick = {"detail-type": "Tick", "detail": {"due": DUE}}
        timetable.add(Time("Tick", names.training_tick(self._stage), TICK, tick))
        for model, folder in models.items():
            for time in times_of(self._stage, model, folder.spec.retraining):
                timetable.add(time)

    def _allow(self, foundation: Foundation) -> None:
        ours = names.pipeline_name(foundation.settings.stage, "*")
        foundation.store.grant_change_state(self.function.role)
        self.function.allow_publishing()
        self.function.allow(
            "sagemaker:DescribePipeline",  # whose parameters a recipe must still fit
            "sagemaker:StartPipelineExecution",
            on=[arn(self, "sagemaker", f"pipeline/{ours}")],
        )
        self._allow_reading_recipes(foundation)

    def _allow_reading_recipes(self, foundation: Foundation) -> None:
        """Read what a run was made of, and look whether all of it is there."""
        store, role = foundation.store, self.function.role
        store.grant_find_objects(role)
        store.grant_read_objects(role, "artifacts/", "datasets/", "runs/", "sources/")
        store.grant_read_versions(role, "incoming/")


def times_of(stage: str, model: str, policy: Retraining) -> Iterator[Time]:
    """Yield when a model's training is to be weighed by the clock: at its schedule, and when its quiet hours end."""
    if policy.schedule:
        detail = {"model": model, "expression": policy.schedule, "due": DUE}
        yield Time(
            f"Schedule-{model}",
            names.training_schedule(stage, model),
            policy.schedule,
            {"detail-type": "ScheduleDue", "detail": detail},
            policy.time_zone,
        )
    if policy.quiet_hours:
        hour, minute = map(int, policy.quiet_hours.end.split(":"))
        yield Time(
            f"QuietHoursEnd-{model}",
            names.quiet_hours_end(stage, model),
            f"cron({minute} {hour} * * ? *)",
            {"detail-type": "Tick", "detail": {"model": model, "due": DUE}},
            policy.time_zone,
        )
