"""Watches the live traffic of every model."""

from collections.abc import Iterable

from aws_cdk import Duration
from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.monitor_alarms import MonitorAlarms
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.timetable import DUE, Time, Timetable
from trimtab import names

EVERY = "rate(1 hour)"  # what arrived since is counted; windows are whole hours


class MonitorModel(Construct):
    """Woken every hour; reads captures, and keeps counts and what was found."""

    def __init__(
        self, scope: Construct, id: str, *, foundation: Foundation, models: Iterable[str]
    ) -> None:
        super().__init__(scope, id)
        for model in models:
            MonitorAlarms(self, f"Alarms-{model}", foundation=foundation, model=model)
        self.function = PlatformFunction(
            self,
            "Function",
            name="monitor_model",
            foundation=foundation,
            lock="lambda-data",
            memory_mb=2048,
            timeout=Duration.minutes(15),
        )
        timetable = Timetable(self, "Timetable", to=self.function)
        event = {"detail-type": "Tick", "detail": {"due": DUE}}
        name = names.monitoring_tick(foundation.settings.stage)
        timetable.add(Time("Tick", name, EVERY, event))
        store, role = foundation.store, self.function.role
        store.grant_change_state(role)
        store.grant_find_objects(role)
        store.grant_read_objects(role, "captures/", "profiles/", "artifacts/")
        store.grant_read_objects(role, "predictions/", "ground-truth/")
        store.grant_write_objects(role, "profiles/", "reports/", "predictions/", "ground-truth/")
        self.function.allow_publishing()
