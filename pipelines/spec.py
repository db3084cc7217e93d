"""`model.yaml` → ModelSpec; whatever is wrong is said at once, each with file, line and field."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pipelines.images import VERSIONS
from pipelines.located_yaml import Mistake, closest, read
from pipelines.spec_mistakes import mistakes_of
from pipelines.spec_sweep import training_contradictions
from trimtab.domain.columns import ColumnType
from trimtab.domain.model import ModelSpec, Problem, Training
from trimtab.errors import InvalidInput

FILE = "model.yaml"
SERVING_FILE = "inference.py"  # what an endpoint and the evaluation load; see README.md
METRICS = {
    Problem.binary: ("auc", "accuracy", "log_loss"),
    Problem.regression: ("rmse", "mae"),
}
SHARES = ("auc", "accuracy")  # metrics that lie between 0 and 1
LONGEST_HYPERPARAMETER = 2500  # SageMaker's limit on a hyperparameter's value
MOST_HYPERPARAMETERS = 80  # of SageMaker's 100: the pipeline adds the seed, toolkits add their own
HYPERPARAMETER = re.compile(r"[A-Za-z0-9_-]{1,50}")  # each becomes a parameter of the pipeline
VARIANTS = ("-sweep", "-sweep-warm")  # what the names of a model's other pipelines end with
OUR_HYPERPARAMETERS = ("seed",)


class SpecError(InvalidInput):
    """A model's folder or its `model.yaml` is wrong; `lines` has one sentence per problem."""

    def __init__(self, found: Sequence[tuple[str, Mistake]]) -> None:
        """Take every mistake with the name of its file."""
        self.lines = tuple(mistake.sentence(file) for file, mistake in found)
        super().__init__(
            "\n".join(self.lines),
            hint="mend the lines named; docs/model-yaml.md lists every field",
            problems=[
                {"file": file, "line": each.line, "field": each.where, "message": each.message}
                for file, each in found
            ],
        )


@dataclass(frozen=True)
class ModelFolder:
    """A model: what its `model.yaml` says and the folder its code is in."""

    spec: ModelSpec
    folder: Path


def load(path: Path) -> ModelSpec:
    """Return the model that a `model.yaml` describes. Raises SpecError with every problem in it."""
    found = _examine(path)
    if isinstance(found, ModelSpec):
        return found
    raise SpecError([(_shown(path), mistake) for mistake in found])


def load_all(root: Path) -> dict[str, ModelFolder]:
    """Return every model below `root`, by name. Raises SpecError with the problems of all of them."""
    models: dict[str, ModelFolder] = {}
    wrong: list[tuple[str, Mistake]] = []
    for path in _model_files(root):
        found = _examine(path)
        if isinstance(found, ModelSpec):
            models[found.name] = ModelFolder(found, path.parent)
        else:
            wrong += [(_shown(path), mistake) for mistake in found]
    if wrong:
        raise SpecError(wrong)
    return models


def _model_files(root: Path) -> list[Path]:
    """Every model's file, there or not: a folder that holds serving code is meant to be a model."""
    named = {path.parent for path in root.glob(f"*/{FILE}")}
    meant = {path.parent for path in root.glob(f"*/{SERVING_FILE}")}
    return [folder / FILE for folder in sorted(named | meant)]


