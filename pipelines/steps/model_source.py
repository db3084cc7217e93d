"""The model a step works for: what `model.json` in its packed code says."""

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .failure import StepFailure


@dataclass(frozen=True)
class Gate:
    """What the gate asks beside floor and margin."""

    slices: tuple[str, ...] = ()
    slice_margin: float = 0.05
    slice_minimum_rows: int = 300
    latency_ms: int = 500
    load_seconds: int = 60
    size_mb: int = 500
    report_only: tuple[str, str] | None = None  # last day, and why

    @classmethod
    def of(cls, evaluation: dict[str, Any]) -> "Gate":
        """Read the part of model.json; code packed by an earlier release has less of it."""
        serving, report_only = evaluation.get("serving") or {}, evaluation.get("report_only")
        names = ("slices", "slice_margin", "slice_minimum_rows")
        told = {name: evaluation[name] for name in names if name in evaluation} | serving
        return cls(
            **{**told, "slices": tuple(told.get("slices", ()))},
            report_only=(report_only["until"], report_only["reason"]) if report_only else None,
        )


@dataclass(frozen=True)
class ModelSource:
    """The part of a model's spec that steps need."""

    name: str
    problem: str
    columns: dict[str, dict[str, Any]]  # the contract's columns, in its order
    target: str
    time_column: str | None
    seed: int
    metric: str
    floor: float | None
    margin: float
    share: float
    minimum_rows: int
    features: tuple[str, ...]
    entity_key: str | None
    entry_point: str
    hyperparameters: dict[str, Any]
    waive: tuple[str, ...]
    code: dict[str, str]  # the text of its Python files, by name
    gate: Gate = Gate()

    def told(self, changed: Sequence[str]) -> "ModelSource":
        """Return the model with the hyperparameters of one run, each `name=value` and a whole number."""
        pairs = (one.partition("=") for one in changed)
        return replace(self, hyperparameters=self.hyperparameters | dict(map(_whole, pairs)))


def read_source(folder: Path) -> ModelSource:
    """Read the one sourcedir.tar.gz in a folder, whatever its name there is."""
    archives = sorted(path for path in folder.iterdir() if path.is_file())
    if len(archives) != 1:
        raise StepFailure(f"expected one source archive, found {len(archives)}")
    with tarfile.open(archives[0]) as archive:
        packed = archive.extractfile("model.json")
        if packed is None:
            raise StepFailure("the source archive has no model.json")
        spec = json.load(packed)
        code = dict(_code(archive))
    data, evaluation, training = spec["data"], spec["evaluation"], spec["training"]
    roles = {data["target"], data["time_column"], data["entity_key"]}
    columns = spec["contract"]["columns"]
    return ModelSource(
        name=spec["name"],
        problem=spec["problem"],
        columns=columns,
        target=data["target"],
        time_column=data["time_column"],
        seed=training["seed"],
        metric=evaluation["metric"],
        floor=evaluation["floor"],
        margin=evaluation["margin"],
        share=evaluation["share"],
        minimum_rows=evaluation["minimum_rows"],
        features=tuple(name for name in columns if name not in roles),
        entity_key=data["entity_key"],
        entry_point=training["entry_point"],
        hyperparameters=training["hyperparameters"],
        waive=tuple(training["waive"]),
        code=code,
        gate=Gate.of(evaluation),
    )


def _whole(pair: tuple[str, str, str]) -> tuple[str, int]:
    name, _, value = pair
    try:
        return name, int(value)
    except ValueError:
        raise StepFailure(
            f"hyperparameter {name} is {value!r}; model.yaml has a whole number there"
        ) from None


def _code(archive: tarfile.TarFile) -> Iterator[tuple[str, str]]:
    for member in archive:
        packed = archive.extractfile(member) if member.name.endswith(".py") else None
        if packed is not None:
            yield member.name, packed.read().decode("utf-8", "replace")
