"""What a file is examined against, and what it was found to be."""

from datetime import datetime

from pydantic import NonNegativeInt

from trimtab.domain.anomalies import Anomaly
from trimtab.domain.base import Frozen
from trimtab.domain.datasets import Arrival
from trimtab.domain.dialect import Dialect, Format
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import Profile
from trimtab.domain.since_last import Last


class Examination(Frozen):
    """What a file was found to be."""

    format: Format | None  # None if it is nothing that is read
    rows: NonNegativeInt  # rows that were read
    anomalies: tuple[Anomaly, ...]  # none: the batch keeps its contract
    notices: tuple[Anomaly, ...] = ()  # what is new and yet lets the batch pass
    profile: Profile
    dialect: Dialect | None = None  # of CSV: how it was read


class Question(Frozen):
    """What a file is examined against."""

    spec: ModelSpec
    now: datetime  # when it is judged
    last: Last | None = None  # the batch that was accepted before it; None: none yet, or not known


class Asked(Frozen):
    """What somebody is to examine in a function's place."""

    bucket: str
    arrival: Arrival
    question: Question


class Answer(Frozen):
    """What somebody who read an object in a function's place says of it."""

    size: NonNegativeInt  # bytes
    sha256: str
    examination: Examination
