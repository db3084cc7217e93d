"""How far two profiles lie apart: golden values, and rules that hold for all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.alike import reference_of
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.distance import distance
from trimtab.domain.profile import ColumnProfile, Numbers, Reference, profile_of

NORMAL = np.random.default_rng(1).normal(0, 1, 100_000)


def numbers(values, reference: Reference | None = None) -> ColumnProfile:
    array = np.array(values, dtype=np.float64)
    missing = np.isnan(array)
    cells = Cells(ColumnType.number, missing, np.zeros_like(missing), str, numbers=array)
    return profile_of(cells, reference)


def words(counts: dict[str, int], missing: int = 0) -> ColumnProfile:
    codes = np.repeat(np.arange(len(counts) + 1), [*counts.values(), missing])
    gaps = codes == len(counts)
    levels = (*counts, "")
    cells = Cells(ColumnType.string, gaps, np.zeros_like(gaps), str, levels=levels, codes=codes)
    return profile_of(cells)


@pytest.mark.parametrize(
    ("shift", "psi", "js", "ks"),
    [
        (0.1, 0.010, 0.04, 0.04),
        (0.25, 0.060, 0.10, 0.10),
        (0.5, 0.24, 0.21, 0.20),
        (1, 0.93, 0.39, 0.38),
    ],
)
def test_a_shift_of_a_normal_has_the_known_distances(shift, psi, js, ks):
    """Of a normal whose mean moves by so many standard deviations, in bins at quantiles of the reference."""
    moved = np.random.default_rng(2).normal(shift, 1, 100_000)
    found = distance(numbers(NORMAL), numbers(moved))
    assert found is not None
    assert found.psi == pytest.approx(psi, rel=0.12)
    assert found.js == pytest.approx(js, rel=0.12)
    assert found.ks == pytest.approx(ks, rel=0.08)
    assert found.mean_shift == pytest.approx(shift, abs=0.02)


def test_the_same_distribution_again_is_no_more_than_chance():
    again = np.random.default_rng(3).normal(0, 1, 5_000)
    found = distance(numbers(NORMAL), numbers(again))
    assert found is not None
    assert 0 < found.psi < 0.01
    assert found.psi_corrected < found.psi
    assert found.new_share < 0.001


VALUES = st.lists(
    st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=60
)


@given(VALUES, VALUES)
def test_distances_are_finite_and_nothing_lies_apart_from_itself(a, b):
    found, same = distance(numbers(a), numbers(b)), distance(numbers(a), numbers(a))
    assert found is not None
    assert same is not None
    assert (same.psi, same.js, same.linf, same.ks, same.new_share) == (0, 0, 0, 0, 0)
    assert np.isfinite([found.psi, found.js, found.linf]).all()
    assert found.psi >= found.psi_corrected >= 0
    assert 0 <= found.js <= 1
    assert 0 <= found.linf <= 1
    assert found.ks is not None
    assert 0 <= found.ks <= 1


@given(VALUES, VALUES)
def test_counts_on_the_edges_of_the_reference_tell_the_same_as_bins(a, b):
    reference = numbers(a)
    on_edges = distance(reference, numbers(b, reference_of(reference)))
    in_bins = distance(reference, numbers(b))
    assert on_edges is not None
    assert in_bins is not None
    assert on_edges.psi == pytest.approx(in_bins.psi)


def test_values_outside_the_range_of_the_reference_are_new():
    found = distance(numbers([1.0, 2.0, 3.0]), numbers([2.0, 4.0, 0.5, 1.0]))
    assert found is not None
    assert found.new_share == 0.5
    wide = distance(numbers(NORMAL), numbers(NORMAL + 100))
    assert wide is not None
    assert wide.new_share == 1
    assert wide.psi > 5


def test_gaps_do_not_hide_in_the_distribution():
    found = distance(numbers([1.0, 2.0, 3.0, 4.0]), numbers([1.0, 2.0, np.nan, np.nan]))
    assert found is not None
    assert found.missing_change == 0.5


def test_the_level_that_changed_most_is_named():
    found = distance(words({"AA": 50, "B6": 50}), words({"AA": 20, "B6": 60, "ZZ": 20}))
    assert found is not None
    assert found.linf_level == "AA"
    assert found.linf == pytest.approx(0.3)
    assert found.new_share == pytest.approx(0.2)
    assert found.ks is None
    assert found.mean_shift is None


def test_many_levels_are_compared_by_their_hash():
    many = {f"level {i}": 3 for i in range(3_000)}
    other = {f"other {i}": 3 for i in range(3_000)}
    same, apart = distance(words(many), words(many)), distance(words(many), words(other))
    few = distance(words({"a": 9_000}), words(many))
    assert same is not None
    assert apart is not None
    assert few is not None
    assert same.js < 1e-6
    assert apart.js > 0.1
    assert few.js > 0.9
    assert few.linf_level is None


def test_what_has_nothing_to_compare_has_no_distance():
    text = words({"a": 1})
    assert distance(numbers([1.0]), text) is None
    assert distance(text, words({}, missing=3)) is None
    assert distance(text, ColumnProfile(type=ColumnType.string, count=3)) is None
    assert distance(numbers([1.0]), numbers([np.nan])) is None
    old = ColumnProfile(type=ColumnType.number, numbers=Numbers(minimum=0, maximum=1, total="1"))
    assert distance(numbers([1.0]), old) is None


def test_a_reference_of_text_is_its_heaviest_levels_and_of_numbers_its_quantiles():
    assert reference_of(words({"a": 1, "b": 2})) == Reference(levels=("b", "a"))
    edges = reference_of(numbers(NORMAL), bins=4).edges
    assert edges is not None
    assert edges[1:4] == pytest.approx((-0.674, 0, 0.674), abs=0.03)
