"""How many different values a column has, from a sketch of 1 KB (HyperLogLog) that adds up in any order."""

import hashlib
import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import StringConstraints

from trimtab.domain.base import Frozen

REGISTER_BITS = 10
REGISTERS = 1 << REGISTER_BITS  # a standard error of 1.04 / sqrt(1,024) = 3.3 %
REST_BITS = 64 - REGISTER_BITS
LEAST = 1e-10  # keeps the estimate of a sketch that is full to the brim finite
ZERO = 48  # the character of an empty register: "0"; then one character for each step
PIECE, MANY = 1 << 13, 1 << 16
LONG = 256  # bytes; longer texts are hashed one by one
MIX = (
    np.uint64(0xFF51_AFD7_ED55_8CCD),
    np.uint64(0xC4CE_B9FE_1A85_EC53),
)  # MurmurHash3's finalizer
WORD = np.uint64(
    0x9E37_79B9_7F4A_7C15
)  # 2**64 over the golden ratio, an odd number of mixed digits
HALF = np.uint64(32)

Hashes = NDArray[np.uint64]
Registers = NDArray[np.uint8]


class Sketch(Frozen):
    """The registers of a sketch, one character each."""

    registers: Annotated[str, StringConstraints(min_length=REGISTERS, max_length=REGISTERS)]

    @classmethod
    def of(cls, registers: Registers) -> "Sketch":
        """Return a sketch of these registers."""
        return cls(registers=(registers + np.uint8(ZERO)).tobytes().decode("ascii"))

    @property
    def values(self) -> Registers:
        """The registers as numbers."""
        return np.frombuffer(self.registers.encode("ascii"), dtype=np.uint8) - np.uint8(ZERO)

    @property
    def estimate(self) -> int:
        """How many different values were seen, give or take 3.3 % (one standard error)."""
        return estimate(self.values)


NO_VALUES: Registers = np.zeros(REGISTERS, dtype=np.uint8)


class DistinctCounter:
    """Takes hashes block by block."""

    def __init__(self) -> None:
        self.registers: Registers = np.zeros(REGISTERS, dtype=np.uint8)
        self._least = 0

    def add(self, hashes: Hashes) -> None:
        """Take the hashes of some values; the same value twice counts once."""
        start = 0
        while start < len(hashes):  # a piece raises what the next must exceed to matter
            size = MANY if self._least else PIECE
            self._add_piece(hashes[start : start + size])
            start += size

    def _add_piece(self, hashes: Hashes) -> None:
        rest = hashes >> np.uint64(REGISTER_BITS)
        if self._least:  # most values cannot raise any register any more
            news = rest < np.uint64(1 << (REST_BITS - self._least))
            hashes, rest = hashes[news], rest[news]
        places = (hashes & np.uint64(REGISTERS - 1)).astype(np.int64)
        # frexp counts the binary digits; without the last one 53 are left, which a float holds
        digits = np.frexp((rest & ~np.uint64(1)).astype(np.float64))[1]
        ranks = (REST_BITS + 1 - np.maximum(digits, rest.astype(np.bool_))).astype(np.uint8)
        np.maximum.at(self.registers, places, ranks)
        self._least = int(self.registers.min())

    def merge(self, registers: Registers) -> None:
        """Take another sketch's registers."""
        self.registers = np.maximum(self.registers, registers)
        self._least = int(self.registers.min())


def estimate(registers: Registers) -> int:
    """Return the number of different values (Ertl's estimator, which needs no correction at either end)."""
    counts = np.bincount(registers, minlength=REST_BITS + 2).tolist()
    size = float(REGISTERS)
    z = size * _tau(1 - counts[REST_BITS + 1] / size)
    for count in reversed(counts[1 : REST_BITS + 1]):
        z = 0.5 * (z + count)
    z += size * _sigma(counts[0] / size)
    return round(size * size / (2 * math.log(2) * max(z, LEAST)))


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x, before = x * x, z
        z, y = z + x * y, y + y
    return z


def _tau(x: float) -> float:
    if x in (0.0, 1.0):
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x, before, y = math.sqrt(x), z, 0.5 * y
        z -= (1 - x) ** 2 * y
    return z / 3


def hashes_of_keys(keys: NDArray[np.int64]) -> Hashes:
    """Return a hash of each integer."""
    return _mixed(keys.view(np.uint64) * WORD)


def hashes_of_texts(texts: Sequence[str]) -> Hashes:
    """Return a hash of each text, the same on every machine."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = np.array([len(each) for each in encoded], dtype=np.int64)
    hashes = lengths.astype(np.uint64) * WORD
    for place in np.flatnonzero(lengths > LONG).tolist():
        digest = hashlib.blake2b(encoded[place], digest_size=8).digest()
        hashes[place] = int.from_bytes(digest, "little")
        encoded[place] = b""
    lengths[lengths > LONG] = 0
    padded = np.frombuffer(b"".join(encoded) + bytes(8), dtype=np.uint8)
    words = np.lib.stride_tricks.as_strided(
        padded[:8].view(np.uint64), shape=(len(padded) - 7,), strides=(1,), writeable=False
    )
    starts = np.cumsum(lengths) - lengths
    for offset in range(0, int(lengths.max(initial=0)), 8):
        places = np.flatnonzero(lengths > offset)
        left = np.minimum(lengths[places] - offset, 8).astype(np.uint64)
        kept = ~np.uint64(0) >> (np.uint64(64) - left * np.uint64(8))
        word = words[starts[places] + offset] & kept
        hashes[places] = _mixed((hashes[places] ^ word) * WORD)
    return _mixed(hashes)


def _mixed(hashes: Hashes) -> Hashes:
    hashes = hashes ^ (hashes >> HALF)
    hashes = hashes * MIX[0]
    hashes ^= hashes >> HALF
    hashes *= MIX[1]
    hashes ^= hashes >> HALF
    return hashes
