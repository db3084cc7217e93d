"""Profiles add up: any order of merging gives the same bits as one pass."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.distinct import DistinctCounter, Sketch, hashes_of_keys, hashes_of_texts
from trimtab.domain.exact import exact_sum
from trimtab.domain.levels import LEVEL_LENGTH, LEVELS, LevelCounter, Told
from trimtab.domain.numbers import NumberCounter
from trimtab.domain.profile import ColumnCounter, ColumnProfile, Numbers, Profile, profile_of
from trimtab.domain.reference import EdgeCounts, LevelCounts, Reference
from trimtab.errors import Conflict

slow = settings(deadline=None, max_examples=30)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.lists(st.one_of(st.none(), FINITE), max_size=20)
WORDS = st.lists(st.one_of(st.none(), st.sampled_from("abc")), max_size=20)


def numbers(values: Sequence[float | None]) -> ColumnProfile:
    missing = np.array([v is None for v in values], dtype=np.bool_)
    array = np.array([0.0 if v is None else v for v in values], dtype=np.float64)
    wrong = np.zeros(len(values), dtype=np.bool_)
    return profile_of(Cells(ColumnType.number, missing, wrong, str, numbers=array))


def words(values: Sequence[str | None], reference: Reference | None = None) -> ColumnProfile:
    levels = tuple(sorted({v for v in values if v is not None})) or ("",)
    places = {level: place for place, level in enumerate(levels)}
    missing = np.array([v is None for v in values], dtype=np.bool_)
    codes = np.array([0 if v is None else places[v] for v in values], dtype=np.int64)
    wrong = np.zeros(len(values), dtype=np.bool_)
    cells = Cells(ColumnType.string, missing, wrong, str, levels=levels, codes=codes)
    return profile_of(cells, reference)


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


@slow
@given(
    st.lists(st.lists(st.integers(-300, 300), max_size=12), min_size=1, max_size=5),
    st.integers(0, 40),
    st.randoms(use_true_random=False),
)
def test_many_different_numbers_merge_in_any_order_to_the_profile_of_the_whole(
    parts, spread, chance
):
    """Parts of which some have more different numbers than there are bins, and some not."""
    many = [
        np.array(part, dtype=np.float64)[:, None] * 1.37**spread + np.arange(300) * 0.01
        for part in parts
    ]
    columns = [of_numbers(each.ravel()) for each in many]
    whole = of_numbers(np.concatenate([each.ravel() for each in many]))
    chance.shuffle(columns)
    merged = reduce(ColumnProfile.merge, columns)
    assert merged.model_dump_json() == whole.model_dump_json()
    stored = [ColumnProfile.model_validate_json(each.model_dump_json()) for each in columns]
    assert reduce(ColumnProfile.merge, stored) == whole


@slow
@given(
    st.lists(st.integers(0, 1_500), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_many_levels_merge_in_any_order_to_the_profile_of_the_whole(sizes, chance):
    parts = [[f"level {i * (7 + n)}" for i in range(size)] for n, size in enumerate(sizes)]
    whole = words([level for part in parts for level in part])
    columns = [words(part) for part in parts]
    chance.shuffle(columns)
    assert reduce(ColumnProfile.merge, columns).model_dump_json() == whole.model_dump_json()


def of_numbers(values: np.ndarray, reference: Reference | None = None) -> ColumnProfile:
    nothing = np.zeros(len(values), dtype=np.bool_)
    cells = Cells(ColumnType.number, nothing, nothing, str, numbers=values)
    return profile_of(cells, reference)


@given(VALUES.filter(lambda values: any(v is not None for v in values)))
def test_the_mean_is_the_correctly_rounded_one(values):
    present = [v for v in values if v is not None]
    try:
        expected = float(sum(map(Fraction, present)) / len(present))
    except OverflowError:
        return
    assert numbers(values).mean == expected
    assert math.isfinite(expected)


def test_the_deviation_is_that_of_the_values():
    values = np.random.default_rng(5).normal(1e6, 3.0, 50_000)
    assert of_numbers(values).deviation == pytest.approx(values.std(), rel=1e-8)
    assert of_numbers(np.array([2.0, 2.0])).deviation == 0
    assert words(["a"]).deviation is None
    assert Numbers(minimum=0, maximum=1, total="1").deviation is None


def test_numbers_whose_squares_are_past_all_floats_have_no_deviation_in_whatever_order():
    large, small = of_numbers(np.array([1e200])), of_numbers(np.array([1.0]))
    assert large.deviation is None
    assert large.merge(small) == small.merge(large) == of_numbers(np.array([1.0, 1e200]))


def test_a_thousand_different_numbers_are_counted_one_by_one_and_more_by_a_sketch():
    few = of_numbers(np.repeat(np.arange(1_000) * 0.1, 3))
    assert few.distinct_values == 1_000
    many = of_numbers(np.random.default_rng(3).random(50_000))
    assert many.distinct_values == pytest.approx(50_000, rel=0.1)
    assert len(many.model_dump_json()) < 8_000
    assert Numbers(minimum=0, maximum=1, total="1").distinct_values is None
    assert words([f"level {i}" for i in range(25_000)]).distinct_values == pytest.approx(
        25_000, rel=0.1
    )
    assert words(["a", "b", None]).distinct_values == 2
    assert ColumnProfile(type=ColumnType.string).distinct_values is None


@pytest.mark.parametrize("count", [0, 1, 17, 1_000, 20_000, 400_000])
def test_a_sketch_tells_the_number_of_different_values(count):
    counter = DistinctCounter()
    for part in np.array_split(np.arange(count, dtype=np.int64), 7):
        counter.add(hashes_of_keys(part))
    assert Sketch.of(counter.registers).estimate == pytest.approx(count, rel=0.1)


def test_a_sketch_that_is_full_to_the_brim_still_has_an_estimate():
    assert Sketch.of(np.full(1_024, 55, dtype=np.uint8)).estimate > 10**15
    assert Sketch.of(np.full(1_024, 54, dtype=np.uint8)).estimate > 10**15


def test_texts_have_the_same_hash_alone_and_among_others():
    texts = ["", "a", "ab", "abcdefgh", "abcdefghi", "ü" * 40, "x" * 256, "x" * 257, "x" * 5_000]
    together = hashes_of_texts(texts).tolist()
    assert together == [int(hashes_of_texts([text])[0]) for text in texts]
    assert len(set(together)) == len(texts)
    assert (
        together[1] == 16_786_806_076_543_044_595
    )  # on every machine, for ever: profiles are stored


def test_quantiles_are_as_near_as_the_bins():
    values = np.random.default_rng(2).lognormal(3, 1, 100_000)
    told = of_numbers(values).numbers
    assert told is not None
    for share in (0, 0.01, 0.25, 0.5, 0.75, 0.99, 1):
        assert told.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.02)
    exact = of_numbers(np.array([1.0, 2.0, 2.0, 7.0])).numbers
    assert exact is not None
    assert (exact.quantile(0.5), exact.quantile(1)) == (2.0, 7.0)
    assert Numbers(minimum=0, maximum=1, total="1").quantile(0.5) is None


def test_numbers_are_counted_on_the_edges_of_a_baseline_besides():
    edges = Reference(edges=(0.0, 1.0, 2.5))
    one = of_numbers(np.array([-1.0, 0.0, 0.5, 1.0]), edges)
    two = of_numbers(np.array([2.5, 9.0]), edges)
    assert one.numbers is not None
    assert one.numbers.between == EdgeCounts(edges=(0.0, 1.0, 2.5), counts=(1, 2, 1, 0))
    both = one.merge(two)
    assert both == two.merge(one)
    assert both.numbers is not None
    assert both.numbers.between == EdgeCounts(edges=(0.0, 1.0, 2.5), counts=(1, 2, 1, 2))
    with pytest.raises(Conflict, match="different edges"):
        one.merge(of_numbers(np.array([1.0]), Reference(edges=(0.0,))))
    counter = ColumnCounter(ColumnType.number, edges)
    for values in ([-1.0, 0.0, 0.5, 1.0], [2.5, 9.0], []):
        nothing = np.zeros(len(values), dtype=np.bool_)
        counter.add(Cells(ColumnType.number, nothing, nothing, str, numbers=np.array(values)))
    assert counter.profile() == both


@pytest.mark.parametrize("edges", [(1.0, 0.0), (0.0, 0.0)])
def test_edges_rise(edges):
    with pytest.raises(ValueError, match="edges must rise"):
        EdgeCounts(edges=edges, counts=(0, 0, 0))


def test_levels_of_a_baseline_are_counted_besides_and_all_others_as_one():
    known = Reference(levels=("a", "b"))
    one, two = words(["a", "a", "c"], known), words(["b", "d", "e"], known)
    both = one.merge(two)
    assert both == two.merge(one)
    assert both.among == LevelCounts(levels=("a", "b"), counts=(2, 1), other=3)
    with pytest.raises(Conflict, match="different levels"):
        one.merge(words(["a"], Reference(levels=("a",))))


def test_the_heaviest_levels_are_named_and_all_others_counted():
    column = words(["a", "a", "a", "b", "b", "c", "d", None])
    assert column.heaviest(2) == ((("a", 3), ("b", 2)), 2)
    assert words([f"level {i}" for i in range(LEVELS + 1)]).heaviest(2) == ((), LEVELS + 1)


def test_lengths_of_texts_are_counted():
    lengths = words(["a", "bb", "bb", None, "cccc"]).lengths
    assert lengths is not None
    assert (lengths.count, lengths.minimum, lengths.maximum, lengths.mean) == (4, 1, 4, 2.25)
    assert lengths.deviation == pytest.approx(np.std([1, 2, 2, 4]))


def test_profiles_of_before_there_were_bins_and_sketches_merge_to_what_both_know():
    new, words_of_old = numbers([1.0, 2.0]), ColumnProfile(type=ColumnType.string, count=2)
    old = ColumnProfile(
        type=ColumnType.number, count=1, numbers=Numbers(count=1, minimum=0, maximum=0, total="0")
    )
    both = old.merge(new)
    assert both == new.merge(old)
    assert both.numbers is not None
    assert (both.numbers.bins, both.numbers.squares, both.mean) == (None, None, 1.0)
    assert both.merge(new).numbers is not None
    merged = words_of_old.merge(words(["a"]))
    assert merged == words(["a"]).merge(words_of_old)
    assert (merged.levels, merged.buckets, merged.lengths) == (None, None, None)
    assert merged.merge(words([f"level {i}" for i in range(LEVELS + 1)])).buckets is None
    assert merged.merge(merged).count == 6


def test_blocks_after_a_part_that_lacks_something_leave_it_unknown():
    counter = NumberCounter()
    counter.add_numbers(Numbers(count=1, minimum=0, maximum=0, total="0"))
    counter.add(np.array([1.0]))
    counter.add_weighted(np.array([3]), np.array([2]))
    told = counter.numbers()
    assert told is not None
    assert (told.count, told.mean, told.squares, told.bins) == (4, 1.75, None, None)
    levels = LevelCounter()
    levels.add_part(Told({"a": 1}, None, None, None, None))
    levels.add(["b", "c"], [1, 0])
    assert levels.told() == Told({"a": 1, "b": 1}, None, None, None, None)


def test_nothing_but_rows_and_gaps_is_told_of_personal_columns():
    profile = Profile(
        rows=3, columns={"name": words(["a", None, "b"]), "x": numbers([1.0, 2.0, 3.0])}
    )
    told = profile.concealed({"name"})
    assert told.columns["name"] == ColumnProfile(type=ColumnType.string, count=3, missing=1)
    assert told.columns["x"] == profile.columns["x"]


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
