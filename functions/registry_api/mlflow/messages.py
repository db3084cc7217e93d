"""Experiments and runs as MLflow's messages, and lists of key and value as mappings."""

from collections.abc import Iterable, Mapping
from typing import Any

from functions.registry_api.mlflow.fields import Fields, proto_number
from trimtab.domain.tracking.experiments import Experiment
from trimtab.domain.tracking.inputs import check_dataset, check_input_tag
from trimtab.domain.tracking.points import Point
from trimtab.domain.tracking.runs import Run

PAIR_SIZE = 22  # characters of a message of key and value beside these
METRIC_SIZE = 80  # the same of a metric's
DATASET_FIELDS = ("name", "digest", "source_type", "source", "schema", "profile")


def experiment_message(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as MLflow's clients read it."""
    return {
        "experiment_id": experiment.id,
        "name": experiment.name,
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": experiment.lifecycle_stage,
        "creation_time": experiment.created_ms,
        "last_update_time": experiment.updated_ms,
        "tags": tag_list(experiment.tags),
    }


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a mapping as a list of messages."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def pairs(items: Iterable[Fields]) -> dict[str, str]:
    """Return a list of messages as a mapping; of a key that comes twice, the last value."""
    return {item.text("key") or "": item.text("value") or "" for item in items}


def run_id_of(fields: Fields) -> str:
    """Return the run that a request is about; older clients call its id `run_uuid`."""
    return (fields.text("run_id") or fields.text("run_uuid")) or fields.required_text("run_id")


def run_info(run: Run) -> dict[str, Any]:
    """Return what MLflow's clients call a run's info."""
    told = {
        "run_id": run.id,
        "run_uuid": run.id,
        "run_name": run.name,
        "experiment_id": run.experiment_id,
        "user_id": run.user_id,
        "status": run.status,
        "start_time": run.start_ms,
        "artifact_uri": run.artifact_uri,
        "lifecycle_stage": run.lifecycle_stage,
    }
    return told if run.end_ms is None else {**told, "end_time": run.end_ms}


def run_message(run: Run) -> dict[str, Any]:
    """Return a run as MLflow's clients read it."""
    return {
        "info": run_info(run),
        "data": {
            "metrics": [metric_message(key, point) for key, point in run.metrics.items()],
            "params": tag_list(run.params),
            "tags": tag_list(run.tags),
        },
        "inputs": {
            "dataset_inputs": [
                {"dataset": one["dataset"], "tags": tag_list(one["tags"])} for one in run.datasets
            ],
            "model_inputs": [{"model_id": model_id} for model_id in run.model_inputs],
        },
        "outputs": {"model_outputs": list(run.model_outputs)},
    }


def message_size(run: Run) -> int:
    """Return how many characters a run's message has, roughly; to count them, it would have to be written twice."""
    texts = sum(
        len(key) + len(value) for pairs in (run.params, run.tags) for key, value in pairs.items()
    )
    keys = sum(map(len, run.metrics))
    inputs = sum(len(str(one)) for one in (*run.datasets, *run.model_inputs, *run.model_outputs))
    pair_count = len(run.params) + len(run.tags)
    return 500 + texts + keys + inputs + PAIR_SIZE * pair_count + METRIC_SIZE * len(run.metrics)


def metric_message(key: str, point: Point) -> dict[str, Any]:
    """Return one point of a metric."""
    return {
        "key": key,
        "value": proto_number(point.value),
        "timestamp": point.timestamp,
        "step": point.step,
    }


def dataset_input(item: Fields) -> dict[str, Any]:
    """Return a dataset that a run reads. Raises InvalidInput for one that may not be logged."""
    dataset = item.message("dataset")
    told = {name: dataset.text(name) for name in DATASET_FIELDS}
    check_dataset(told)
    tags = pairs(item.items("tags"))
    for key, value in tags.items():
        check_input_tag(key, value)
    return {
        "dataset": {name: value for name, value in told.items() if value is not None},
        "tags": tags,
    }
