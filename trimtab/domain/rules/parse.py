"""Reads a rule: `or` binds weakest, then `and`, `not`, comparisons, `+ -`, `* / %`, a leading `-`."""

from collections.abc import Callable, Collection

from trimtab.domain.rules.nodes import (
    Among,
    Binary,
    Call,
    Constant,
    Kind,
    Missing,
    Name,
    Node,
    Not,
    RuleError,
)
from trimtab.domain.rules.tokens import Token, tokens

LONGEST = 500  # characters of a rule; a longer one is a program
DEEPEST = 40  # levels of brackets and signs, so that no rule exhausts the stack
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


def parse(rule: str) -> Node:
    """Return what the rule says. Raises RuleError with the place where it stops making sense."""
    if len(rule) > LONGEST:
        raise RuleError(
            f"a rule has at most {LONGEST:,} characters, this one {len(rule):,}", LONGEST
        )
    return _Reader(rule).read()


class _Reader:
    def __init__(self, rule: str) -> None:
        self._tokens = list(tokens(rule))
        self._place = 0
        self._depth = 0

    def read(self) -> Node:
        node = self._any()
        if self._next.what != "end":
            raise self._unexpected("the end, or 'and', 'or' and more")
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _is(self, *texts: str) -> bool:
        return self._next.what in ("sign", "keyword") and self._next.text in texts

    def _skip(self, text: str) -> Token:
        if not self._is(text):
            raise self._unexpected(repr(text))
        return self._take()

    def _unexpected(self, expected: str) -> RuleError:
        token = self._next
        given = token.text if token.what == "end" else repr(token.text)
        return RuleError(f"expected {expected}, got {given}", token.at)

    def _any(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError(f"a rule goes at most {DEEPEST} levels deep", self._next.at)
        node = self._chain(("or",), lambda: self._chain(("and",), self._not))
        self._depth -= 1
        return node

    def _chain(self, operators: Collection[str], part: Callable[[], Node]) -> Node:
        node = part()
        while self._is(*operators):
            token = self._take()
            node = Binary(token.text, node, part(), token.at)
        return node

    def _not(self) -> Node:
        negations = []
        while self._is("not"):
            negations.append(self._take())
        node = self._comparison()
        # Two negations are none; taken in a loop, since a chain of them would be as deep as it is long.
        return Not(node, negations[0].at) if len(negations) % 2 else node

    def _comparison(self) -> Node:
        left = self._sum()
        if self._is(*COMPARISONS):
            token = self._take()
            node = Binary(token.text, left, self._sum(), token.at)
            if self._is(*COMPARISONS):
                raise RuleError(
                    "comparisons do not chain; join two of them with 'and'", self._next.at
                )
            return node
        if self._is("in", "not"):
            return self._among(left)
        return self._missing(left) if self._is("is") else left

    def _among(self, value: Node) -> Node:
        negated = self._is("not") and self._take()
        at = self._skip("in").at
        self._skip("(")
        options = [self._constant()]
        while self._is(","):
            self._take()
            options.append(self._constant())
        self._skip(")")
        node = Among(value, tuple(options), at)
        return Not(node, at) if negated else node

    def _constant(self) -> Constant:
        at, node = self._next.at, self._signed()
        if isinstance(node, Constant):
            return node
        raise RuleError("a list holds numbers and texts only", at)

    def _missing(self, value: Node) -> Node:
        at = self._skip("is").at
        negated = self._is("not") and self._take()
        self._skip("missing")
        if not isinstance(value, Name):
            raise RuleError("only a column can be missing", at)
        node = Missing(value, at)
        return Not(node, at) if negated else node

    def _sum(self) -> Node:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._signed))

    def _signed(self) -> Node:
        if not self._is("-"):
            return self._primary()
        at = self._take().at
        value = self._primary()
        if isinstance(value, Constant) and isinstance(value.value, float):
            return Constant(-value.value, value.kind, at)
        return Binary("-", Constant(0.0, Kind.number, at), value, at)

    def _primary(self) -> Node:
        if self._is("("):
            self._take()
            node = self._any()
            self._skip(")")
            return node
        if self._is("true", "false"):
            token = self._take()
            return Constant(token.text == "true", Kind.truth, token.at)
        match self._next.what:
            case "number":
                token = self._take()
                return Constant(float(token.text), Kind.number, token.at)
            case "text":
                token = self._take()
                return Constant(token.text, Kind.text, token.at)
            case "name":
                return self._name()
        raise self._unexpected("a column, a number or a text")

    def _name(self) -> Node:
        token = self._take()
        if not self._is("("):
            return Name(token.text, token.at)
        self._take()
        arguments = [] if self._is(")") else [self._any()]
        while self._is(","):
            self._take()
            arguments.append(self._any())
        self._skip(")")
        return Call(token.text, tuple(arguments), token.at)
