"""What is known of a version's quality: how far it is judged, and what each window showed."""

from datetime import datetime
from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.events import MonitoringBlinded, QualityBreached, QualityRecovered
from trimtab.domain.quality.measured import Measured
from trimtab.domain.quality.sliced import SliceQuality

QualityNews = QualityBreached | QualityRecovered | MonitoringBlinded
State = Literal["ok", "breached", "insufficient_data"]
CALM = 2  # windows in a row that must be as usual until a breach is over


class Interval(Measured):
    """A metric of a window and its interval of 95 %, beside what it was in the evaluation, and was estimated to be."""

    usual: float | None = None
    estimated: float | None = None  # before there were labels


class QualityWindow(Frozen):
    """How good a version was in a window, by the labels that each of its predictions had after the same time."""

    version: PositiveInt
    start: datetime
    end: datetime
    state: State
    reason: str
    predictions: NonNegativeInt
    labels: NonNegativeInt
    metrics: dict[str, Interval]
    slices: dict[str, SliceQuality] = Field(default_factory=dict)  # such as origin=LGA, worst first
    evidence: float  # times likelier than chance that the version loses more than it should
    judged_at: datetime


class Breach(Frozen):
    """A quality that is lost, from the window that showed it on."""

    id: str
    opened_at: datetime
    calm: NonNegativeInt = 0  # windows in a row that were as usual


class QualityWatch(Frozen):
    """How far a version's quality is judged."""

    version: PositiveInt
    judged_until: datetime
    stakes: tuple[float, ...]  # logarithms of the bets against it
    labels: NonNegativeInt = 0  # that were bet on
    breach: Breach | None = None  # that is open
    blind: NonNegativeInt = 0  # windows in a row of which nothing could be told
    news: tuple[QualityNews, ...] = ()  # what everybody is still to be told

    def without_news(self) -> "QualityWatch":
        """Return it once everybody was told."""
        return self.model_copy(update={"news": ()})
