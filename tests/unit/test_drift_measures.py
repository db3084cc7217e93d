"""Each measure of drift: golden values of an independent library, and rules that hold for all counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from scipy.spatial import distance

from trimtab.domain.drift.chance import smoothed
from trimtab.domain.drift.discoveries import adjusted
from trimtab.domain.drift.gamma import chi_square_tail, gamma_tail
from trimtab.domain.drift.measures.chi_square import chi_square
from trimtab.domain.drift.measures.jensen_shannon import jensen_shannon, jensen_shannon_corrected
from trimtab.domain.drift.measures.kolmogorov_smirnov import kolmogorov_smirnov
from trimtab.domain.drift.measures.largest_change import largest_change
from trimtab.domain.drift.measures.psi import psi, psi_bias, psi_corrected
from trimtab.domain.drift.measures.wasserstein import wasserstein

A = np.array([120, 80, 300, 45, 455])
B = np.array([100, 130, 250, 90, 30])
BINS = st.integers(2, 24)
EXACT = pytest.approx


def pairs(least: int = 0):
    return BINS.flatmap(
        lambda size: st.tuples(
            *[st.lists(st.integers(least, 10_000), min_size=size, max_size=size) for _ in range(2)]
        )
    )


def test_psi_is_the_sum_of_both_relative_entropies():
    p, q = smoothed(A), smoothed(B)
    expected = special.rel_entr(p, q).sum() + special.rel_entr(q, p).sum()
    assert psi(p, q) == EXACT(expected, abs=1e-12)


def test_the_jensen_shannon_distance_is_scipys():
    p, q = smoothed(A), smoothed(B)
    assert jensen_shannon(p, q) == EXACT(distance.jensenshannon(p, q, base=2), abs=1e-12)


def test_the_ks_distance_of_counts_is_that_of_the_values_they_count():
    p, q = A / A.sum(), B / B.sum()
    values = [np.repeat(np.arange(5), counts) for counts in (A, B)]
    assert kolmogorov_smirnov(p, q) == EXACT(stats.ks_2samp(*values).statistic, abs=1e-12)


def test_the_wasserstein_distance_is_that_of_rows_spread_evenly_between_the_edges():
    edges = np.array([0.0, 1.0, 3.0, 4.0, 10.0])
    ours, theirs = np.array([0, 10, 20, 30, 40, 0]), np.array([0, 40, 30, 20, 10, 0])

    def spread(counts):
        cells = zip(edges[:-1], edges[1:], counts[1:-1], strict=True)
        return np.concatenate(
            [np.linspace(low, high, 2_000 * n, endpoint=False) for low, high, n in cells]
        )

    expected = stats.wasserstein_distance(spread(ours), spread(theirs)) / 2.0
    found = wasserstein(ours / 100, theirs / 100, edges, 2.0)
    assert found == EXACT(expected, rel=1e-3)
    assert wasserstein(ours / 100, theirs / 100, edges, 0.0) == 0


def test_wasserstein_counts_both_sides_where_the_shares_cross():
    edges = np.array([0.0, 1.0, 2.0])
    ours, theirs = np.array([0.2, 0.3, 0.3, 0.2]), np.array([0.4, 0.0, 0.2, 0.4])
    # The difference of the cumulative shares runs from 0.2 to -0.1 to -0.2: two triangles, then a trapezoid.
    assert wasserstein(ours, theirs, edges, 1.0) == EXACT(
        0.5 * 0.2 * (2 / 3) + 0.5 * 0.1 * (1 / 3) + 0.15, abs=1e-12
    )


def test_chi_square_is_scipys():
    found = chi_square(A, B)
    expected = stats.chi2_contingency(np.stack((A, B)), correction=False)
    assert found is not None
    assert found.value == EXACT(expected.statistic, rel=1e-12)
    assert found.freedom == expected.dof
    assert found.p == EXACT(expected.pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        ([500, 500, 2, 1], [50, 40, 0, 0], "half of the expected counts are under 1"),
        ([500, 500, 300, 40], [50, 40, 30, 4], None),
        ([400, 20], [20, 2], "two by two, and one is under 10"),
        ([400, 200], [200, 100], None),
        ([400, 0], [20, 0], "one level is no test"),
        ([4, 8], [0, 0], "there are no rows"),
    ],
)
def test_chi_square_is_told_only_where_its_rules_hold(ours, theirs, why):
    assert (chi_square(np.array(ours), np.array(theirs)) is None) is (why is not None)


@pytest.mark.parametrize("freedom", [1, 2, 9, 19, 60])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0, 8.0, 19.0, 43.8, 150.0, 900.0])
def test_the_tail_of_chi_square_is_scipys(freedom, value):
    assert chi_square_tail(value, freedom) == EXACT(stats.chi2.sf(value, freedom), rel=1e-9)


def test_the_tail_of_gamma_is_scipys_for_broken_shapes():
    for shape, value in ((0.37, 0.01), (0.37, 4.0), (7.21, 6.9), (7.21, 41.0)):
        assert gamma_tail(shape, value) == EXACT(stats.gamma.sf(value, shape), rel=1e-9)


def test_adjusted_p_values_are_scipys():
    p = [0.001, 0.2, 0.03, 0.03, 0.9, 0.0004]
    assert adjusted(p) == EXACT(list(stats.false_discovery_control(p)), rel=1e-12)
    assert adjusted([]) == []


def test_the_bias_is_what_chance_gives_on_average():
    rng = np.random.default_rng(5)
    shares = np.full(20, 0.05)
    ours, theirs = rng.multinomial(50_000, shares, 4_000), rng.multinomial(1_000, shares, 4_000)
    found = psi(smoothed(ours), smoothed(theirs))
    bias = psi_bias(20, 50_000, 1_000)
    assert found.mean() == EXACT(bias, rel=0.04)
    assert psi_corrected(bias / 2, bias) == 0
    assert psi_corrected(bias * 3, bias) == EXACT(2 * bias)
    distances = jensen_shannon(smoothed(ours), smoothed(theirs))
    assert (
        np.mean([jensen_shannon_corrected(one, bias) for one in distances]) < distances.mean() / 3
    )


@given(pairs())
def test_no_distance_is_negative_or_endless_and_most_are_the_same_both_ways(both):
    p, q = (smoothed(np.array(counts)) for counts in both)
    for measure in (psi, jensen_shannon, kolmogorov_smirnov, largest_change):
        there, back = float(measure(p, q)), float(measure(q, p))
        assert 0 <= there < math.inf
        assert there == EXACT(back, abs=1e-12)
        assert float(measure(p, p)) == EXACT(0, abs=1e-7)
    assert jensen_shannon(p, q) <= 1
    assert kolmogorov_smirnov(p, q) <= 1
    assert largest_change(p, q) <= kolmogorov_smirnov(p, q) * 2 + 1e-12
