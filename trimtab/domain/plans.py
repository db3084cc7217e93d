"""What a training run does otherwise than model.yaml says: which pipeline, on which data, with what parameters."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints, field_validator

from trimtab.domain.base import Frozen
from trimtab.domain.pipeline_parameters import DECIDED

Variant = Literal[
    "train",  # trains once
    "sweep",  # tunes
    "sweep-warm",  # tunes, beginning with what an earlier tuning found
]
"""Which of a model's pipelines runs."""

Purpose = Literal[
    "train",
    "reproduce",  # shows whether an earlier run can be repeated
    "spread",  # the same recipe with another seed: shows how far runs are apart that differ in nothing else
    "full_data",
    "wider_sweep",
    "changed",
]
RENEWING: frozenset[Purpose] = frozenset({"train", "full_data", "wider_sweep"})
REPEATING: frozenset[Purpose] = frozenset({"reproduce", "spread"})
"""Runs that show something about an earlier one; what they register waits for a person."""


ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ParameterValue = Annotated[str, StringConstraints(max_length=1024)]
PARAMETERS_MOST = 150  # of a pipeline's 200: the most that a sweep of 30 ranges among 80 hyperparameters has is under it


class Plan(Frozen):
    """How a run differs from the one that any cause but a person's wish makes: by default in nothing."""

    variant: Variant = "train"  # which of the model's pipelines runs
    dataset_version: PositiveInt | None = None  # None: the newest when the run starts
    manifest_uri: str | None = None  # of the data, if it is not the dataset version's own
    # Of the pipeline, to override what model.yaml says.
    parameters: Annotated[
        dict[ParameterName, ParameterValue], Field(max_length=PARAMETERS_MOST)
    ] = Field(default_factory=dict)
    origin_run_id: str | None = None  # the run that is run again
    purpose: Purpose = "train"  # why it differs

    @field_validator("parameters")
    @classmethod
    def _leaves_what_is_decided(cls, parameters: dict[str, str]) -> dict[str, str]:
        if taken := sorted(parameters.keys() & set(DECIDED)):
            raise ValueError(f"{', '.join(taken)} cannot be chosen: the decision to train gives it")
        return parameters

    @property
    def renews(self) -> bool:
        """Whether the run makes the model anew from its data, as every cause but a person's wish wants it."""
        return self.purpose in RENEWING
