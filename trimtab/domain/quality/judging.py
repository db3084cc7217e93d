"""From the labels of a window to what it says of a version, and what becomes of a breach."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.events import QualityBreached, QualityRecovered
from trimtab.domain.quality import breach as bets
from trimtab.domain.quality import metrics
from trimtab.domain.quality.measured import Estimate
from trimtab.domain.quality.policy import QualityPolicy
from trimtab.domain.quality.predictions import SLOTS
from trimtab.domain.quality.reference import QualityReference
from trimtab.domain.quality.slices import judge_slices
from trimtab.domain.quality.slices import told as told_of_slices
from trimtab.domain.quality.windows import (
    CALM,
    Breach,
    Interval,
    QualityWatch,
    QualityWindow,
    State,
)
from trimtab.domain.watched import blinded

APART = 3.0  # standard errors by which labelled predictions may differ from the others


@dataclass(frozen=True)
class Outcomes:
    """The predictions of a window, and which of them had a label in time."""

    predicted: NDArray[np.float64]
    has_label: NDArray[np.bool_]
    truth: NDArray[np.float64]  # where there is one
    slices: NDArray[np.uint32] = field(  # codes of those that each lies in
        default_factory=lambda: np.zeros((0, SLOTS), dtype=np.uint32)
    )

    @property
    def labels(self) -> int:
        """How many had one."""
        return int(self.has_label.sum())


@dataclass(frozen=True)
class Question:
    """Which window of which version is judged, and by what."""

    model: str
    problem: str
    policy: QualityPolicy
    reference: QualityReference
    start: datetime
    end: datetime
    now: datetime
    estimate: Estimate | None = None  # what was expected before there were labels

    @property
    def limit(self) -> float:
        """The mean loss that is still usual."""
        return self.reference.limit(self.policy.tolerance)


def judge_quality(
    question: Question, watch: QualityWatch, outcomes: Outcomes
) -> tuple[QualityWindow, QualityWatch]:
    """Return what the window shows, and how far the version is judged with it."""
    policy, reference = question.policy, question.reference
    truth, predicted = (
        outcomes.truth[outcomes.has_label],
        outcomes.predicted[outcomes.has_label],
    )
    found = metrics.measured(question.problem, truth, predicted, reference.dependence)
    lost = metrics.losses(question.problem, truth, predicted)
    is_covered = outcomes.labels >= policy.minimum_coverage * outcomes.predicted.size > 0
    stakes = watch.stakes
    if is_covered and watch.breach is None:
        stakes = bets.after(stakes, lost, question.limit, reference.dependence)
    evidence = bets.evidence(stakes)
    further = _followed(question, watch, lost, stakes, is_covered=is_covered)
    is_enough = is_covered and outcomes.labels >= policy.minimum_labels
    before = question.estimate.metrics if question.estimate else {}
    slices = {}
    if is_enough and reference.slices and len(outcomes.slices):
        there = outcomes.slices[outcomes.has_label]
        slices = judge_slices(reference.slices, there, lost, policy, reference.dependence)
    state: State = "breached" if further.breach else "ok" if is_enough else "insufficient_data"
    window = QualityWindow(
        version=watch.version,
        start=question.start,
        end=question.end,
        state=state,
        reason=_reason(question, outcomes, lost, evidence, state)
        + told_of_slices(slices, metrics.loss_name(question.problem)),
        predictions=outcomes.predicted.size,
        labels=outcomes.labels,
        metrics={
            name: Interval(
                **one.model_dump(),
                usual=usual.value if (usual := reference.metrics.get(name)) else None,
                estimated=said.value if (said := before.get(name)) else None,
            )
            for name, one in found.items()
        },
        slices=slices,
        evidence=evidence,
        judged_at=question.now,
    )
    counted = watch.labels + outcomes.labels if is_covered else watch.labels
    told = _told(question, watch, further, window, counted, float(lost.mean()) if lost.size else 0)
    blind = 0 if is_enough else watch.blind + 1
    return window, further.model_copy(
        update={
            "judged_until": question.end,
            "labels": 0 if told else counted,
            "blind": blind,
            "news": (*watch.news, *told, *blinded(question.model, "quality", window, blind)),
        }
    )


def _followed(
    question: Question,
    watch: QualityWatch,
    lost: NDArray[np.float64],
    stakes: tuple[float, ...],
    *,
    is_covered: bool,
) -> QualityWatch:
    """What becomes of the breach, or whether there is one now. After one opened or closed the bets begin anew."""
    if watch.breach is None:
        if bets.evidence(stakes) < 1 / question.policy.alpha:
            return watch.model_copy(update={"stakes": stakes})
        # The id is made of what opens the breach: whoever judges the window again names it alike.
        id_ = f"{question.model}-v{watch.version}-quality-{question.start:%Y%m%dT%H}"
        opened = Breach(id=id_, opened_at=question.now)
        return watch.model_copy(update={"stakes": bets.NOTHING, "breach": opened})
    if not is_covered:
        return watch
    is_calm = float(lost.mean()) <= question.limit
    calm = watch.breach.calm + 1 if is_calm else 0
    going_on = None if calm == CALM else watch.breach.model_copy(update={"calm": calm})
    return watch.model_copy(update={"breach": going_on})


def _told(
    question: Question,
    watch: QualityWatch,
    further: QualityWatch,
    window: QualityWindow,
    labels: int,
    loss: float,
) -> tuple[QualityBreached | QualityRecovered, ...]:
    """What is to be told of the window: that a breach opened, or that one is over."""
    if (watch.breach is None) == (further.breach is None):
        return ()
    incident = further.breach or watch.breach
    told = {
        "model": question.model,
        "at": question.now,
        "reason": window.reason,
        "incident_id": incident.id if incident else "",
        "version": watch.version,
        "metric": metrics.loss_name(question.problem),
        "effect": loss,
        "limit": question.limit,
        "window_start": question.start,
        "window_end": question.end,
    }
    if further.breach is None:
        return (QualityRecovered.model_validate(told),)
    return (QualityBreached.model_validate({**told, "labels": labels}),)


def _reason(
    question: Question,
    outcomes: Outcomes,
    lost: NDArray[np.float64],
    evidence: float,
    state: State,
) -> str:
    policy, count = question.policy, outcomes.predicted.size
    known = f"{outcomes.labels:,} of {count:,} predictions have labels after {policy.label_delay_hours} h"
    if state == "insufficient_data":
        least = f"{policy.minimum_labels:,} labels and {policy.minimum_coverage:.0%} of the predictions are needed"
        return f"{known}; {least}" if count else "there was no prediction"
    if not lost.size:
        return f"{known}: nothing shows that the quality is back"
    loss, name = float(lost.mean()), metrics.loss_name(question.problem)
    usual, limit = question.reference.loss.value, question.limit
    mean = f"{name} {loss:.4g}, in the evaluation {usual:.4g}, allowed {limit:.4g}"
    sure = f"evidence {evidence:,.3g} of {1 / policy.alpha:,.3g}"
    return f"{mean} ({sure}); {known}{_arrival(outcomes)}{_surprise(question, loss)}"


def _surprise(question: Question, loss: float) -> str:
    """Whether labels say something that no change of the rows explains: then what rows come to has changed."""
    said = question.estimate.metrics if question.estimate else {}
    if (band := said.get(metrics.loss_name(question.problem))) is None or loss <= band.high:
        return ""
    return f"; {band.low:.4g} to {band.high:.4g} was estimated without labels: such rows come out otherwise than they did"


def _arrival(outcomes: Outcomes) -> str:
    """Whether labels came for other predictions than have none: then the metrics speak of the former only."""
    there, absent = (
        outcomes.predicted[outcomes.has_label],
        outcomes.predicted[~outcomes.has_label],
    )
    if not absent.size or not there.size:
        return ""
    error = (there.var() / there.size + absent.var() / absent.size) ** 0.5
    if abs(there.mean() - absent.mean()) <= APART * error:
        return ""
    return (
        f"; these are not as the others: on average {there.mean():.3g} was predicted, of the others "
        f"{absent.mean():.3g}"
    )
