"""How a tuning job searches: ranges and scales, seeds, no point twice, and a model that is better than chance."""

import math

import pytest

from local.sagemaker.search import BayesianSearch, GridSearch, RandomSearch, Tried
from local.sagemaker.search_space import Choices, Numbers, Space, scale_of

MIXED = Space(
    (
        Numbers("rate", 0.001, 1.0, whole=False, scaling="Logarithmic"),
        Numbers("depth", 2, 12, whole=True),
        Choices("kind", ("tree", "line")),
    )
)


def searched(strategy, count, value=lambda point: None):
    tried = []
    for _ in range(count):
        point = strategy.next(tried)
        tried.append(Tried(point, value(point)))
    return tried


@pytest.mark.parametrize(
    "dimension",
    [
        Numbers("x", -3, 4, whole=True),
        Numbers("x", 1, 1000, whole=True, scaling="Logarithmic"),
        Numbers("x", 0.0, 0.999, whole=False, scaling="ReverseLogarithmic"),
        Numbers("x", 1e-6, 1e3, whole=False, scaling="Logarithmic"),
    ],
)
def test_a_value_lies_where_it_was_drawn_and_the_whole_range_is_drawn(dimension):
    assert float(dimension.value(0.0)) == pytest.approx(dimension.low)
    assert float(dimension.value(1.0)) == pytest.approx(dimension.high)
    for step in range(100):
        value = dimension.value(step / 100)
        [place] = dimension.place(value)
        assert dimension.value(place) == value or math.isclose(
            float(dimension.value(place)), float(value)
        )


def test_each_integer_is_as_likely_as_another():
    range_ = Numbers("x", 1, 4, whole=True)
    values = [range_.value(step / 1000) for step in range(1000)]
    assert {value: values.count(value) for value in "1234"} == dict.fromkeys("1234", 250)


def test_a_wide_range_of_positive_numbers_is_searched_by_its_logarithm_unless_asked_otherwise():
    assert scale_of("Auto", 0.001, 1) == "Logarithmic"
    assert scale_of("Auto", 2, 12) == "Linear"
    assert scale_of("Auto", -1, 1000) == "Linear"
    assert scale_of("Linear", 0.001, 1) == "Linear"


def test_a_seed_draws_the_same_whatever_comes_of_it_and_another_seed_does_not():
    first = searched(RandomSearch(MIXED, 7), 12)
    again = searched(RandomSearch(MIXED, 7), 12, value=lambda point: 1.0)
    assert [each.point for each in first] == [each.point for each in again]
    other = searched(RandomSearch(MIXED, 8), 12)
    assert [each.point for each in first] != [each.point for each in other]


@pytest.mark.parametrize("make", [RandomSearch, BayesianSearch, lambda space, _: GridSearch(space)])
def test_no_point_is_tried_twice_and_a_space_without_a_new_one_ends_the_search(make):
    space = Space((Choices("a", ("1", "2", "3")), Choices("b", ("x", "y"))))
    tried = searched(make(space, 1), 6, value=lambda point: float(point["a"]))
    assert len({tuple(each.point.values()) for each in tried}) == 6
    assert make(space, 1).next(tried) is None


def hill(point):
    """Highest, at 0, for a rate of 0.1, a depth of 7 and the kind tree."""
    away = (math.log10(float(point["rate"])) + 1) ** 2 + ((int(point["depth"]) - 7) / 5) ** 2
    return -away - (point["kind"] == "line")


def test_the_model_of_the_results_finds_better_points_than_chance_does():
    def best(make, seed):
        return max(each.value for each in searched(make(MIXED, seed), 20, hill))

    seeds = range(6)
    modelled = [best(BayesianSearch, seed) for seed in seeds]
    drawn = [best(RandomSearch, seed) for seed in seeds]
    assert sum(modelled) / 6 > sum(drawn) / 6 / 3  # a third of the distance that is left
    assert sum(one > other for one, other in zip(modelled, drawn, strict=True)) >= 5


def test_what_runs_at_once_is_not_the_same_point_nearly():
    strategy = BayesianSearch(MIXED, 3)
    tried = searched(strategy, 8, hill)
    one = strategy.next(tried)
    other = strategy.next([*tried, Tried(one)])
    assert one != other


def test_points_of_another_sweep_count_where_they_lie_in_the_ranges():
    assert MIXED.own({"rate": "0.5", "depth": "3", "kind": "line", "seed": "1"}) == {
        "rate": "0.5",
        "depth": "3",
        "kind": "line",
    }
    assert MIXED.own({"rate": "0.5", "depth": "13", "kind": "line"}) is None
    assert MIXED.own({"rate": "0.5", "kind": "line"}) is None
    assert MIXED.own({"rate": "fast", "depth": "3", "kind": "line"}) is None
