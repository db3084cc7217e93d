"""Different values of arrays. numpy's own functions for it import its masked arrays, at 0.05 s once a process."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def different(values: Integers) -> Integers:
    """Return the different values, in their order."""
    ordered = np.sort(values)
    first = np.concatenate((ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1]))
    found: Integers = ordered[first]
    return found


def union(some: Integers, more: Integers) -> Integers:
    """Return the values that are in either, in their order."""
    return different(np.concatenate((some, more)))
