"""The recipe of a run: everything that a rerun must have again to be the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.plans import Variant

GIVEN_BY_REQUEST = ("RequestId", "ChampionVersion", "ChampionModelUri")
"""Parameters that say for whom the pipeline runs and whom it compares with, not what it trains."""


class CodeFacts(Frozen):
    """What git said of the packed code when it was deployed; all None where there was no git."""

    commit: str | None = None  # the last that changed the packed code
    branch: str | None = None
    dirty: bool | None = None  # whether the packed code differed from that commit
    diff: str = ""  # by what


class DataPin(Frozen):
    """The rows that were trained on, pinned by their manifest."""

    manifest_uri: str
    digest: str  # over the batches: key, object version, bytes
    dataset_version: PositiveInt | None = None
    rows: int
    batches: int


class Environment(Frozen):
    """What the container had installed."""

    python: str
    packages: dict[str, str] = Field(default_factory=dict)


class Package(Frozen):
    """A packed archive of code: where it was, where it is kept for good, and the SHA-256 of its bytes."""

    uri: str
    kept_uri: str
    sha256: str


class Recipe(Frozen):
    """All that made a model; parts that were not known when the run ended are None."""

    model: str
    variant: Variant
    source: Package | None  # the model's code
    steps: Package | None  # the code of prepare, check and evaluate
    code: CodeFacts = CodeFacts.model_construct()
    image: str | None
    data: DataPin | None
    parameters: dict[str, str]  # of the pipeline, defaults included
    hyperparameters: dict[str, str]
    seed: str | None
    environment: Environment | None = None

    @property
    def own_parameters(self) -> dict[str, str]:
        """The pipeline's parameters without those that each request gives anew."""
        return {k: v for k, v in self.parameters.items() if k not in GIVEN_BY_REQUEST}


class Difference(Frozen):
    """One thing in which two recipes differ."""

    what: str  # code, steps, image, data, parameter <name>, package <name>, python
    before: str | None
    after: str | None

    def sentence(self) -> str:
        """Say it in a few words."""
        return f"{self.what} {self.before or 'none'} → {self.after or 'none'}"


def environment_of(report: Mapping[str, Any] | None) -> Environment | None:
    """Return the environment that an evaluation's report tells, or None if it tells none."""
    told = (report or {}).get("environment")
    if not isinstance(told, Mapping) or not isinstance(told.get("python"), str):
        return None
    packages = told.get("packages")
    listed = packages if isinstance(packages, Mapping) else {}
    return Environment(python=told["python"], packages={k: str(v) for k, v in listed.items()})


def of_trial(sweep: Recipe, tuned: Mapping[str, str]) -> Recipe:
    """Return the recipe that trains once what a trial of a sweep trained; `tuned` are the trial's parameters."""
    hyperparameters = dict(tuned)
    seed = hyperparameters.get("seed", sweep.seed)
    return sweep.model_copy(
        update={"variant": "train", "hyperparameters": hyperparameters, "seed": seed}
    )


def differences(before: Recipe, after: Recipe) -> tuple[Difference, ...]:
    """Return in what a rerun's recipe differs from the recipe that was rerun; what is not known of one is left out."""
    return tuple(_compared(before, after))


def _compared(before: Recipe, after: Recipe) -> Iterator[Difference]:
    yield from _differs("code", _digest(before.source), _digest(after.source))
    yield from _differs("steps", _digest(before.steps), _digest(after.steps))
    yield from _differs("image", before.image, after.image)
    yield from _differs("data", _data(before.data), _data(after.data))
    yield from _differs("seed", before.seed, after.seed)
    one, other = before.hyperparameters, after.hyperparameters
    for name in sorted({*one, *other} - {"seed"}):
        yield from _changed(f"parameter {name}", one.get(name), other.get(name))
    yield from _environments(before.environment, after.environment)


def _environments(before: Environment | None, after: Environment | None) -> Iterator[Difference]:
    if before is None or after is None:
        return
    yield from _changed("python", before.python, after.python)
    for name in sorted({*before.packages, *after.packages}):
        one, other = before.packages.get(name), after.packages.get(name)
        yield from _changed(f"package {name}", one, other)


def _differs(what: str, before: str | None, after: str | None) -> Iterator[Difference]:
    """Tell of a difference between two things that are both known."""
    if before is not None and after is not None:
        yield from _changed(what, before, after)


def _changed(what: str, before: str | None, after: str | None) -> Iterator[Difference]:
    if before != after:
        yield Difference(what=what, before=before, after=after)


def _digest(package: Package | None) -> str | None:
    return None if package is None else package.sha256[:12]


def _data(pin: DataPin | None) -> str | None:
    if pin is None:
        return None
    return f"dataset {pin.dataset_version or '?'}, {pin.rows:,} rows, digest {pin.digest[:12]}"
