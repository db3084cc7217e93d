"""The values of a search: whose fields are compared, with what, and what an entity shows to be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Value = str | int | float | tuple[str, ...] | None


class Kind(StrEnum):
    """What can be searched."""

    run = "run"
    experiment = "experiment"
    registered_model = "registered_model"
    model_version = "model_version"
    logged_model = "logged_model"


class Field(StrEnum):
    """What kind of field a comparison reads; the words are those of MLflow's messages."""

    attribute = "attribute"
    metric = "metric"
    parameter = "parameter"
    tag = "tag"
    dataset = "dataset"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One clause of a filter; an entity is found if all of them hold."""

    field: Field
    key: str  # attributes by their own name, whatever alias the text used
    operator: str  # in capitals
    value: Value  # None for IS NULL and IS NOT NULL, a tuple for IN and NOT IN


@dataclass(frozen=True, slots=True)
class View:
    """What an entity shows to a search."""

    attributes: Mapping[str, str | int | float | None] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: Sequence[Mapping[str, str | None]] = ()  # of each: name, digest, context
