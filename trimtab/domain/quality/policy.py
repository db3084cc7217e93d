"""When a version's quality counts as lost: how long labels are waited for, and how much worse is too much."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, PositiveInt

from trimtab.domain.base import Frozen

Share = Annotated[float, Field(gt=0, lt=1)]


class QualityPolicy(Frozen):
    """How a version's predictions are held against the labels that come for them."""

    label_delay_hours: Annotated[int, Field(ge=1, le=8760)] = 168  # each label has this long
    minimum_labels: PositiveInt = 100  # of a window; fewer say nothing of it
    minimum_coverage: Share = 0.1  # of its predictions must have labels
    tolerance: Annotated[float, Field(ge=0)] = 0.1  # share by which the loss may be above usual
    alpha: Share = 0.01  # chance that a version as good as before is ever said to be worse

    @property
    def label_delay(self) -> timedelta:
        """How long after a prediction its label counts; every prediction is given as long."""
        return timedelta(hours=self.label_delay_hours)
