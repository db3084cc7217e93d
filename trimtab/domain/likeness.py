"""How alike two texts are, in any language: by the threes of letters that their words have in common."""

import math
import re
import unicodedata
from collections import Counter

WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text as they are compared: no case, no marks of width or form."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def likeness(one: str, other: str) -> float:
    """Return 1 for texts of the same words in any order, 0 for texts that have nothing in common.

    The cosine of how often each three of letters occurs, a word's ends counting as letters: so "seasons" is like
    "seasonal", and no list of words or of endings is needed.
    """
    ours, theirs = _threes(one), _threes(other)
    product = sum(count * theirs[three] for three, count in ours.items())
    if not product:
        return 0.0
    return min(1.0, product / math.sqrt(_square(ours) * _square(theirs)))


def _threes(text: str) -> Counter[str]:
    padded = (f" {word} " for word in words(text))
    return Counter(word[at : at + 3] for word in padded for at in range(len(word) - 2))


def _square(counts: Counter[str]) -> int:
    return sum(count * count for count in counts.values())
