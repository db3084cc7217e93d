"""What differs from one deployment to another."""

from typing import Literal, get_args

from pydantic import PositiveInt, ValidationError

from trimtab.domain.base import Frozen
from trimtab.errors import OperatorError

Stage = Literal["dev", "staging", "prod"]


class Settings(Frozen):
    """One deployment: its stage and what follows from it."""

    stage: Stage = "dev"
    log_level: Literal["DEBUG", "INFO", "WARNING"] = "INFO"
    log_retention: Literal["ONE_MONTH", "SIX_MONTHS"] = "ONE_MONTH"  # how long logs are kept
    noncurrent_days: PositiveInt = 90  # how long what was overwritten can be brought back
    requests_per_second: PositiveInt = 100  # steady rate the HTTP API takes before it answers 429
    request_burst: PositiveInt = 200  # how many requests over that rate it takes at once

    @property
    def data_stack(self) -> str:
        """Name of the stack that holds data."""
        return f"trimtab-{self.stage}-data"

    @property
    def platform_stack(self) -> str:
        """Name of the stack that runs."""
        return f"trimtab-{self.stage}"


PER_STAGE: dict[str, dict[str, object]] = {
    "dev": {},
    "staging": {},
    "prod": {"log_retention": "SIX_MONTHS", "noncurrent_days": 365},
}


def for_stage(stage: object) -> Settings:
    """Return the settings of a stage. Raises OperatorError naming the stages there are."""
    try:
        return Settings.model_validate({"stage": stage, **PER_STAGE.get(str(stage), {})})
    except ValidationError as error:
        raise OperatorError(
            f"there is no stage {stage!r}",
            hint=f"give one of {', '.join(get_args(Stage))}: cdk synth -c stage=dev",
        ) from error
