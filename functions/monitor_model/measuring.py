"""One model's champion held against the labels of its predictions, and the labels that waited for a prediction."""

import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from aws_lambda_powertools.metrics import MetricUnit

from functions.monitor_model.comparing import compare
from functions.monitor_model.references import column_types, sliced_by
from functions.monitor_model.telling import ACTOR, Telling
from trimtab.aws.collections import Collections
from trimtab.aws.ground_truth import GroundTruth, Placed, days_of
from trimtab.aws.live_traffic import LiveTraffic
from trimtab.aws.versions import Versions
from trimtab.aws.watches import QualityWatches, Watches
from trimtab.data.scored_file import read_scored
from trimtab.domain.captured import LATE
from trimtab.domain.drift.report import DriftReport
from trimtab.domain.events import LabelsCollected
from trimtab.domain.metrics import QUALITY_BREACHED, QUALITY_LOSS
from trimtab.domain.model import ModelSpec, Problem
from trimtab.domain.profile import Profile
from trimtab.domain.quality.breach import NOTHING
from trimtab.domain.quality.collections import Collection
from trimtab.domain.quality.errors import error_model, estimate_errors
from trimtab.domain.quality.estimate import estimate
from trimtab.domain.quality.judging import Question, judge_quality
from trimtab.domain.quality.measured import Estimate
from trimtab.domain.quality.metrics import loss_name
from trimtab.domain.quality.reference import QualityReference, reference_of
from trimtab.domain.quality.windows import QualityWatch, QualityWindow
from trimtab.observability import logger, metrics
from trimtab.runtime import Runtime

UNSEEN = ("out_of_range", "new_levels")  # what the evaluation says nothing of
ARRIVES = LATE + timedelta(hours=3)  # after it was made, a prediction is known: a tick or two later


