"""Guardrails: evidence that holds at every look."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.guardrails import RATIOS, WORSE, Count, Evidence

counts = st.integers(0, 2000).flatmap(
    lambda requests: st.builds(Count, st.just(requests), st.integers(0, requests))
)
looks = st.lists(st.tuples(counts, counts), max_size=6)


def seen(looks: list[tuple[Count, Count]]) -> Evidence:
    evidence = Evidence()
    for champion, challenger in looks:
        evidence = evidence.after(champion, challenger)
    return evidence


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 12))
def test_evidence_has_a_mean_of_one_at_most_if_both_fail_alike(
    champion: int, challenger: int, bad: int
) -> None:
    """Whichever requests fail, who answered them was drawn: so count the draws (hypergeometric)."""
    bad = min(bad, champion + challenger)
    whole = math.comb(champion + challenger, bad)
    mean = sum(
        math.comb(challenger, mine)
        * math.comb(champion, bad - mine)
        / whole
        * Evidence().after(Count(champion, bad - mine), Count(challenger, mine)).against
        for mine in range(min(bad, challenger) + 1)
        if bad - mine <= champion
    )
    assert mean <= 1 + 1e-9


@given(looks, st.randoms())
def test_the_order_of_looks_says_nothing(looks: list[tuple[Count, Count]], random) -> None:
    before = seen(looks)
    random.shuffle(looks)
    after = seen(looks)
    assert after.against == pytest.approx(before.against)
    assert (after.champion, after.challenger) == (before.champion, before.challenger)


def test_one_failure_counts_by_the_chance_that_it_fell_on_the_challenger() -> None:
    evidence = Evidence().after(Count(90, 0), Count(10, 1))
    assert evidence.against == pytest.approx(
        np.mean([ratio / (0.1 * ratio + 0.9) for ratio in WORSE])
    )


@pytest.mark.parametrize(
    "look", [(Count(), Count()), (Count(100, 7), Count()), (Count(), Count(100, 7))]
)
def test_a_look_in_which_one_of_the_two_answered_nothing_says_nothing(
    look: tuple[Count, Count],
) -> None:
    assert seen([look]).against == pytest.approx(1)
    assert seen([look]).highest_ratio(0.05) == math.inf


def test_a_flood_of_failures_is_evidence_without_end_and_no_overflow() -> None:
    evidence = Evidence().after(Count(10**6, 0), Count(10**6, 10**5))
    assert evidence.against > 1e100
    assert evidence.highest_ratio(0.05) == math.inf


@given(looks)
def test_the_highest_ratio_is_above_the_one_that_was_counted(
    looks: list[tuple[Count, Count]],
) -> None:
    """At one weight throughout, which is when there is one ratio to count."""
    looks = looks[:1]
    evidence = seen(looks)
    highest = evidence.highest_ratio(0.05)
    assert highest == math.inf or highest in RATIOS
    champion, challenger = evidence.champion, evidence.challenger
    if champion.bad and challenger.requests:
        counted = challenger.bad / challenger.requests / (champion.bad / champion.requests)
        assert highest > min(counted, RATIOS[-1])


def test_more_of_the_same_narrows_the_interval() -> None:
    ends = [
        Evidence().after(Count(1000 * n, 10 * n), Count(1000 * n, 10 * n)).highest_ratio(0.05)
        for n in (1, 4, 16, 64)
    ]
    assert ends == sorted(ends, reverse=True)
    assert ends[-1] < 1.4


def test_a_share_is_below_a_limit_only_when_enough_was_seen() -> None:
    def is_below(requests: int, bad: int) -> bool:
        return Evidence().after(Count(), Count(requests, bad)).is_below(0.001, 0.05)

    assert [is_below(n, 0) for n in (0, 1000, 10_000)] == [False, False, True]
    assert not is_below(10_000, 10)
    assert not is_below(10_000, 100)
