"""Logged models: what a run saved, with its own parameters, tags and metrics, before anybody registers it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from trimtab.errors import InvalidInput, NotFound

ID_MOST = 64
ID = re.compile(rf"[\w-]{{1,{ID_MOST}}}", re.ASCII)
TEXT_MOST = (
    150_000  # bytes of all parameters, and of all tags: an item of the table holds 400 KB in all
)
NAME_REFUSES = ("/", ":", ".", "%", '"', "'")
NAME_MOST = 500  # characters, as MLflow's own table keeps
TYPE_MOST = 500
KEY_MOST = 250
VALUE_MOST = 8000
PARAMS_MOST = 2000  # of one model; MLflow's client sends them a hundred at a time
TAGS_MOST = 1000
METRICS_MOST = 1000  # points kept with a model; the runs that measured them keep all


class LoggedModelStatus(IntEnum):
    """How far a logged model is; the numbers and words are MLflow's."""

    LOGGED_MODEL_STATUS_UNSPECIFIED = 0
    LOGGED_MODEL_PENDING = 1
    LOGGED_MODEL_READY = 2
    LOGGED_MODEL_UPLOAD_FAILED = 3


@dataclass(frozen=True)
class LoggedMetric:
    """One measurement of a logged model, by a run, on a dataset if one was named."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str
    dataset_name: str | None = None
    dataset_digest: str | None = None

    @property
    def point(self) -> tuple[object, ...]:
        """What tells it from other measurements; a repeated request measures nothing new."""
        return (
            self.key,
            self.timestamp,
            self.step,
            self.run_id,
            self.dataset_name,
            self.dataset_digest,
        )


@dataclass(frozen=True)
class LoggedModel:
    """What is known of one logged model."""

    model_id: str
    experiment_id: str
    name: str
    artifact_uri: str
    created_ms: int
    updated_ms: int
    status: LoggedModelStatus = LoggedModelStatus.LOGGED_MODEL_PENDING
    status_message: str = ""
    model_type: str = ""
    source_run_id: str = ""
    deleted: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[LoggedMetric, ...] = ()

    def as_body(self) -> dict[str, Any]:
        """Return it as JSON."""
        plain = {**vars(self), "params": dict(self.params), "tags": dict(self.tags)}
        return {**plain, "status": int(self.status), "metrics": [vars(m) for m in self.metrics]}

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> "LoggedModel":
        """Return the model that `as_body` was given."""
        metrics = tuple(LoggedMetric(**each) for each in body["metrics"])
        return cls(**{**body, "status": LoggedModelStatus(body["status"]), "metrics": metrics})

    def finalized(self, status: LoggedModelStatus, now_ms: int) -> "LoggedModel":
        """Return it with its last status; itself if it has that already."""
        if status is self.status:
            return self
        return replace(self, status=status, updated_ms=now_ms)

    def with_params(self, params: Mapping[str, str]) -> "LoggedModel":
        """Return it with more parameters. Raises InvalidInput if one of them has another value already."""
        for key, value in params.items():
            if self.params.get(key, value) != value:
                raise InvalidInput(
                    f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                    f"value='{self.params[key]}' for model ID='{self.model_id}'. Attempted logging new value '{value}'."
                )
        return replace(self, params=checked_params({**self.params, **params}))

    def with_tags(self, tags: Mapping[str, str]) -> "LoggedModel":
        """Return it with these tags over those it has."""
        return replace(self, tags=checked_tags({**self.tags, **tags}))

    def without_tag(self, key: str) -> "LoggedModel":
        """Return it without a tag. Raises NotFound if it has no such tag."""
        if key not in self.tags:
            raise NotFound(f"No tag with key {key!r} found for model with ID {self.model_id!r}.")
        return replace(self, tags={k: v for k, v in self.tags.items() if k != key})

    def with_metrics(self, metrics: Sequence[LoggedMetric]) -> "LoggedModel":
        """Return it with these measurements, each once, the oldest left out when there are too many."""
        kept = {metric.point: metric for metric in self.metrics}
        for metric in metrics:
            kept.setdefault(metric.point, metric)
        return replace(self, metrics=tuple(kept.values())[-METRICS_MOST:])

    def removed(self, now_ms: int) -> "LoggedModel":
        """Return it as deleted; itself if it is that already."""
        if self.deleted:
            return self
        return replace(self, deleted=True, updated_ms=now_ms)


def not_there(model_id: str) -> NotFound:
    """The refusal of a request about a model that does not exist, or was deleted."""
    return NotFound(f"Logged model with ID '{model_id}' not found.")


def checked_id(model_id: str) -> str:
    """Return what may be the id of a logged model. Raises NotFound for what is none."""
    if ID.fullmatch(model_id) is None:
        raise not_there(model_id[:ID_MOST])
    return model_id


def checked_name(name: str) -> str:
    """Return a name that a logged model may have. Raises InvalidInput in MLflow's words."""
    if not name or any(each in name for each in NAME_REFUSES):
        raise InvalidInput(
            f"Invalid model name ({name!r}) provided. Model name must be a non-empty string "
            f"and cannot contain the following characters: {NAME_REFUSES}"
        )
    return _short("name", name, NAME_MOST)


def checked_type(model_type: str) -> str:
    """Return a type that a logged model may have. Raises InvalidInput if it is too long."""
    return _short("model_type", model_type, TYPE_MOST)


def checked_params(params: Mapping[str, str]) -> dict[str, str]:
    """Return parameters that a model may have. Raises InvalidInput if they are too many or one is too long."""
    return _bounded("params", params, PARAMS_MOST)


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags that a model may have. Raises InvalidInput if they are too many or one is too long."""
    return _bounded("tags", tags, TAGS_MOST)


def _bounded(what: str, given: Mapping[str, str], most: int) -> dict[str, str]:
    if len(given) > most:
        raise InvalidInput(f"A logged model can have {most:,} {what}. Got {len(given):,}.")
    for key, value in given.items():
        _short(f"{what} key", key, KEY_MOST)
        _short(f"{what} value of '{key[:40]}'", value, VALUE_MOST)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in given.items())
    if size > TEXT_MOST:
        raise InvalidInput(
            f"The {what} of a logged model can have {TEXT_MOST:,} bytes in all. Got {size:,}."
        )
    return dict(given)


def _short(what: str, given: str, most: int) -> str:
    if len(given) > most:
        raise InvalidInput(
            f"'{what}' exceeds the maximum length of {most} characters: it has {len(given)}."
        )
    return given
