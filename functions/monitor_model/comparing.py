"""One challenger held against the champion by what it predicts, and by the labels of that, hour by hour."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from trimtab.aws.ground_truth import GroundTruth
from trimtab.aws.steps import Steps
from trimtab.aws.table import Stale
from trimtab.domain.model import ModelSpec
from trimtab.domain.quality.compared import Verdicts, by_loss, by_value, compared
from trimtab.domain.quality.reference import QualityReference
from trimtab.observability import logger
from trimtab.runtime import Runtime

Judge = Callable[[int], Sequence[Verdicts]]  # of a version


def compare(
    runtime: Runtime, spec: ModelSpec, champion: tuple[int, QualityReference], challenger: int
) -> None:
    """Count what the hours say that are over, if the challenger is judged by that.

    What the champion's reference does not tell is not counted: then nothing passes.
    """
    steps, (version, reference) = Steps(runtime.table), champion
    rollout = steps.counted_by_the_hour(spec.name, challenger)
    progress = rollout.progress if rollout else None
    if rollout is None or progress is None or progress.champion != version:
        return
    now = runtime.clock.now()
    truth = GroundTruth(runtime.s3, runtime.settings.bucket, spec.name)
    judges = _judges(truth, spec, reference, progress.began_at, now)
    evidence = {
        name: compared(judges[name](version), judges[name](challenger), now)
        for name in progress.steps.judged
        if name in judges
    }
    logger.info(
        "hours of a rollout",
        model=spec.name,
        version=challenger,
        bad={name: f"{one.challenger}, champion {one.champion}" for name, one in evidence.items()},
    )
    with contextlib.suppress(Stale):  # the same hours were counted by somebody else meanwhile
        steps.note_hours(spec.name, rollout, evidence)


def _judges(
    truth: GroundTruth, spec: ModelSpec, reference: QualityReference, start: datetime, end: datetime
) -> dict[str, Judge]:
    """How each guardrail tells which predictions of a version were bad."""
    judges: dict[str, Judge] = {}
    if reference.much is not None:
        judges["loss"] = partial(_by_loss, truth, spec, reference.much, start, end)
    if reference.middle is not None:
        judges["unusual"] = partial(_by_value, truth, reference.middle, start, end)
    return judges


def _by_loss(
    truth: GroundTruth, spec: ModelSpec, much: float, start: datetime, end: datetime, version: int
) -> list[Verdicts]:
    matched = truth.matched(version, start, end)
    return [by_loss(spec.problem.value, each, much) for each in matched]


def _by_value(
    truth: GroundTruth, middle: tuple[float, float], start: datetime, end: datetime, version: int
) -> list[Verdicts]:
    return [by_value(each, middle) for each in truth.predicted(version, start, end)]