class Measuring:
    """Measures one model's quality."""

    def __init__(self, runtime: Runtime, spec: ModelSpec) -> None:
        self._runtime = runtime
        self._spec = spec
        self._truth = GroundTruth(runtime.s3, runtime.settings.bucket, spec.name)
        self._watches = QualityWatches(runtime.table)
        self._telling = Telling(runtime, spec.name, self._watches)
        self._collections = Collections(runtime.table)
        self._predicts_numbers = spec.problem is Problem.regression

    def look(self, version: int, promoted_at: datetime, challenger: int | None) -> None:
        """Place the labels that waited, and judge each window of the champion whose labels have had their time."""
        self._settle()
        reference = self._reference(version)
        if challenger is not None and reference is not None:
            compare(self._runtime, self._spec, (version, reference), challenger)
        self._telling.tell(version)
        if reference is None:
            logger.info("no quality to compare with", model=self._spec.name, version=version)
            return
        while self._judge_next(version, reference, promoted_at):
            pass

    def estimate(
        self, version: int, start: datetime, end: datetime, report: DriftReport, profile: Profile
    ) -> Estimate | None:
        """Return what a window's quality is expected to be, by its counted rows; None where nothing is usual."""
        reference = self._reference(version)
        if reference is None:
            return None
        strange = [
            (one.column, one.effect)
            for one in report.judgements
            if one.aspect in UNSEEN and one.cause == "data" and one.effect is not None
        ]
        usual, rows = reference.metrics, reference.rows
        if not self._predicts_numbers:
            scores = self._truth.scores(version, start, end)
            return estimate(scores, reference.calibration, usual, rows, strange)
        if reference.errors is None:
            return None
        return estimate_errors(reference.errors, profile, usual, strange)

    def _settle(self) -> None:
        """Hold labels that came before their predictions were known against what is known now."""
        now = self._runtime.clock.now()
        days = days_of(now - ARRIVES, now)[::-1]
        look = cache(
            self._truth.predictions
        )  # each day is read once, however many collections wait
        for collection, waiting in self._truth.waiting(now - ARRIVES):
            known = self._collections.get(self._spec.name, collection)
            if known is None:
                continue  # it is being taken in at this moment
            placed = self._truth.place(waiting, collection, known.received_at, days, look)
            if len(placed.rest) == len(waiting):
                continue
            settled = known
            if known.unknown == len(waiting):  # else it was settled, and died before the last step
                further = _settled(placed, known)
                entry = further.entry(self._runtime.new_id(), now, ACTOR)
                settled = self._collections.settle(known, further, entry)
            if placed.taken.new:
                self._runtime.bus.publish(_collected(settled, placed, now))
            # Last: until now all of it repeats.
            self._truth.keep_waiting(collection, placed.rest)

    def _judge_next(self, version: int, reference: QualityReference, promoted_at: datetime) -> bool:
        """Judge the oldest window whose labels have had their time. Returns whether there was one."""
        policy, now = self._spec.monitoring, self._runtime.clock.now().replace(microsecond=0)
        record, watch = self._watches.read(self._spec.name, version)
        begin = policy.begin(promoted_at)
        watch = watch or QualityWatch(version=version, judged_until=begin, stakes=NOTHING)
        start = next(policy.labelled(max(watch.judged_until, begin), now), None)
        if start is None:
            return False
        seen = Watches(self._runtime.table).window(self._spec.name, version, start)
        question = Question(
            model=self._spec.name,
            problem=self._spec.problem.value,
            policy=policy.quality,
            reference=reference,
            start=start,
            end=start + timedelta(hours=policy.window_hours),
            now=now,
            estimate=seen.estimate if seen else None,
        )
        outcomes = self._truth.outcomes(version, start, question.end, policy.quality.label_delay)
        window, further = judge_quality(question, watch, outcomes)
        if self._telling.keep(record, further, window):
            self._measure(window)
        return True

    def _measure(self, window: QualityWindow) -> None:
        metrics.add_dimension(name="stage", value=self._runtime.settings.stage)
        metrics.add_dimension(name="model", value=self._spec.name)
        breached = int(window.state == "breached")
        metrics.add_metric(name=QUALITY_BREACHED, unit=MetricUnit.Count, value=breached)
        if (loss := window.metrics.get(loss_name(self._spec.problem.value))) is not None:
            metrics.add_metric(name=QUALITY_LOSS, unit=MetricUnit.NoUnit, value=loss.value)
        metrics.flush_metrics()

    def _reference(self, version: int) -> QualityReference | None:
        """How good the version was in its evaluation, measured once; None if no row of that says what was true."""
        is_known, known = self._truth.reference(version)
        if is_known:
            return known
        found = Versions(self._runtime.table).get(self._spec.name, version)
        if found is None or found.execution_id is None:
            return None
        runtime = self._runtime
        traffic = LiveTraffic(runtime.s3, runtime.settings.bucket, self._spec.name, version)
        with tempfile.TemporaryDirectory() as folder:
            scored = traffic.scored(found.execution_id, Path(folder))
            if scored is None:
                return None
            types = column_types(self._spec)
            sliced = {name: types[name] for name in sliced_by(self._spec)}
            columns = types if self._predicts_numbers else sliced
            rows = read_scored(scored, self._spec, columns)
        reference = None
        if rows is not None and np.size(rows.truth):
            errors = rows.predicted - rows.truth
            reference = reference_of(
                self._spec.problem.value,
                rows.truth,
                rows.predicted,
                rows.days,
                errors=error_model(rows.columns, errors) if self._predicts_numbers else None,
                sliced={name: rows.columns[name] for name in sliced if name in rows.columns},
                least=self._spec.evaluation.slice_minimum_rows,
            )
        self._truth.keep_reference(version, reference)
        return reference


def _settled(placed: Placed, known: Collection) -> Collection:
    taken, newest = placed.taken, placed.newest
    at = None if newest is None else datetime.fromtimestamp(newest, UTC)
    return known.model_copy(
        update={
            "new": known.new + taken.new,
            "repeated": known.repeated + taken.repeated,
            "corrected": known.corrected + taken.corrected,
            "outdated": known.outdated + taken.outdated,
            "unknown": len(placed.rest),
            "newest_at": max((one for one in (known.newest_at, at) if one), default=None),
        }
    )


def _collected(settled: Collection, placed: Placed, now: datetime) -> LabelsCollected:
    return LabelsCollected(
        model=settled.model,
        at=now,
        reason=settled.sentence,
        labels=placed.taken.new,
        total=settled.total,
        newest_at=settled.newest_at,
    )
