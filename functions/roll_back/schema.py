"""The events that wake roll_back."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimtab.errors import InvalidInput


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _State(_Read):
    value: Literal["ALARM"]
    reason: str
    timestamp: datetime


class _Metric(_Read):
    dimensions: dict[str, str]


class _Statistic(_Read):
    metric: _Metric


class _Measured(_Read):
    metric_stat: _Statistic = Field(alias="metricStat")


class _Configuration(_Read):
    metrics: tuple[_Measured, ...] = Field(min_length=1)


class ChampionAlarm(_Read):
    """What is used of CloudWatch's "CloudWatch Alarm State Change"; its other fields may change."""

    alarm_name: str = Field(alias="alarmName")
    state: _State
    configuration: _Configuration

    @property
    def model(self) -> str:
        """The model whose champion it is about. Raises InvalidInput if its metric has no such dimension."""
        found = self.configuration.metrics[0].metric_stat.metric.dimensions.get("model")
        if found is None:
            raise _unreadable(f"the metric of {self.alarm_name} has no dimension model")
        return found


class EndpointStateChange(_Read):
    """What is used of SageMaker's "SageMaker Endpoint State Change"; its other fields may change."""

    endpoint_name: str = Field(alias="EndpointName")


def read(event: dict[str, Any]) -> ChampionAlarm | EndpointStateChange:
    """Return what the event says. Raises InvalidInput if it is neither of the two."""
    try:
        if event.get("source") == "aws.sagemaker":
            return EndpointStateChange.model_validate(event.get("detail"))
        return ChampionAlarm.model_validate(event.get("detail"))
    except ValidationError as error:
        kind = event.get("detail-type", "an event without detail-type")
        raise _unreadable(f"cannot read {kind}: {error.error_count()} fields are wrong") from error


def _unreadable(what: str) -> InvalidInput:
    return InvalidInput(
        f"roll_back: {what}", hint="its rule is in infra/constructs/functions/roll_back.py"
    )
