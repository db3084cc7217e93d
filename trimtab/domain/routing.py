"""The route: which versions answer a model's requests, each with its share of them."""

from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from trimtab.domain.base import Frozen

WHOLE = 100  # weights are per cent


class Target(Frozen):
    """One version that answers, at its own endpoint."""

    version: PositiveInt
    weight: Annotated[int, Field(ge=0, le=WHOLE)]  # per cent of the requests
    endpoint_name: Annotated[str, Field(min_length=1, max_length=63)]


class Route(Frozen):
    """Every request of a model goes to one of these targets."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole_and_without_repeats(self) -> Self:
        total = sum(target.weight for target in self.targets)
        if total != WHOLE:
            raise ValueError(f"the weights of a route sum to {total}, not to {WHOLE}")
        if len({target.version for target in self.targets}) != len(self.targets):
            raise ValueError("a version stands twice in one route")
        return self

    @classmethod
    def to(cls, version: int, endpoint_name: str) -> "Route":
        """Return the route that sends everything to one version."""
        return cls(targets=(Target(version=version, weight=WHOLE, endpoint_name=endpoint_name),))


def choose(route: Route, draw: float) -> Target:
    """Return the target of the request that drew `draw`, a number from 0 up to but not including 1."""
    if not 0 <= draw < 1:
        raise ValueError(f"draw {draw} is not in [0, 1)")
    passed = 0
    for target in route.targets[:-1]:
        passed += target.weight
        if draw * WHOLE < passed:
            return target
    return route.targets[-1]
