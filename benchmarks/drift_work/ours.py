"""Trimtab's rule on simulated days: windows that are too small are added up, as a monitor does."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from benchmarks.drift_work.scenes import WEEK, Day, Scene
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.baseline import Baseline, LiveWindow, baseline_of, rows_per_entity
from trimtab.domain.drift.judging import judge_window
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.report import DriftReport, Trace
from trimtab.domain.profile import Profile, Reference, profile_of

GROUPS = 256
HOURS = 24.0


def profile(values: np.ndarray, scene: Scene, references: dict[str, Reference]) -> Profile:
    columns = {}
    for place in range(values.shape[1]):
        name = f"f{place}"
        cells = levels(values[:, place]) if is_level(scene, place) else numbers(values[:, place])
        columns[name] = profile_of(cells, references.get(name))
    return Profile(rows=len(values), columns=columns)


def is_level(scene: Scene, place: int) -> bool:
    return scene.tails and place < 2


def numbers(values: np.ndarray) -> Cells:
    missing = np.isnan(values)
    return Cells(ColumnType.number, missing, np.zeros_like(missing), str, numbers=values)


def levels(values: np.ndarray) -> Cells:
    different, codes = np.unique(values, return_inverse=True)
    missing = np.zeros(len(values), dtype=np.bool_)
    names = tuple(f"level {each:g}" for each in different)
    return Cells(ColumnType.string, missing, missing, str, levels=names, codes=codes)


def baseline(days: Sequence[Day], scene: Scene) -> Baseline:
    """A reference period as a baseline: its days or its customers are the blocks, whichever hang together."""
    whole = profile(np.concatenate([day.values for day in days]), scene, {})
    if scene.per_customer > 1:
        values = np.concatenate([day.values for day in days])
        groups = np.concatenate([day.customers for day in days]) % GROUPS
        parts = [profile(values[groups == group], scene, {}) for group in range(GROUPS)]
        per_entity = rows_per_entity([part.rows for part in parts])
        return baseline_of(whole, parts, block="entity", rows_per_entity=per_entity)
    return baseline_of(whole, [profile(day.values, scene, {}) for day in days])


def judged(
    scene: Scene, reference: Sequence[Day], live: Iterable[Day], policy: DriftPolicy
) -> Iterator[DriftReport | None]:
    """Yield a report for each day that completes a window; None while it is added up."""
    by_weekday = scene.weekend != 0
    bases = {
        weekday: baseline(
            [day for day in reference if not by_weekday or day.weekday == weekday], scene
        )
        for weekday in (range(WEEK) if by_weekday else (0,))
    }
    traces: list[Trace] = []
    waiting: list[Profile] = []
    groups = np.zeros(GROUPS, dtype=np.int64)
    for day in live:
        base = bases[day.weekday if by_weekday else 0]
        waiting.append(profile(day.values, scene, base.references()))
        groups += np.bincount(day.customers % GROUPS, minlength=GROUPS)
        whole = waiting[0]
        for part in waiting[1:]:
            whole = whole.merge(part)
        window = LiveWindow(
            profile=whole,
            blocks=len(waiting),
            hours=HOURS * len(waiting),
            rows_per_entity=rows_per_entity(groups.tolist()) if scene.per_customer > 1 else 1.0,
        )
        report = judge_window(base, window, policy, traces[-2 * policy.of :])
        if report.wants_more_rows:
            yield None
            continue
        traces.append(report.trace)
        waiting, groups = [], np.zeros(GROUPS, dtype=np.int64)
        yield report
