"""Stages: what MLflow called a version's place in life before it had aliases. Its clients still ask for them."""

from enum import StrEnum

from trimtab.errors import InvalidInput


class Stage(StrEnum):
    """The stages, as MLflow writes them."""

    none = "None"
    staging = "Staging"
    production = "Production"
    archived = "Archived"


ACTIVE = (Stage.staging, Stage.production)


def stage_of(text: str) -> Stage:
    """Return the stage that a text means, in whatever case. Raises InvalidInput if it means none."""
    for stage in Stage:
        if stage.value.lower() == text.lower():
            return stage
    told = ", ".join(stage.value for stage in Stage)
    raise InvalidInput(f"Invalid Model Version stage: {text}. Value must be one of {told}.")


def check_archiving(text: str) -> None:
    """Do nothing for a stage whose other versions can be archived. Raises InvalidInput for any other."""
    if stage_of(text) not in ACTIVE:
        told = [stage.value for stage in ACTIVE]
        raise InvalidInput(
            "Model version transition cannot archive existing model versions "
            f"because '{text}' is not an Active stage. Valid stages are {told}"
        )
