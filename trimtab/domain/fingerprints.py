"""Sixty-four bits that stand for a value, or for a row of values: equal where these are equal.

Two different rows share them by chance once in 2**64 pairs: in a batch of ten million rows with a probability under
0.000003. They are no defence against somebody who makes such rows on purpose, and need not be.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from trimtab.domain.cells import Cells

Fingerprints = NDArray[np.uint64]

ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio, as in Steele's SplitMix64
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)  # its multipliers
MISSING, WRONG = np.uint64(1), np.uint64(2)


def fingerprints(cells: Cells) -> Fingerprints:
    """Return a fingerprint of each cell; all missing cells have the same, and so have all wrong ones."""
    if cells.codes is not None:
        of_level = np.array([_of_text(level) for level in cells.levels], dtype=np.uint64)
        told = of_level[cells.codes]
    else:
        # adding zero makes 0 of -0
        numbers = np.asarray(cells.numbers) + cells.values().dtype.type(0)
        told = _mixed(numbers.view(np.uint64))
    told[cells.wrong] = WRONG
    told[cells.missing] = MISSING
    return told


def joined(parts: list[Fingerprints]) -> Fingerprints:
    """Return a fingerprint of each row, of those of its values in their order."""
    told = parts[0]
    for part in parts[1:]:
        told = _mixed(told) ^ part
    return told


def _mixed(bits: Fingerprints) -> Fingerprints:
    bits = bits + ODD
    bits = (bits ^ (bits >> np.uint64(30))) * FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * SECOND
    return bits ^ (bits >> np.uint64(31))


def _of_text(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")
