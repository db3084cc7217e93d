"""Numbers as text that sorts as they do, for sort keys."""

import struct

SIGN = 1 << 63
ALL = (1 << 64) - 1
DIGITS = 16


def sortable(value: float) -> str:
    """Return sixteen hexadecimal digits that sort as the number does, infinities among them, NaN not."""
    # 0.0 and -0.0 are one number with two bit patterns; adding 0.0 leaves the first.
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))
    return f"{bits ^ ALL if bits & SIGN else bits | SIGN:0{DIGITS}x}"


def number(text: str) -> float:
    """Return the number that `sortable` made the text of."""
    bits = int(text, 16)
    (value,) = struct.unpack(">d", struct.pack(">Q", bits ^ SIGN if bits & SIGN else bits ^ ALL))
    return float(value)
