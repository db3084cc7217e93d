"""Turns: a client that numbers its requests is heard in order, and each of them once, however often it comes."""

from typing import NamedTuple


class Turn(NamedTuple):
    """One request of a client that counts: each has a higher number than the one before."""

    client: str
    number: int


def turn_of(request_key: str | None) -> Turn | None:
    """Return the turn that a request key names, `<client>:<number>`; None for a key of any other form."""
    client, _, number = (request_key or "").rpartition(":")
    is_turn = client and number.isascii() and number.isdecimal()
    return Turn(client, int(number)) if is_turn else None
