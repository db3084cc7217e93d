"""Cuts a filter or an order into tokens.

An identifier is one token with its dots and quotes, a list one token with its parentheses; the text of every token is
as it was written, since messages repeat it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTED = r"""'(?:''|\\'|[^'])*'|"(?:""|\\"|[^"])*\""""
NAME = r"[^\W\d]\w*|`(?:``|[^`])*`"
AFTER_DOT = rf"(?:\w+|`(?:``|[^`])*`|{QUOTED})"
IDENTIFIER = rf"(?:{NAME})(?:\s*\.\s*{AFTER_DOT})*(?:\s*\.)?"
TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<string>{QUOTED})
  | (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w))
  | (?P<null>is\s+(?:not\s+)?null\b)
  | (?P<membership>(?:not\s+)?in\b(?=\s*\())
  | (?P<operator>[<>=~!]+|(?:not\s+)?(?:like|ilike|rlike)\b(?!\s*\.))
  | (?P<operation>{IDENTIFIER}(?:[-+/*%@\#](?:{IDENTIFIER}|\w+))+)
  | (?P<identifier>{IDENTIFIER})
  | (?P<word>\w+)
  | (?P<symbol>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text."""

    kind: str  # a group of TOKEN, or "list"
    text: str

    @property
    def word(self) -> str:
        """The text in capitals with single spaces, to be compared with a keyword."""
        return " ".join(self.text.upper().split())


def tokens(text: str) -> list[Token]:
    """Return the tokens of the text, without its spaces."""
    return [token for token in _with_lists(_pieces(text)) if token.kind != "space"]


def _pieces(text: str) -> Iterator[Token]:
    for match in TOKEN.finditer(text):
        yield Token(match.lastgroup or "symbol", match.group())


def _with_lists(pieces: Iterator[Token]) -> Iterator[Token]:
    """Join what stands between parentheses; one that is never closed reaches to the end."""
    depth, held = 0, ""
    for piece in pieces:
        if piece.text == "(":
            depth += 1
        if depth == 0:
            yield piece
            continue
        held += piece.text
        if piece.text == ")":
            depth -= 1
        if depth == 0:
            yield Token("list", held)
            held = ""
    if held:
        yield Token("symbol", held)
