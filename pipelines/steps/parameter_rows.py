"""What hyperparameters ask of the rows: a parameter that the rows cannot serve is refused before it is paid for."""

from dataclasses import dataclass
from typing import Any

LEAF = ("min_samples_leaf", "min_child_samples", "min_data_in_leaf")
WHOLE = ("min_samples_split", "n_neighbors", "k_neighbors", "batch_size", "minibatch_size")
FOLDS = ("n_splits", "n_folds", "nfold", "folds", "cv")


@dataclass(frozen=True)
class Need:
    """The rows that one parameter asks for."""

    parameter: str
    value: int
    rows: int
    why: str
    of_each_class: bool = False  # so many rows of the rarer class, where there are classes


def needs(hyperparameters: dict[str, Any]) -> list[Need]:
    """Return what each parameter of a known meaning asks for; shares of the rows ask for nothing."""
    found = []
    for name, value in hyperparameters.items():
        if isinstance(value, bool) or not isinstance(value, int):
            continue
        meaning = name.replace("-", "_").lower()
        if meaning in LEAF:
            found.append(Need(name, value, 2 * value, "a split leaves so many on each side"))
        elif meaning in WHOLE:
            found.append(Need(name, value, value, "it takes so many at once"))
        elif meaning in FOLDS:
            found.append(Need(name, value, value, "each fold needs some", of_each_class=True))
    return found
