"""Routes: the shares of traffic, and who keeps his version when they change."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab.domain.routing import WHOLE, Route, Target, choose

REQUESTS = 100_000
CHANCE = 1e-6  # of a false alarm; the keys are fixed, so a test that passes goes on to


def route(*weights: int) -> Route:
    return Route(
        targets=tuple(
            Target(version=version, weight=weight, endpoint_name=f"v{version}")
            for version, weight in enumerate(weights, start=1)
        )
    )


def answering(to: Route, model: str = "delays") -> np.ndarray:
    """The version that answers each of the entities."""
    return np.array([choose(to, model, f"entity {n}").version for n in range(REQUESTS)])


def bounds(count: int, share: float) -> tuple[int, int]:
    """Fewest and most of `count` that are hit with chance `share` each, but for CHANCE: exact, both tails alike."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, count + 1)))])
    n = np.arange(count + 1)
    log_mass = logs[-1] - logs - logs[::-1] + n * math.log(share) + n[::-1] * math.log1p(-share)
    below = np.cumsum(np.exp(log_mass))
    return int(np.searchsorted(below, CHANCE / 2)), int(np.searchsorted(below, 1 - CHANCE / 2))


def is_share(hits: np.ndarray, share: float) -> bool:
    """Whether as many are hit as binomial chance allows."""
    if not share:
        return not hits.any()
    fewest, most = bounds(len(hits), share)
    return bool(fewest <= hits.sum() <= most)


def test_the_bounds_are_those_of_the_binomial_distribution() -> None:
    low, high = bounds(20, 0.3)
    masses = [math.comb(20, n) * 0.3**n * 0.7 ** (20 - n) for n in range(21)]
    assert sum(masses[:low]) < CHANCE / 2 <= sum(masses[: low + 1])
    assert sum(masses[:high]) < 1 - CHANCE / 2 <= sum(masses[: high + 1])


@pytest.mark.parametrize("weights", [(95, 5), (1, 99), (60, 0, 15, 25)])
def test_a_hundred_thousand_requests_fall_to_the_versions_by_their_weights(
    weights: tuple[int, ...],
) -> None:
    versions = answering(route(*weights))
    for version, weight in enumerate(weights, start=1):
        assert is_share(versions == version, weight / WHOLE), (version, (versions == version).sum())


def test_a_rollout_moves_just_the_share_by_which_the_challenger_grows_and_a_retreat_moves_it_back() -> (
    None
):
    steps = (0, 5, 10, 50, 100)
    at = {step: answering(route(WHOLE - step, step)) for step in steps}
    for before, after in pairwise(steps):
        moved = at[before] != at[after]
        assert (at[after][moved] == 2).all()
        assert is_share(moved, (after - before) / WHOLE)


def test_each_challenger_and_each_model_is_tried_on_mostly_other_entities() -> None:
    """Shares of entities that are tried twice follow from the exponential arrivals of two and three versions."""
    first = answering(route(90, 10)) == 2
    after_a_retreat = answering(route(90, 0, 10)) == 3
    after_a_success = answering(route(0, 90, 10)) == 3
    of_another_model = answering(route(90, 10), "prices") == 2
    assert is_share(first & after_a_retreat, 2 * 10 / 100 - 20 / 110)
    assert is_share(first & after_a_success, 1 / 10 - 1 / (10 + 1 / 9))
    assert is_share(first & of_another_model, 0.01)


weights = st.lists(st.integers(0, WHOLE), min_size=1, max_size=3).map(
    lambda cuts: tuple(np.diff([0, *sorted(cuts), WHOLE]).tolist())
)


@given(weights, weights, st.text())
def test_a_key_moves_only_to_a_version_that_gained_on_the_one_it_leaves(
    before: tuple[int, ...], after: tuple[int, ...], key: str
) -> None:
    size = max(len(before), len(after))
    before, after = (w + (0,) * (size - len(w)) for w in (before, after))
    left, joined = (choose(route(*w), "delays", key).version - 1 for w in (before, after))
    assert left == joined or after[joined] * before[left] > before[joined] * after[left]


@given(weights, st.text(), st.randoms())
def test_the_order_of_targets_says_nothing(weights: tuple[int, ...], key: str, random) -> None:
    targets = list(route(*weights).targets)
    random.shuffle(targets)
    shuffled = Route(targets=tuple(targets))
    assert choose(shuffled, "delays", key) == choose(route(*weights), "delays", key)


@pytest.mark.parametrize("weights", [(99,), (100, 1), (50, 51), ()])
def test_weights_that_are_not_the_whole_cannot_be_built(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        route(*weights)


def test_a_version_stands_once_in_a_route() -> None:
    half = Target(version=1, weight=50, endpoint_name="v1")
    with pytest.raises(ValidationError, match="twice"):
        Route(targets=(half, half))


def test_a_route_to_one_version_gives_it_everything() -> None:
    assert choose(Route.to(3, "v3"), "delays", "anybody").version == 3


def test_a_challenger_that_is_not_there_leaves_its_requests_to_the_champion():
    before = Target(version=1, weight=0, endpoint_name="v1")
    champion = Route.to(2, "v2", before)
    split = champion.with_challenger(Target(version=3, weight=5, endpoint_name="v3"), slow_ms=90)
    assert split.is_split
    assert not champion.is_split
    left, challenger = split.targets
    assert split.instead_of(challenger) == left
    assert split.instead_of(left) == before
    assert split.without_challenger(3) == champion
    assert split.as_fallback() == left.model_copy(update={"weight": 0})


def test_the_first_version_has_nobody_before_it():
    first = Route.to(1, "v1")
    assert first.instead_of(first.targets[0]) is None
    assert first.without_challenger(1) is None
