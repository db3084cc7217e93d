"""A Gaussian process over the points that were tried: what it expects elsewhere, and how sure it is."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6)  # over which results stay alike, as a share of a range
NOISES = (1e-4, 1e-2, 1e-1)  # of a result, as a share of the results' variance


class Surrogate:
    """Fitted to results by the largest marginal likelihood."""

    def __init__(self, places: Array, values: Array) -> None:
        """Take the places of points, a row each, and what came of them: larger is better."""
        self._places = places
        self._mean = float(values.mean())
        self._scale = float(values.std()) or 1.0
        scaled = (values - self._mean) / self._scale
        fits = [_fit(places, scaled, length, noise) for length in LENGTHS for noise in NOISES]
        _, self._length, self._factor, self._weights = max(fits, key=lambda fit: fit[0])

    def improvement(self, places: Array, best: float) -> Array:
        """Return how much more than `best` is to be expected at each place."""
        across = _alike(places, self._places, self._length)
        expected = across @ self._weights
        solved = np.linalg.solve(self._factor, across.T)
        spread = np.sqrt(np.maximum(1.0 - (solved**2).sum(axis=0), 1e-12))
        gain = expected - (best - self._mean) / self._scale
        ratio = gain / spread
        below = np.array([0.5 * math.erfc(-each / math.sqrt(2)) for each in ratio])
        density = np.exp(-0.5 * ratio**2) / math.sqrt(2 * math.pi)
        return np.asarray((gain * below + spread * density) * self._scale)


def _fit(
    places: Array, values: Array, length: float, noise: float
) -> tuple[float, float, Array, Array]:
    """The logarithm of the likelihood, the length, the Cholesky factor and the weights of the values."""
    alike = _alike(places, places, length) + noise * np.eye(len(places))
    factor = np.linalg.cholesky(alike)
    weights = np.linalg.solve(factor.T, np.linalg.solve(factor, values))
    likelihood = -0.5 * float(values @ weights) - float(np.log(np.diag(factor)).sum())
    return likelihood, length, np.asarray(factor, np.float64), np.asarray(weights, np.float64)


def _alike(one: Array, other: Array, length: float) -> Array:
    """Matérn 5/2: how alike results are, by the distance of their places."""
    ones, others = (one**2).sum(axis=1), (other**2).sum(axis=1)
    squared = ones[:, None] + others[None, :] - 2 * one @ other.T
    distance = math.sqrt(5) * np.sqrt(np.maximum(squared, 0)) / length
    return np.asarray((1 + distance + distance**2 / 3) * np.exp(-distance))
