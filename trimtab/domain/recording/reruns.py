"""The plan of a run that runs an earlier one again: on the same bytes, on all data, in a wider sweep, or changed."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pydantic import Field, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.pipeline_parameters import DECIDED, IMAGE_URI, LEAST, MOST, SEED, SOURCE_URI
from trimtab.domain.pipeline_parameters import HYPERPARAMETER as HYPER
from trimtab.domain.plans import Plan, Purpose, Variant
from trimtab.domain.recording.recipe import Recipe
from trimtab.errors import Irreproducible

WHOLE = re.compile(r"-?\d+")
FACTOR = 2  # by which a range of positive numbers grows on either side

Parameters = Mapping[str, Any]
"""The parameters that a deployed pipeline has, with their default values."""


class Wish(Frozen):
    """How the new run is to differ from its origin; in nothing, if nothing is said."""

    full_data: bool = False  # all accepted data up to now
    dataset: PositiveInt | None = None  # or this dataset version
    wider_sweep: bool = False
    space: dict[str, tuple[float, float]] = Field(default_factory=dict)  # ranges of the sweep
    changes: dict[str, str] = Field(default_factory=dict)  # parameters

    @property
    def on_its_own_data(self) -> bool:
        """Whether the run reads the very bytes that its origin read."""
        return not self.full_data and self.dataset is None

    @property
    def purpose(self) -> Purpose:
        """Why the run differs."""
        if self.wider_sweep:
            return "wider_sweep"
        if self.changes:
            return "changed"
        return "reproduce" if self.on_its_own_data else "full_data"


def plan_of(
    run_id: str,
    recipe: Recipe,
    wish: Wish,
    has: Parameters,
    variant: Variant,
    searched: Collection[str] = (),
) -> Plan:
    """Return the plan of the run; the hyperparameters in `searched` are those that its pipeline chooses itself.

    Raises Irreproducible naming each parameter that the pipeline does not have.
    """
    given = _of_recipe(recipe, has, searched)
    given |= dict(_ranges(recipe, wish, has)) if wish.wider_sweep else {}
    given |= {_named(name, has): value for name, value in wish.changes.items()}
    pin = recipe.data if wish.on_its_own_data else None
    return Plan(
        variant=variant,
        dataset_version=pin.dataset_version if pin else wish.dataset,
        manifest_uri=pin.manifest_uri if pin else None,
        parameters=given,
        origin_run_id=run_id,
        purpose=wish.purpose,
    )


def _of_recipe(recipe: Recipe, has: Parameters, searched: Collection[str]) -> dict[str, str]:
    """The recipe as parameters of the pipeline; what it says in two ways, it says as the job was told it."""
    pinned = {f"{HYPER}{name}": value for name, value in recipe.hyperparameters.items()}
    pinned.pop(f"{HYPER}seed", None)
    if recipe.seed is not None:
        pinned[SEED] = recipe.seed
    if recipe.source is not None:
        pinned[SOURCE_URI] = recipe.source.kept_uri
    if recipe.image is not None:
        pinned[IMAGE_URI] = recipe.image
    pinned = {k: v for k, v in pinned.items() if k.removeprefix(HYPER) not in searched}
    if lacking := sorted(pinned.keys() - has.keys()):
        raise Irreproducible(
            f"the pipeline as it is deployed has no parameter {', '.join(lacking)}, which the recipe needs",
            hint="deploy the model.yaml that had it, or ask for a run without this recipe",
        )
    kept = {k: v for k, v in recipe.parameters.items() if k in has and k not in DECIDED}
    return kept | pinned


def _ranges(recipe: Recipe, wish: Wish, has: Parameters) -> Iterator[tuple[str, str]]:
    """The ends of the sweep's ranges: those that are named as they are given, else all, wider, around the recipe's."""
    for name, (least, most) in wish.space.items():
        low, high = f"{LEAST}{name}", f"{MOST}{name}"
        if low not in has or high not in has:
            raise _no_parameter(name, sorted(_ranged(has)))
        yield low, _text(least, str(has[low]))
        yield high, _text(most, str(has[high]))
    if wish.space:
        return
    for name in sorted(_ranged(has)):
        low, high = f"{LEAST}{name}", f"{MOST}{name}"
        least, most = wider(
            float(has[low]), float(has[high]), _number(recipe.hyperparameters.get(name))
        )
        yield low, _text(least, str(has[low]))
        yield high, _text(most, str(has[high]))


def wider(least: float, most: float, around: float | None) -> tuple[float, float]:
    """Return a range that is wider on either side and has the recipe's value in it.

    Positive ends stay positive; what lies between 0 and 1 may be a share, and stays there.
    """
    inside = [least, most] + ([around] if around is not None else [])
    low, high = min(inside), max(inside)
    is_share = low >= 0 and high <= 1
    if low > 0:
        low, high = low / FACTOR, high * FACTOR
    else:
        half = (high - low) / 2
        low, high = low - half, high + half
    return (max(low, 0.0), min(high, 1.0)) if is_share else (low, high)


def _named(name: str, has: Parameters) -> str:
    """Return the parameter that a person means: by its own name, or a hyperparameter by its."""
    for known in (name, f"{HYPER}{name}"):
        if known in has and known not in DECIDED:
            return known
    raise _no_parameter(name, sorted({one.removeprefix(HYPER) for one in has} - {*DECIDED}))


def _no_parameter(name: str, known: list[str]) -> Irreproducible:
    return Irreproducible(
        f"the pipeline has no parameter {name[:100]!r} that can be set so",
        hint=f"it has {', '.join(known) or 'none'}",
    )


def _ranged(has: Parameters) -> set[str]:
    """The hyperparameters that the sweep varies between two numbers."""
    return {
        name.removeprefix(LEAST)
        for name in has
        if name.startswith(LEAST) and f"{MOST}{name.removeprefix(LEAST)}" in has
    }


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _text(value: float, like: str) -> str:
    """A number as the parameter's default is written: whole where that is whole, and then at least 1 apart."""
    if WHOLE.fullmatch(like):
        return str(max(round(value), 1) if value > 0 else round(value))
    return f"{value:.10g}"
