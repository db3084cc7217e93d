"""The names of what is deployed, made from stage and model in one place for CDK, functions and command line."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads names without paying for pydantic
    from trimtab.domain.plans import Variant

SERVING_PREFIX = "trimtab"
CHAMPION_ALARM = "trimtab-{stage}-champion-"  # what the names of alarms that roll back begin with
EXAMINATION = "trimtab-{stage}-examine-"  # what the names of jobs that examine objects begin with


def function_name(stage: str, folder: str) -> str:
    """Name of the Lambda whose code is `functions/<folder>/`."""
    return f"trimtab-{stage}-{folder.replace('_', '-')}"


def bus_name(stage: str) -> str:
    """Name of the event bus that carries Trimtab's own events."""
    return f"trimtab-{stage}"


def capture_stream(stage: str) -> str:
    """Name of the Firehose stream that takes what was asked and predicted."""
    return f"trimtab-{stage}-captures"


def pipeline_name(stage: str, model: str, variant: "Variant" = "train") -> str:
    """Name of the SageMaker pipeline that trains the model, once or in a sweep."""
    name = f"trimtab-{stage}-{model}"
    return name if variant == "train" else f"{name}-{variant}"


def of_pipeline(stage: str, name: str) -> "tuple[str, Variant]":
    """Return the model that a pipeline trains, and in which way."""
    model = name.removeprefix(pipeline_name(stage, ""))
    if model.endswith("-sweep-warm"):
        return model.removesuffix("-sweep-warm"), "sweep-warm"
    if model.endswith("-sweep"):
        return model.removesuffix("-sweep"), "sweep"
    return model, "train"


def model_package_group(stage: str, model: str) -> str:
    """Name of the SageMaker model package group that holds the model's versions."""
    return f"trimtab-{stage}-{model}"


def model_of(stage: str, name: str) -> str:
    """Model whose model package group has this name."""
    return name.removeprefix(model_package_group(stage, ""))


def endpoint_name(stage: str, model: str, version: int) -> str:
    """Name of the endpoint of one version; its SageMaker model and endpoint config are named alike."""
    return f"trimtab-{stage}-{model}-v{version}"


def endpoint_prefix(stage: str) -> str:
    """What the names of all endpoints of versions begin with."""
    return f"{SERVING_PREFIX}-{stage}-"


def of_endpoint(stage: str, endpoint: str) -> tuple[str, int] | None:
    """Return model and version of an endpoint's name, or None if it is not the endpoint of a version."""
    name = endpoint.removeprefix(f"trimtab-{stage}-")
    model, _, version = name.rpartition("-v")
    is_ours = name != endpoint and model and version.isascii() and version.isdecimal()
    return (model, int(version)) if is_ours else None


def training_tick(stage: str) -> str:
    """Name of the schedule that lets every model's training be weighed again."""
    return f"trimtab-{stage}"


def rollout_tick(stage: str) -> str:
    """Name of the schedule at which rollouts that take steps are looked at."""
    return f"trimtab-{stage}-rollouts"


def retirement_tick(stage: str) -> str:
    """Name of the schedule at which endpoints that nobody needs are sought."""
    return f"trimtab-{stage}-retirements"


def monitoring_tick(stage: str) -> str:
    """Name of the schedule at which live traffic is counted and judged."""
    return f"trimtab-{stage}-monitoring"


def training_schedule(stage: str, model: str) -> str:
    """Name of the schedule at whose hours a model is to be trained."""
    return f"trimtab-{stage}-{model}-training"


def quiet_hours_end(stage: str, model: str) -> str:
    """Name of the schedule that fires when a model's quiet hours are over."""
    return f"trimtab-{stage}-{model}-quiet-end"


def examination_job(stage: str, receipt: str, attempt: int) -> str:
    """Name of the SageMaker job that examines an object; `receipt` is the id of the object's receipt."""
    return f"{EXAMINATION.format(stage=stage)}{receipt[:24]}-{attempt}"


def champion_alarm(stage: str, model: str, what: str) -> str:
    """Name of the alarm that says `what` is wrong with a model's champion."""
    return f"{CHAMPION_ALARM.format(stage=stage)}{model}-{what}"


def capture_alarm(stage: str, model: str) -> str:
    """Name of the alarm that says that answers of a model are not captured."""
    return f"trimtab-{stage}-captures-{model}-dropped"


def monitor_alarm(stage: str, model: str, what: str) -> str:
    """Name of the alarm that says `what` was found of a model's live traffic."""
    return f"trimtab-{stage}-watch-{model}-{what}"


def webhooks_parameter(stage: str) -> str:
    """SSM parameter that holds the webhooks of a stage."""
    return f"/trimtab/{stage}/webhooks"


def champion_parameter(stage: str, model: str) -> str:
    """SSM parameter that holds the champion's endpoint name, for callers of SageMaker itself."""
    return f"/trimtab/{stage}/{model}/champion"
