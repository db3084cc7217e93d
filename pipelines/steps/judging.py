"""What the answers of challenger and champion say: evaluation.json, with the gate's verdict in it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import gate
from .bootstrap import Bootstrap, Interval
from .calibration import calibration
from .curves import curves
from .mcnemar import compare
from .metrics import BY_PROBLEM, LARGER_IS_BETTER, metric
from .model_source import ModelSource
from .provenance import environment
from .slices import Question, Slice, judge_slices
from .trial import Trial

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """What is judged: the rows, what was answered to them, and how the challenger did as a server."""

    model: ModelSource
    rows: pd.DataFrame
    truth: Floats
    answers: dict[
        str, Floats
    ]  # of `challenger` and `champion`; of neither if the challenger has none
    champion_version: int | None
    trial: Trial


@dataclass(frozen=True)
class Seen:
    """What the answers came to."""

    value: float | None  # of the challenger's metric
    gain: Interval | None  # over the champion
    slices: tuple[Slice, ...]


def judge(case: Case, today: date) -> dict[str, Any]:
    """Return evaluation.json: metrics of both with intervals, their difference, slices and the gate."""
    model, truth, answers = case.model, case.truth, case.answers
    names = BY_PROBLEM[model.problem]
    measures = {
        f"{who} {name}": metric(name, truth, predicted)
        for who, predicted in answers.items()
        for name in names
    }
    bootstrap = Bootstrap(measures, len(truth), model.seed)

    def metrics(who: str) -> dict[str, dict[str, float]]:
        asked = names if who in answers else ()
        return {name: bootstrap.interval(f"{who} {name}").as_json() for name in asked}

    seen = _seen(case, bootstrap)
    version = case.champion_version
    return {
        "rows": len(truth),
        "metric": model.metric,
        "metrics": metrics("challenger"),
        "champion": None
        if version is None
        else {"version": version, "metrics": metrics("champion")},
        "difference": seen.gain.as_json() if seen.gain else None,
        "mcnemar": _mcnemar(case),
        "gate": _verdict(case, seen, today).as_json(),
        "slices": [each.as_json() for each in seen.slices],
        "calibration": {who: calibration(truth, each) for who, each in answers.items()},
        "attribution": case.trial.attribution,
        "curves": curves(model.problem, truth, answers),
        "artifact": case.trial.artifact,
        "serving": case.trial.served.as_json() if case.trial.served else None,
        "environment": environment(),
    }


def _seen(case: Case, bootstrap: Bootstrap) -> Seen:
    if not case.answers:
        return Seen(None, None, ())
    model, asked = case.model, case.model.gate
    gain = _gain(bootstrap, model.metric) if "champion" in case.answers else None
    question = Question(model.metric, asked.slice_margin, asked.slice_minimum_rows, model.seed)
    slices = judge_slices(case.rows, asked.slices, case.truth, case.answers, question)
    return Seen(bootstrap.interval(f"challenger {model.metric}").value, gain, slices)


def _mcnemar(case: Case) -> dict[str, Any] | None:
    """Who is right where the other is not: of answers that are right or wrong, beside a champion's."""
    if case.model.problem != "binary" or "champion" not in case.answers:
        return None
    return compare(case.truth, case.answers["challenger"], case.answers["champion"]).as_json()


def _gain(bootstrap: Bootstrap, name: str) -> Interval:
    """By how much the challenger is better than the champion; positive is better, for losses too."""
    sides = ("challenger", "champion") if LARGER_IS_BETTER[name] else ("champion", "challenger")
    return bootstrap.difference(*(f"{side} {name}" for side in sides))


def _verdict(case: Case, seen: Seen, today: date) -> gate.Verdict:
    model, remark = case.model, ""
    if seen.value is not None and seen.gain is None:
        shown = f"{model.metric} {seen.value:.3f}, no floor set; " if model.floor is None else ""
        remark = f"{shown}no champion to compare with"
    checks = (*_quality(case, seen), *_fitness(case))
    return gate.Verdict(checks, remark, _report_only(model, today))


def _quality(case: Case, seen: Seen) -> list[gate.Check]:
    model, checks = case.model, list[gate.Check]()
    better = LARGER_IS_BETTER[model.metric]
    if model.floor is not None and seen.value is not None:
        checks.append(
            gate.floor_check(model.metric, seen.value, model.floor, larger_is_better=better)
        )
    if seen.gain is not None and case.champion_version is not None:
        champion = case.champion_version
        checks.append(gate.champion_check(model.metric, seen.gain, model.margin, champion))
        if seen.slices:
            checks.append(gate.slices_check(model.metric, seen.slices, model.gate.slice_margin))
    return checks


def _fitness(case: Case) -> list[gate.Check]:
    """Whether it would serve: small enough, loaded, answering the same as in the evaluation, and soon enough."""
    asked, trial, served = case.model.gate, case.trial, case.trial.served
    checks = [gate.size_check(trial.packed_bytes, asked.size_mb)]
    if trial.answers is None:
        return [*checks, gate.cannot_answer(trial.problem)]
    if served is None:
        return [*checks, gate.cannot_serve(trial.problem, asked.load_seconds)]
    return [
        *checks,
        gate.loads_check(served.load_seconds, asked.load_seconds),
        gate.golden_check(served.answered, served.golden, served.problem),
        gate.latency_check(served.latency_ms, asked.latency_ms),
    ]


def _report_only(model: ModelSource, today: date) -> gate.ReportOnly | None:
    if model.gate.report_only is None:
        return None
    until, reason = model.gate.report_only
    only = gate.ReportOnly(date.fromisoformat(until), reason)
    return only if only.holds(today) else None
