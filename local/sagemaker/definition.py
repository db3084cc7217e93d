"""A pipeline definition: read, checked whole, and flattened into steps with what each waits for."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local.sagemaker import shapes
from local.sagemaker.conditions import FIELDS
from local.sagemaker.errors import invalid, unsupported
from local.sagemaker.expressions import is_expression, references, step_of
from local.sagemaker.parameters import check_parameters
from local.sagemaker.retries import RetryPolicy, read_policies
from local.sagemaker.store import Record

VERSION = "2020-12-01"
TOP_LEVEL = frozenset(
    ("Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps")
)
STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
# Type → the API operation that its Arguments are the request of, and the names that SageMaker makes.
OPERATIONS: dict[str, tuple[str, Record]] = {
    "Training": ("CreateTrainingJob", {"TrainingJobName": "made"}),
    "Processing": ("CreateProcessingJob", {"ProcessingJobName": "made"}),
    "Tuning": ("CreateHyperParameterTuningJob", {"HyperParameterTuningJobName": "made"}),
    "RegisterModel": ("CreateModelPackage", {}),
}
SUPPORTED = frozenset((*OPERATIONS, "Condition", "Fail"))
KNOWN = SUPPORTED | frozenset(
    "Transform Model Lambda Callback Tuning ClarifyCheck QualityCheck EMR EMRServerless AutoML Endpoint "
    "EndpointConfig ForEach Cleanup InferenceComponent Lineage Job Athena HubContent".split()
)
STEP_FIELDS = frozenset(
    "Name Type Arguments DependsOn DisplayName Description CacheConfig RetryPolicies PropertyFiles".split()
)
EXECUTION_VARIABLES = frozenset(
    "StartDateTime CurrentDateTime PipelineName PipelineArn PipelineExecutionId "
    "PipelineExecutionArn".split()
)
JOB_VARIABLES = {"TrainingJobName": "Training", "ProcessingJobName": "Processing"}


@dataclass(frozen=True)
class Step:
    """One step and what must be over before it."""

    name: str
    type: str
    body: Record
    after: frozenset[str]  # steps that must have succeeded
    condition: str | None = None  # the Condition step whose branch this step is in
    branch: bool = True  # the outcome that takes this branch
    retries: tuple[RetryPolicy, ...] = ()

    @property
    def arguments(self) -> Record:
        """The step's Arguments, with expressions."""
        return dict(self.body.get("Arguments") or {})


@dataclass(frozen=True)
class Definition:
    """A checked definition."""

    parameters: tuple[Record, ...]
    steps: dict[str, Step] = field(default_factory=dict)


def parse(text: str) -> Definition:
    """Return the definition. Raises ValidationException for the first thing wrong in it."""
    try:
        document = json.loads(text)
    except ValueError as problem:
        raise invalid(f"Unable to parse pipeline definition: {problem}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Steps"), list):
        raise invalid(
            "Unable to parse pipeline definition: it must be an object with a list of Steps"
        )
    for name in document.keys() - TOP_LEVEL:
        raise invalid(f"Unable to parse pipeline definition: unknown field {name}")
    if document.get("Version", VERSION) != VERSION:
        raise invalid(
            f"Unsupported pipeline definition version '{document['Version']}'; use {VERSION}"
        )
    if not document["Steps"]:
        raise invalid("Unable to parse pipeline definition: a pipeline needs at least one step")
    parameters = check_parameters(document.get("Parameters") or [])
    steps: dict[str, Step] = {}
    for step in _flattened(document["Steps"], None, True):
        if step.name in steps:
            raise invalid(f"Duplicate step name '{step.name}': step names must be unique")
        steps[step.name] = step
    _check_references(steps, {parameter["Name"] for parameter in parameters})
    _check_order(steps)
    return Definition(parameters, steps)


def _flattened(bodies: list[Any], condition: str | None, branch: bool) -> Iterator[Step]:
    for body in bodies:
        step = _read(body, condition, branch)
        yield step
        if step.type == "Condition":
            yield from _flattened(step.arguments.get("IfSteps") or [], step.name, True)
            yield from _flattened(step.arguments.get("ElseSteps") or [], step.name, False)


