"""Profiles add up: any order of merging gives the same bits as one pass."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.profile import (
    LEVEL_LENGTH,
    LEVELS,
    ColumnProfile,
    Profile,
    exact_sum,
    profile_of,
)
from trimtab.errors import Conflict

FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.one_of(st.none(), FINITE), max_size=20)
WORDS = st.lists(st.one_of(st.none(), st.sampled_from("abc")), max_size=20)


def numbers(values: Sequence[float | None]) -> ColumnProfile:
    missing = np.array([v is None for v in values], dtype=np.bool_)
    array = np.array([0.0 if v is None else v for v in values], dtype=np.float64)
    wrong = np.zeros(len(values), dtype=np.bool_)
    return profile_of(Cells(ColumnType.number, missing, wrong, str, numbers=array))


def words(values: Sequence[str | None]) -> ColumnProfile:
    levels = tuple(sorted({v for v in values if v is not None})) or ("",)
    missing = np.array([v is None for v in values], dtype=np.bool_)
    codes = np.array([0 if v is None else levels.index(v) for v in values], dtype=np.int64)
    wrong = np.zeros(len(values), dtype=np.bool_)
    return profile_of(Cells(ColumnType.string, missing, wrong, str, levels=levels, codes=codes))


@given(st.lists(FINITE, max_size=50))
def test_a_sum_has_no_rounding(values):
    assert exact_sum(np.array(values, dtype=np.float64)) == sum(map(Fraction, values))


@given(st.lists(st.integers(-(2**62), 2**62), max_size=50))
def test_a_sum_of_times_has_no_overflow(values):
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@given(st.lists(VALUES, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_parts_of_numbers_merge_in_any_order_to_the_profile_of_the_whole(parts, chance):
    whole = numbers([value for part in parts for value in part])
    profiles = [numbers(part) for part in parts]
    chance.shuffle(profiles)
    merged = reduce(ColumnProfile.merge, profiles)
    assert merged.model_dump_json() == whole.model_dump_json()


@given(st.lists(WORDS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_parts_of_levels_merge_in_any_order_to_the_profile_of_the_whole(parts, chance):
    whole = words([value for part in parts for value in part])
    profiles = [words(part) for part in parts]
    chance.shuffle(profiles)
    assert reduce(ColumnProfile.merge, profiles).model_dump_json() == whole.model_dump_json()


@given(VALUES.filter(lambda values: any(v is not None for v in values)))
def test_the_mean_is_the_correctly_rounded_one(values):
    present = [v for v in values if v is not None]
    try:
        expected = float(sum(map(Fraction, present)) / len(present))
    except OverflowError:
        return
    assert numbers(values).mean == expected
    assert math.isfinite(expected)


def test_a_column_without_a_value_has_no_mean():
    assert numbers([None]).mean is None
    assert words(["a"]).mean is None


def test_a_column_with_too_many_levels_counts_none_in_whatever_order_it_is_merged():
    many = words([f"level {i}" for i in range(LEVELS)])
    one = words(["another"])
    assert many.levels is not None
    assert many.merge(one).levels is None
    assert one.merge(many).merge(one).levels is None


def test_free_text_has_no_level_counts():
    assert words(["x" * (LEVEL_LENGTH + 1)]).levels is None
    assert words(["x" * LEVEL_LENGTH]).levels == {"x" * LEVEL_LENGTH: 1}


def test_columns_of_two_types_have_no_common_profile():
    with pytest.raises(Conflict, match="type number and one of type string"):
        numbers([1.0]).merge(words(["a"]))


def test_profiles_of_batches_with_different_columns_merge_column_by_column():
    a = Profile(rows=2, columns={"x": numbers([1.0, 2.0]), "y": words(["a", "b"])})
    b = Profile(rows=1, columns={"x": numbers([4.0]), "z": words(["c"])})
    both = a.merge(b)
    assert both == b.merge(a)
    assert both.rows == 3
    assert list(both.columns) == ["x", "y", "z"]
    assert both.columns["x"].mean == pytest.approx(7 / 3)
    assert Profile.model_validate_json(both.model_dump_json()) == both


def test_cells_of_numbers_have_no_levels_and_the_other_way_round():
    nothing = np.zeros(1, dtype=np.bool_)
    with pytest.raises(TypeError):
        Cells(ColumnType.string, nothing, nothing, str).values()
    with pytest.raises(TypeError):
        Cells(ColumnType.number, nothing, nothing, str).counts()