def _shown(path: Path) -> str:
    """The path as people would type it: from the working directory where it is below that."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _examine(path: Path) -> ModelSpec | list[Mistake]:
    document = read(path)
    if document.value is None:
        return document.mistakes
    found = list(document.mistakes)
    unreadable = {mistake.where for mistake in found}
    try:
        # JSON mode is strict on types and yet takes a list for a tuple and a word for an enum.
        spec = ModelSpec.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        found += [each for each in mistakes_of(error, document) if each.where not in unreadable]
    else:
        found += [
            Mistake(document.line(tuple(where.split("."))), where, message)
            for where, message in _contradictions(spec, path.parent)
        ]
        if not found:
            return spec
    return sorted(found, key=lambda mistake: mistake.line)


Contradiction = tuple[str, str]
"""A field and why its value does not fit the rest."""


def _contradictions(spec: ModelSpec, folder: Path) -> Iterator[Contradiction]:
    yield from _files(spec, folder)
    yield from _columns(spec)
    yield from _metric(spec)
    yield from _slices(spec)
    yield from _framework(spec.training)
    yield from _hyperparameters(spec.training.hyperparameters)
    yield from training_contradictions(spec.training)


def _files(spec: ModelSpec, folder: Path) -> Iterator[Contradiction]:
    expected = folder.resolve().name.replace("_", "-")
    if spec.name != expected:
        yield "name", f"expected {expected!r} after its folder {folder.name!r}, got {spec.name!r}"
    if spec.name.endswith(VARIANTS):
        yield "name", f"must not end with {' or '.join(VARIANTS)}: pipelines of sweeps do"
    scripts = sorted(path.name for path in folder.glob("*.py"))
    if spec.training.entry_point not in scripts:
        guess = closest(spec.training.entry_point, scripts)
        meant = f"; did you mean {guess!r}?" if guess else "; put the training script there"
        yield (
            "training.entry_point",
            f"no file {spec.training.entry_point!r} in {folder.name}/{meant}",
        )
    if SERVING_FILE not in scripts:
        yield "training", f"no file {SERVING_FILE!r} in {folder.name}/; it loads and asks the model"


def _columns(spec: ModelSpec) -> Iterator[Contradiction]:
    for role, name in (("target", spec.data.target), ("time_column", spec.data.time_column)):
        if name is not None and spec.contract.columns[name].nullable:
            yield f"data.{role}", f"{name!r} is nullable in the contract; a {role} must not be"
    timed = spec.data.time_column
    if timed is not None and spec.contract.columns[timed].type is not ColumnType.datetime:
        given = spec.contract.columns[timed].type.value
        yield "data.time_column", f"expected a column of type datetime, {timed!r} is {given}"
    numeric = (ColumnType.integer, ColumnType.number, ColumnType.boolean)
    target = spec.contract.columns[spec.data.target]
    if target.type not in numeric:
        yield (
            "data.target",
            f"expected a column of type integer, number or boolean for problem"
            f" {spec.problem.value}, {spec.data.target!r} is {target.type.value}",
        )


def _metric(spec: ModelSpec) -> Iterator[Contradiction]:
    if spec.evaluation.metric not in METRICS[spec.problem]:
        known = " or ".join(repr(each) for each in METRICS[spec.problem])
        yield (
            "evaluation.metric",
            f"expected {known} for problem {spec.problem.value}, got {spec.evaluation.metric!r}",
        )
    floor, most = spec.evaluation.floor, 1.0 if spec.evaluation.metric in SHARES else math.inf
    if floor is not None and not 0 <= floor <= most:
        ends = "from 0 to 1" if spec.evaluation.metric in SHARES else "of at least 0"
        yield (
            "evaluation.floor",
            f"expected a number {ends}, as {spec.evaluation.metric} is, got {floor:g}",
        )


def _slices(spec: ModelSpec) -> Iterator[Contradiction]:
    sliced = [name for name in spec.contract.columns if name != spec.data.target]
    for place, name in enumerate(spec.evaluation.slices):
        if name not in sliced:
            guess = closest(name, sliced)
            meant = f"; did you mean {guess!r}?" if guess else ""
            yield (
                f"evaluation.slices[{place}]",
                f"{name!r} is no column of the contract beside the target{meant}",
            )


def _framework(training: Training) -> Iterator[Contradiction]:
    if training.image is not None:
        for field in ("framework", "framework_version"):
            if field in training.model_fields_set:
                yield (
                    f"training.{field}",
                    "the image is one's own: say image or framework, not both",
                )
        return
    versions = VERSIONS[training.framework]
    if training.framework_version not in (None, *versions):
        known = " or ".join(repr(each) for each in versions)
        yield "training.framework_version", f"expected {known}, got {training.framework_version!r}"


def _hyperparameters(values: Mapping[str, object]) -> Iterator[Contradiction]:
    if len(values) > MOST_HYPERPARAMETERS:
        yield (
            "training.hyperparameters",
            f"expected at most {MOST_HYPERPARAMETERS} of them, got {len(values)}",
        )
    for name, value in values.items():
        where = f"training.hyperparameters.{name}"
        if name in OUR_HYPERPARAMETERS or name.startswith(("sagemaker_", "sagemaker-")):
            yield where, "this name is set by the pipeline; choose another"
        if not HYPERPARAMETER.fullmatch(name):
            yield where, "expected 1 to 50 letters, digits, hyphens or underscores as its name"
        if len(str(value)) > LONGEST_HYPERPARAMETER:
            yield where, f"expected at most {LONGEST_HYPERPARAMETER} characters"