def _read(body: Any, condition: str | None, branch: bool) -> Step:
    if not isinstance(body, dict) or not STEP_NAME.fullmatch(str(body.get("Name", ""))):
        raise invalid(f"Step name must match {STEP_NAME.pattern}: {str(body)[:100]}")
    name, kind = body["Name"], body.get("Type")
    if kind not in KNOWN:
        raise invalid(f"Step '{name}': unknown step type '{kind}'")
    if kind not in SUPPORTED:
        raise unsupported(f"Step '{name}'", f"step type {kind}")
    for unknown in body.keys() - STEP_FIELDS:
        raise invalid(f"Step '{name}': unknown field '{unknown}'")
    if (body.get("CacheConfig") or {}).get("Enabled"):
        raise unsupported(f"Step '{name}'", "CacheConfig")
    _check_arguments(name, kind, body.get("Arguments"))
    waited = body.get("DependsOn") or []
    for item in waited:
        if not isinstance(item, str):
            raise unsupported(f"Step '{name}'", "DependsOn with a Trigger")
    after = {*waited, *_referred(body, kind)} | ({condition} if condition else set())
    retries = read_policies(name, body.get("RetryPolicies") or [])
    return Step(name, kind, body, frozenset(after), condition, branch, retries)


def _referred(body: Record, kind: str) -> Iterator[str]:
    arguments = body.get("Arguments") or {}
    looked_at = arguments.get("Conditions") if kind == "Condition" else arguments
    for reference in references(looked_at):
        if step := step_of(reference):
            yield step


def _check_arguments(name: str, kind: str, arguments: Any) -> None:
    if not isinstance(arguments, dict):
        raise invalid(f"Step '{name}': Arguments must be an object")
    if kind == "Condition":
        _check_conditions(name, arguments.get("Conditions"))
        for unknown in arguments.keys() - {"Conditions", "IfSteps", "ElseSteps"}:
            raise invalid(f"Step '{name}': unknown argument '{unknown}'")
    elif kind == "Fail":
        if arguments.keys() != {"ErrorMessage"}:
            raise invalid(f"Step '{name}': a Fail step has the argument ErrorMessage and no other")
    else:
        operation, made = OPERATIONS[kind]
        model = shapes.operation_model("sagemaker", operation)
        assert model is not None
        assert model.input_shape is not None
        found = list(shapes.problems(model.input_shape, {**made, **arguments}, "", is_expression))
        if found:
            raise invalid(f"Step '{name}': {shapes.count_and_join(found)}")


def _check_conditions(name: str, conditions: Any) -> None:
    if not isinstance(conditions, list) or not conditions:
        raise invalid(f"Step '{name}': a Condition step needs at least one of Conditions")
    for condition in conditions:
        kind = condition.get("Type") if isinstance(condition, dict) else None
        if kind not in FIELDS:
            raise invalid(f"Step '{name}': unknown condition type '{kind}'")
        for needed in FIELDS[kind]:
            if needed not in condition:
                raise invalid(f"Step '{name}': condition {kind} needs {needed}")
        inner = (
            condition["Conditions"]
            if kind == "Or"
            else [condition["Condition"]]
            if kind == "Not"
            else []
        )
        if inner:
            _check_conditions(name, inner)


def _check_references(steps: dict[str, Step], parameters: set[str]) -> None:
    for step in steps.values():
        for waited in step.after:
            if waited not in steps:
                raise invalid(f"Step '{step.name}' refers to step '{waited}', which does not exist")
        arguments = step.arguments
        looked_at = arguments.get("Conditions") if step.type == "Condition" else arguments
        for reference in references(looked_at):
            _check_reference(step, reference, steps, parameters)


def _check_reference(
    step: Step, reference: str, steps: dict[str, Step], parameters: set[str]
) -> None:
    root, _, rest = reference.partition(".")
    if root == "Parameters":
        known = rest in parameters
    elif root == "Execution":
        known = rest in EXECUTION_VARIABLES or JOB_VARIABLES.get(rest) == step.type
    else:
        known = root == "Steps" and _known_in_step(reference, steps)
    if not known:
        raise invalid(f"Step '{step.name}' refers to '{reference}', which does not exist")


def _known_in_step(reference: str, steps: dict[str, Step]) -> bool:
    name = step_of(reference)
    if name is None or name not in steps:
        return False
    path = reference.split(".", 2)[2]
    if not path.startswith("PropertyFiles."):
        return True
    files = steps[name].body.get("PropertyFiles") or []
    return path.removeprefix("PropertyFiles.") in {item["PropertyFileName"] for item in files}


def _check_order(steps: dict[str, Step]) -> None:
    try:
        TopologicalSorter({step.name: step.after for step in steps.values()}).prepare()
    except CycleError as cycle:
        raise invalid(f"Cycle between steps: {' -> '.join(cycle.args[1])}") from None
