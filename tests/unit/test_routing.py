"""Routes: the shares of traffic."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab.domain.routing import WHOLE, Route, Target, choose


def route(*weights: int) -> Route:
    return Route(
        targets=tuple(
            Target(version=version, weight=weight, endpoint_name=f"v{version}")
            for version, weight in enumerate(weights, start=1)
        )
    )


@given(st.integers(0, WHOLE), st.floats(0, 1, exclude_max=True))
def test_a_draw_falls_to_the_target_whose_share_it_is_in(weight: int, draw: float) -> None:
    chosen = choose(route(weight, WHOLE - weight), draw)
    assert chosen.version == (1 if draw * WHOLE < weight else 2)


def test_each_target_gets_its_share_of_even_draws() -> None:
    chosen = Counter(choose(route(5, 0, 95), draw / 1000).version for draw in range(1000))
    assert chosen == {1: 50, 3: 950}


@pytest.mark.parametrize("draw", [-0.1, 1.0, 2.0, float("nan")])
def test_a_draw_outside_of_zero_to_one_is_an_error(draw: float) -> None:
    with pytest.raises(ValueError, match="not in"):
        choose(route(100), draw)


@pytest.mark.parametrize("weights", [(99,), (100, 1), (50, 51), ()])
def test_weights_that_are_not_the_whole_cannot_be_built(weights: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        route(*weights)


def test_a_version_stands_once_in_a_route() -> None:
    half = Target(version=1, weight=50, endpoint_name="v1")
    with pytest.raises(ValidationError, match="twice"):
        Route(targets=(half, half))


def test_a_route_to_one_version_gives_it_everything() -> None:
    assert choose(Route.to(3, "v3"), 0.999).version == 3
