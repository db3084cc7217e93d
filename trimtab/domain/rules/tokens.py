"""Cuts a rule's text into words, numbers, texts and signs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from trimtab.domain.rules.nodes import RuleError

TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<quoted>`[^`]+`)"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<sign>==|!=|<=|>=|[-+*/%<>(),])"
    r"|(?P<end>$))"
)
KEYWORDS = frozenset("and or not in is missing true false".split())
MEANT = {"=": "==", "&": "and", "|": "or", "!": "not", "^": "*"}

What = Literal["number", "name", "text", "sign", "keyword", "end"]


@dataclass(frozen=True)
class Token:
    """A piece of a rule."""

    what: What
    text: str  # without quotes
    at: int


def tokens(rule: str) -> Iterator[Token]:
    """Give the pieces of a rule, and its end. Raises RuleError at a character that starts none."""
    place = 0
    while True:
        found = TOKEN.match(rule, place)
        if found is None or found.lastgroup is None:
            at = place + len(rule[place:]) - len(rule[place:].lstrip())
            sign = rule[at]
            meant = f"; did you mean {MEANT[sign]!r}?" if sign in MEANT else ""
            raise RuleError(f"{sign!r} means nothing here{meant}", at + 1)
        group, text = found.lastgroup, found[found.lastgroup]
        yield _token(group, text, found.start(group) + 1)
        if group == "end":
            return
        place = found.end()


def _token(group: str, text: str, at: int) -> Token:
    match group:
        case "word":
            return Token("keyword" if text in KEYWORDS else "name", text, at)
        case "quoted":
            return Token("name", text[1:-1], at)
        case "text":
            return Token("text", text[1:-1], at)
        case "number":
            return Token("number", text, at)
        case "sign":
            return Token("sign", text, at)
        case _:
            return Token("end", "the end", at)
