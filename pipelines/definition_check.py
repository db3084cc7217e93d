"""Finds what SageMaker would refuse in a pipeline definition, before anything is deployed.

Every step is checked against botocore's own model of the request it becomes; the rest (references, names, limits)
against the rules of SageMaker's guides. Used at synth and in tests, never where pipelines run.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator

from pipelines.tuning_check import limits_of_tuning

Json = dict[str, Any]

NAME = re.compile(r"^[A-Za-z0-9\-_]{1,64}$")
REQUESTS: Mapping[str, tuple[str, Json]] = {
    "Processing": ("CreateProcessingJob", {"ProcessingJobName": "x"}),
    "Training": ("CreateTrainingJob", {"TrainingJobName": "x"}),
    "Tuning": ("CreateHyperParameterTuningJob", {"HyperParameterTuningJobName": "x"}),
    "RegisterModel": ("CreateModelPackage", {}),
}
"""The request a step becomes, and what the service adds to its arguments."""

EXECUTION = {
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
    "TrainingJobName",
    "ProcessingJobName",
}
COMPARISONS = {
    "Equals",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "LessThan",
    "LessThanOrEqualTo",
}
STAND_INS = {"String": "x", "Integer": 1, "Float": 1.0, "Boolean": True}
TYPED = {"integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True}
VARIABLES = {"Get", "Std:Join", "Std:JsonGet"}
JOB_FAULTS = {
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
}
STEP_FAULTS = {"Step.SERVICE_FAULT", "Step.THROTTLING"}
MOST_DEFINITION = 1_048_576  # characters of CreatePipeline's PipelineDefinition
MOST_PARAMETERS = 200
LONGEST_ARGUMENT = 256  # characters of an entry of ContainerArguments or ContainerEntrypoint
LONGEST_HYPERPARAMETER = 2500
MOST_HYPERPARAMETERS = 100
LONGEST_ENVIRONMENT = 512
MOST_ENVIRONMENT = 100
MOST_ATTEMPTS = 20


def problems(definition: Json) -> list[str]:
    """Return one sentence per problem, each naming its step; an empty list for a sound definition."""
    return list(_Definition(definition).problems())


class _Definition:
    def __init__(self, definition: Json) -> None:
        self._definition = definition
        self._parameters = {each["Name"]: each["Type"] for each in definition.get("Parameters", [])}
        self._steps = list(_every_step(definition.get("Steps", [])))
        self._by_name = {step.get("Name"): step for step in self._steps}

    def problems(self) -> Iterator[str]:
        yield from self._whole()
        yield from self._declared()
        for step in self._steps:
            for problem in (*self._name(step), *self._references(step), *self._content(step)):
                yield f"step {step.get('Name')!r}: {problem}"
        yield from self._loops()

    def _whole(self) -> Iterator[str]:
        if self._definition.get("Version") != "2020-12-01":
            yield f"Version must be '2020-12-01', not {self._definition.get('Version')!r}"
        if not self._steps:
            yield "there is no step"
        if (size := len(json.dumps(self._definition))) > MOST_DEFINITION:
            yield f"the definition has {size} characters, at most {MOST_DEFINITION} are allowed"
        names = [step.get("Name") for step in self._steps]
        for name in sorted({str(each) for each in names if names.count(each) > 1}):
            yield f"two steps are named {name!r}"

    def _declared(self) -> Iterator[str]:
        if len(self._parameters) > MOST_PARAMETERS:
            yield f"{len(self._parameters)} parameters, at most {MOST_PARAMETERS} are allowed"
        for name, kind in self._parameters.items():
            if not NAME.match(name):
                yield f"parameter {name!r}: the name does not match {NAME.pattern}"
            if kind not in STAND_INS:
                yield f"parameter {name!r}: type {kind!r} is none of {', '.join(STAND_INS)}"

    def _name(self, step: Json) -> Iterator[str]:
        if not NAME.match(str(step.get("Name", ""))):
            yield f"the name does not match {NAME.pattern}"

    def _references(self, step: Json) -> Iterator[str]:
        nested = ("IfSteps", "ElseSteps")
        own = {k: v for k, v in step.get("Arguments", {}).items() if k not in nested}
        for reference in _references(own):
            if problem := self._reference(reference):
                yield f"Get {reference!r}: {problem}"
        for name in _depends_on(step):
            if name not in self._by_name:
                yield f"DependsOn names no step: {name!r}"

    def _reference(self, reference: str) -> str | None:
        root, _, rest = reference.partition(".")
        if root == "Parameters":
            return None if rest in self._parameters else "there is no such parameter"
        if root == "Execution":
            return None if rest in EXECUTION else "there is no such execution variable"
        if root != "Steps":
            return "expected Parameters, Execution or Steps"
        name, _, path = rest.partition(".")
        step = self._by_name.get(name)
        if step is None:
            return f"there is no step {name!r}"
        return _property_problem(step, path)

    def _content(self, step: Json) -> Iterator[str]:
        kind = step.get("Type")
        if kind in REQUESTS:
            yield from self._request(step)
            yield from _limits(step["Arguments"])
            yield from limits_of_tuning(step["Arguments"])
            yield from _spot(step["Arguments"].get("TrainingJobDefinition", step["Arguments"]))
            yield from _policies(step)
            yield from _property_files(step)
        elif kind == "Condition":
            yield from _conditions(step["Arguments"])
        elif kind == "Fail":
            if "ErrorMessage" not in step["Arguments"]:
                yield "a Fail step needs an ErrorMessage"
        else:
            yield f"type {kind!r} is not one that Trimtab's pipelines use"

    def _request(self, step: Json) -> Iterator[str]:
        operation, added = REQUESTS[step["Type"]]
        shape: Any = _sagemaker().operation_model(operation).input_shape
        request = self._filled({**step["Arguments"], **added}, shape)
        report = ParamValidator().validate(request, shape).generate_report()
        yield from (line for line in report.splitlines() if line.strip())
        yield from _closed(request, shape, "")

    def _filled(self, value: Any, shape: Shape | None) -> Any:
        """The value with every variable replaced by something of the type it will have."""
        if isinstance(value, dict) and len(value) == 1 and VARIABLES & value.keys():
            return self._stand_in(value, shape)
        if isinstance(value, dict):
            return {key: self._filled(each, _member(shape, key)) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, getattr(shape, "member", None)) for each in value]
        return value

    def _stand_in(self, variable: Json, shape: Shape | None) -> Any:
        root, _, name = str(variable.get("Get", "")).partition(".")
        if root == "Parameters":
            return STAND_INS[self._parameters.get(name, "String")]
        if "Std:Join" in variable:
            return "x"
        return TYPED.get(shape.type_name, "x") if shape is not None else "x"

    def _loops(self) -> Iterator[str]:
        waiting = {str(step.get("Name")): self._needs(step) for step in self._steps}
        while ready := {name for name, needs in waiting.items() if not needs & waiting.keys()}:
            waiting = {name: needs for name, needs in waiting.items() if name not in ready}
        if waiting:
            yield f"steps wait for each other: {', '.join(sorted(waiting))}"

    def _needs(self, step: Json) -> set[str]:
        named = (reference.split(".") for reference in _references(step.get("Arguments", {})))
        inside = {each.get("Name") for each in _every_step([step])}
        return {part[1] for part in named if part[0] == "Steps" and part[1] not in inside} | set(
            _depends_on(step)
        )


@cache
def _sagemaker() -> ServiceModel:
    return botocore.session.get_session().get_service_model("sagemaker")


def _every_step(steps: list[Json]) -> Iterator[Json]:
    for step in steps:
        yield step
        arguments = step.get("Arguments", {})
        for branch in ("IfSteps", "ElseSteps"):
            yield from _every_step(arguments.get(branch, []))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.keys() == {"Get"}:
            yield str(value["Get"])
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _depends_on(step: Json) -> list[str]:
    return [each if isinstance(each, str) else each["Step"] for each in step.get("DependsOn", [])]


def _property_problem(step: Json, path: str) -> str | None:
    """Say why a step has no such property: a property file or output it does not write, a field nobody answers."""
    if match := re.match(r"PropertyFiles\.(.+)$", path):
        files = [each["PropertyFileName"] for each in step.get("PropertyFiles", [])]
        return None if match[1] in files else f"it writes no property file {match[1]!r}"
    if match := re.match(r"ProcessingOutputConfig\.Outputs\['(.+?)'\]", path):
        outputs = step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
        known = [each["OutputName"] for each in outputs]
        return None if match[1] in known else f"it has no output {match[1]!r}"
    described = {
        "Processing": "DescribeProcessingJob",
        "Training": "DescribeTrainingJob",
        "Tuning": "DescribeHyperParameterTuningJob",
    }
    if step.get("Type") not in described:
        return None
    shape: Shape | None = _sagemaker().operation_model(described[step["Type"]]).output_shape
    for part in path.split("."):
        shape = _member(shape, part)
        if shape is None:
            return f"{described[step['Type']]} answers no {path!r}"
    return None


def _member(shape: Shape | None, key: str) -> Shape | None:
    if shape is not None and shape.type_name == "structure":
        member: Shape | None = shape.members.get(key)  # type: ignore[attr-defined]
        return member
    return getattr(shape, "value", None)


def _closed(value: Any, shape: Shape | None, where: str) -> Iterator[str]:
    """Lengths, patterns and words of the model that botocore itself leaves to the service."""
    if shape is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        for key, each in value.items():
            yield from _closed(each, _member(shape, key), f"{where}.{key}")
    elif shape.type_name == "list" and isinstance(value, list):
        for position, each in enumerate(value):
            yield from _closed(each, getattr(shape, "member", None), f"{where}[{position}]")
    elif shape.type_name == "string" and isinstance(value, str):
        words = shape.metadata.get("enum", [])
        if words and value not in words and value != "x":
            yield f"{where.removeprefix('.')}: {value!r} is not a word SageMaker knows"


def _limits(arguments: Json) -> Iterator[str]:
    app = arguments.get("AppSpecification", {})
    for field in ("ContainerEntrypoint", "ContainerArguments"):
        for each in app.get(field, []):
            if isinstance(each, str) and len(each) > LONGEST_ARGUMENT:
                yield f"{field}: {each[:20]!r}… has {len(each)} characters, at most {LONGEST_ARGUMENT}"
    pairs = {
        "HyperParameters": (MOST_HYPERPARAMETERS, LONGEST_HYPERPARAMETER),
        "Environment": (MOST_ENVIRONMENT, LONGEST_ENVIRONMENT),
    }
    for field, (most, longest) in pairs.items():
        values = arguments.get(field, {})
        if len(values) > most:
            yield f"{field}: {len(values)} entries, at most {most}"
        for key, each in values.items():
            if isinstance(each, str) and len(each) > longest:
                yield f"{field}.{key}: {len(each)} characters, at most {longest}"


def _spot(job: Json) -> Iterator[str]:
    """A training on spare machines, and only that, says how long it may take with its waiting."""
    limits, on_spot = job.get("StoppingCondition", {}), job.get("EnableManagedSpotTraining", False)
    if on_spot != ("MaxWaitTimeInSeconds" in limits):
        yield "EnableManagedSpotTraining and MaxWaitTimeInSeconds go together"
    elif on_spot and limits["MaxWaitTimeInSeconds"] < limits["MaxRuntimeInSeconds"]:
        yield "MaxWaitTimeInSeconds is less than MaxRuntimeInSeconds"


def _policies(step: Json) -> Iterator[str]:
    allowed = STEP_FAULTS | (JOB_FAULTS if step["Type"] != "RegisterModel" else set())
    for policy in step.get("RetryPolicies", []):
        for kind in policy["ExceptionType"]:
            if kind not in allowed:
                yield f"RetryPolicies: {kind!r} is not for a {step['Type']} step"
        if not 1 <= policy.get("MaxAttempts", 1) <= MOST_ATTEMPTS:
            yield f"RetryPolicies: MaxAttempts must be 1 to {MOST_ATTEMPTS}"


def _property_files(step: Json) -> Iterator[str]:
    outputs = step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
    known = [each["OutputName"] for each in outputs]
    for file in step.get("PropertyFiles", []):
        if file["OutputName"] not in known:
            yield f"property file {file['PropertyFileName']!r}: no output {file['OutputName']!r}"


def _conditions(arguments: Json) -> Iterator[str]:
    if not arguments.get("Conditions"):
        yield "a Condition step needs Conditions"
    for condition in arguments.get("Conditions", []):
        kind = condition.get("Type")
        if kind not in COMPARISONS:
            yield f"condition {kind!r} is not one that Trimtab's pipelines use"
        elif not {"LeftValue", "RightValue"} <= condition.keys():
            yield f"condition {kind} needs LeftValue and RightValue"
