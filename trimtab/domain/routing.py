"""The route: which versions answer a model's requests, each with its share of them.

Who is answered by which version is drawn from a hash of the request's key and the version, by weighted rendezvous: each
version runs against all others for every key, the heavier the faster. So the same key is answered by the same version
as long as the weights stay; when they change, keys leave a version only for one that has gained on it, as many as its
gain says; and a new challenger is tried on mostly other keys than the last one was.
"""

import math
from hashlib import blake2b
from typing import Annotated, Self

from pydantic import Field, PositiveInt, model_validator

from trimtab.domain.base import Frozen

WHOLE = 100  # weights are per cent
DRAWN = 52  # bits of a draw: with one half added they fit a float's 53, so no draw is 0 or 1


class Target(Frozen):
    """One version that answers, at its own endpoint."""

    version: PositiveInt
    weight: Annotated[int, Field(ge=0, le=WHOLE)]  # per cent of the requests
    endpoint_name: Annotated[str, Field(min_length=1, max_length=63)]


class Route(Frozen):
    """Every request of a model goes to one of these targets."""

    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    slow_ms: PositiveInt | None = (
        None  # answers that take longer are counted, while versions are compared
    )
    fallback: Target | None = None  # the version before: answers where the champion cannot

    @model_validator(mode="after")
    def _whole_and_without_repeats(self) -> Self:
        total = sum(target.weight for target in self.targets)
        if total != WHOLE:
            raise ValueError(f"the weights of a route sum to {total}, not to {WHOLE}")
        if len({target.version for target in self.targets}) != len(self.targets):
            raise ValueError("a version stands twice in one route")
        return self

    @classmethod
    def to(cls, version: int, endpoint_name: str, fallback: Target | None = None) -> "Route":
        """Return the route that sends everything to one version."""
        target = Target(version=version, weight=WHOLE, endpoint_name=endpoint_name)
        return cls(targets=(target,), fallback=fallback)

    @property
    def is_split(self) -> bool:
        """Whether more than one version answers."""
        return sum(target.weight > 0 for target in self.targets) > 1

    def with_challenger(self, challenger: Target, slow_ms: int) -> "Route":
        """Return the route on which the challenger takes its weight from the one version that answers beside it."""
        champions = [one for one in self.targets if one.version != challenger.version]
        left = champions[0].model_copy(update={"weight": WHOLE - challenger.weight})
        return Route(targets=(left, challenger), slow_ms=slow_ms, fallback=self.fallback)

    def without_challenger(self, version: int) -> "Route | None":
        """Return the route on which the version beside this one answers everything, or None if there is none."""
        left = next((one for one in self.targets if one.version != version), None)
        return Route.to(left.version, left.endpoint_name, self.fallback) if left else None

    def as_fallback(self) -> Target:
        """Return the champion of this route as the one that answers where the next champion does not."""
        return self.targets[0].model_copy(update={"weight": 0})

    def instead_of(self, target: Target) -> Target | None:
        """Return who answers where the target's endpoint takes no requests: for a challenger, the champion."""
        champion = self.targets[0]
        return self.fallback if target.version == champion.version else champion


def choose(route: Route, model: str, key: str) -> Target:
    """Return the target that answers requests of `key`: an entity of the model, or one request's own id."""
    running = [target for target in route.targets if target.weight]
    if len(running) == 1:
        return running[0]
    return min(running, key=lambda target: _arrival(target, model, key))


def _arrival(target: Target, model: str, key: str) -> float:
    """When the target arrives: exponentially distributed with its weight as rate, so it is first with that share."""
    name = f"{model}/{target.version}/{key}".encode(errors="surrogatepass")
    drawn = int.from_bytes(blake2b(name, digest_size=8).digest()) >> (64 - DRAWN)
    return -math.log((drawn + 0.5) / 2**DRAWN) / target.weight
