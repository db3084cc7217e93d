"""Features together: a joint shift that no feature shows alone, and the same number for a row whatever it came with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.captured import PREDICTION, Capture, cells_of, count
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.baseline import LiveWindow, baseline_of
from trimtab.domain.drift.judging import judge_window
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.together import EXPLAINED, TOGETHER, Projection, projection_of
from trimtab.domain.profile import Profile, profile_of

TYPES = {"x": ColumnType.number, "y": ColumnType.number, "kind": ColumnType.string}


def table(seed: int, count: int, *, slope: float = 0.9) -> dict[str, np.ndarray]:
    """Two numbers that go together, and a word that goes with them; each alone is as ever whatever the slope."""
    chance = np.random.default_rng(seed)
    x, noise = chance.normal(size=(2, count))
    y = slope * x + (1 - slope**2) ** 0.5 * noise
    kind = np.array(
        ["high" if each > 0.5 else "low" if each < -0.5 else None for each in x.tolist()],
        dtype=object,
    )
    return {"x": x, "y": y, "kind": kind}


def values(column: np.ndarray) -> list:
    """As a request has them."""
    return [
        None if isinstance(each, float) and np.isnan(each) else each for each in column.tolist()
    ]


def cells(columns: dict[str, np.ndarray]) -> dict:
    return {name: cells_of(TYPES[name], values(column)) for name, column in columns.items()}


def errors(projection: Projection, columns: dict[str, np.ndarray]) -> np.ndarray:
    size = len(next(iter(columns.values())))
    found = projection.errors(cells(columns), size).numbers
    assert found is not None
    return np.asarray(found)


REFERENCE = table(1, 6000)
PROJECTION = projection_of(REFERENCE)


def profile(columns: dict[str, np.ndarray], references=None) -> Profile:
    assert PROJECTION is not None
    known = references or {}
    parts = {name: profile_of(each, known.get(name)) for name, each in cells(columns).items()}
    size = len(columns["x"])
    parts[TOGETHER] = profile_of(PROJECTION.errors(cells(columns), size), known.get(TOGETHER))
    return Profile(rows=size, columns=parts)


def test_a_joint_shift_that_no_feature_shows_alone_is_drift_of_the_features_together() -> None:
    baseline = baseline_of(profile(REFERENCE))
    for slope, drifted in ((0.9, ()), (-0.9, (TOGETHER,)), (0.0, (TOGETHER,))):
        live = profile(table(2, 1500, slope=slope), baseline.references())
        report = judge_window(baseline, LiveWindow(profile=live), DriftPolicy())
        assert tuple(dict.fromkeys(one.column for one in report.drifted())) == drifted


def test_the_error_is_what_a_principal_component_analysis_leaves() -> None:
    chance = np.random.default_rng(3)
    mixed = chance.normal(size=(2000, 6)) @ chance.normal(size=(6, 6))
    columns = {f"c{place}": mixed[:, place].copy() for place in range(6)}
    projection = projection_of(columns)
    assert projection is not None
    standard = (mixed - mixed.mean(axis=0)) / mixed.std(axis=0)
    _, sizes, directions = np.linalg.svd(standard, full_matrices=False)
    share = np.cumsum(sizes**2) / (sizes**2).sum()
    kept = directions[: int(np.searchsorted(share, EXPLAINED)) + 1]
    assert len(projection.components) == len(kept)
    rest = standard - standard @ kept.T @ kept
    known = {name: cells_of(ColumnType.number, each.tolist()) for name, each in columns.items()}
    found = projection.errors(known, 2000).numbers
    assert found == pytest.approx(np.linalg.norm(rest, axis=1), abs=1e-9)


@given(st.permutations(range(12)), st.integers(1, 11))
def test_a_row_has_the_same_error_whatever_rows_it_came_with(order: list[int], cut: int) -> None:
    assert PROJECTION is not None
    some = {name: column[:12] for name, column in table(4, 12).items()}
    whole = errors(PROJECTION, some)
    shuffled = {name: column[order] for name, column in some.items()}
    parts = [
        errors(PROJECTION, {name: column[each] for name, column in shuffled.items()})
        for each in (slice(0, cut), slice(cut, 12))
    ]
    assert np.concatenate(parts).tolist() == whole[order].tolist()


def test_what_has_no_value_lies_at_the_mean() -> None:
    columns = {"x": np.array([1.0, -1.0, 3.0, np.nan]), "y": np.array([1.0, -1.0, np.nan, 3.0])}
    projection = projection_of({"x": REFERENCE["x"], "y": REFERENCE["y"]})
    assert projection is not None
    near, other, far, too = errors(projection, columns).tolist()
    assert near == pytest.approx(other, abs=0.05)
    assert min(far, too) > near + 1
    alone = projection.errors(cells({"x": np.array([3.0])}), 1).numbers
    assert alone == pytest.approx([far], abs=0.2)


def test_where_nothing_can_go_together_nothing_is_compared() -> None:
    still = np.full(50, 7.0)
    assert projection_of({"x": REFERENCE["x"], "still": still}) is None
    assert projection_of({"only": np.array(["a"] * 50, dtype=object)}) is None
    assert projection_of({}) is None
    assert projection_of({"gone": np.full(50, np.nan), "x": REFERENCE["x"]}) is None
    two = projection_of({"kind": REFERENCE["kind"]})
    assert two is not None
    assert {axis.level for axis in two.axes} == {"low", "high"}


def test_captures_are_counted_with_it() -> None:
    assert PROJECTION is not None
    some = table(5, 8)
    columns = {
        "x": some["x"].tolist(),
        "y": some["y"].tolist(),
        "kind": some["kind"].tolist(),
        PREDICTION: [0.5] * 8,
    }
    capture = Capture("e", "i", 0, 0, columns)
    found = count([capture], TYPES, {}, PROJECTION)
    assert found.columns[TOGETHER] == profile(some).columns[TOGETHER]
    assert TOGETHER not in count([capture], TYPES, {}).columns
    assert TOGETHER not in count([], TYPES, {}, PROJECTION).columns
