"""Prepare splits the rows and weighs them with parameters and code; Check refuses what does not fit."""

from collections.abc import Iterator
from typing import Any

from pipelines.definition.processing import EXIT_MESSAGE, WORK, processing
from pipelines.definition.values import Json, flags, join, parameter, read_out, step
from pipelines.definition.wiring import Pipeline
from trimtab.domain import pipeline_parameters as parameters

CHECK_STEP, CHECK, CHECK_FILE = "Prepare", "Check", "check.json"


def prepare(pipeline: Pipeline) -> Json:
    """Return the step that reads a dataset version and leaves training and evaluation rows."""
    outputs = {name: f"{WORK}/{name}" for name in ("train", "evaluation", "check")}
    made = processing(
        CHECK_STEP,
        pipeline,
        arguments=[
            "prepare",
            "--manifest-uri",
            parameter(parameters.MANIFEST_URI),
            *flags(source=f"{WORK}/source", exit_message=EXIT_MESSAGE, **outputs),
            *_whole_hyperparameters(pipeline),
        ],
        inputs={"source": parameter(parameters.SOURCE_URI)},
        outputs={
            name: (path, pipeline.run_uri(f"prepared/{name}")) for name, path in outputs.items()
        },
    )
    made["PropertyFiles"] = [
        {"PropertyFileName": CHECK, "OutputName": "check", "FilePath": CHECK_FILE}
    ]
    return made


def check(then: list[Json]) -> Json:
    """Return the step that goes on only with data, parameters and code that fit each other."""
    refusal = join("The check refused to train: ", _checked("sentence"))
    passed = {"Type": "Equals", "LeftValue": _checked("passed"), "RightValue": True}
    return step(
        "Check",
        "Condition",
        {
            "Conditions": [passed],
            "IfSteps": then,
            "ElseSteps": [step("CheckRefused", "Fail", {"ErrorMessage": refusal})],
        },
    )


def _whole_hyperparameters(pipeline: Pipeline) -> list[Any]:
    """The hyperparameters that the check weighs against the rows, as this run has them."""
    told = list(_told(pipeline))
    return ["--set", *told] if told else []


def _told(pipeline: Pipeline) -> Iterator[Any]:
    ranges = pipeline.sweep.ranges if pipeline.sweep else {}
    for name, value in pipeline.spec.training.hyperparameters.items():
        if type(value) is not int:
            continue
        if name not in ranges:
            yield join(f"{name}=", parameter(parameters.hyperparameter(name)))
        elif ranges[name].type == "integer":  # the rows have to do for every trial
            yield join(f"{name}=", parameter(parameters.ends(name)[1]))


def _checked(path: str) -> Json:
    """A value out of check.json."""
    return read_out(f"Steps.{CHECK_STEP}.PropertyFiles.{CHECK}", path)
