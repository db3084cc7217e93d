"""Reads a filter: comparisons joined by AND."""

from trimtab.domain.search.comparisons import Comparison, Field, Kind, Value
from trimtab.domain.search.identifiers import read_identifier
from trimtab.domain.search.rules import RULES
from trimtab.domain.search.tokens import Token, tokens
from trimtab.domain.search.values import REGISTRY, read_value
from trimtab.errors import InvalidInput

LENGTH_MOST = 8_000  # characters; a list of two hundred run ids has this many
LEFT = ("identifier", "operation", "string", "number", "list")
RIGHT = (*LEFT, "word")
LOGGED_MODEL_EXAMPLE = "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01')"


def parse_filter(text: str | None, kind: Kind) -> tuple[Comparison, ...]:
    """Return the comparisons of a filter; none for an empty one. Raises InvalidInput, in MLflow's words.

    MLflow takes comparisons also with no AND, or with several, between them; so does this.
    """
    if not text:
        return ()
    if len(text) > LENGTH_MOST:
        raise InvalidInput(
            f"Invalid filter: it has {len(text):,} characters, and a filter may have {LENGTH_MOST:,} at most",
            hint="search for less at once",
        )
    pieces = tokens(text)
    if not pieces:
        raise InvalidInput(_unreadable(text, kind))
    if any(piece.text == ";" for piece in pieces[:-1]):
        raise InvalidInput(
            f"Search filter contained multiple expression {text!r}. Provide AND-ed expression list."
        )
    clauses, left_over = _clauses(pieces)
    if left_over:
        raise InvalidInput(_left_over(left_over, text, kind))
    comparisons = [_comparison(clause, kind) for clause in clauses]
    for comparison in comparisons:
        _insist_on_operator(comparison, kind)
    return tuple(comparisons)


def _clauses(pieces: list[Token]) -> tuple[list[list[Token]], list[Token]]:
    """Return the comparisons' tokens, and the tokens that belong to none."""
    clauses: list[list[Token]] = []
    left_over: list[Token] = []
    at = 0
    while at < len(pieces):
        size = _clause_size(pieces[at : at + 3])
        if size:
            clauses.append(pieces[at : at + size])
        elif pieces[at].word != "AND":
            left_over.append(pieces[at])
        at += size or 1
    return clauses, left_over


def _clause_size(pieces: list[Token]) -> int:
    """How many of the next tokens make a comparison; 0 if they make none."""
    kinds = [piece.kind for piece in pieces]
    if pieces[0].word == "AND" or kinds[0] not in LEFT:
        return 0
    if kinds[1:2] == ["null"]:
        return 2
    if kinds[1:] == ["membership", "list"]:
        return 3
    return 3 if kinds[1:2] == ["operator"] and kinds[2:] and kinds[2] in RIGHT else 0


def _comparison(clause: list[Token], kind: Kind) -> Comparison:
    left, operator = clause[0], clause[1].word
    if left.kind != "identifier":
        raise InvalidInput(
            f"Invalid comparison clause. Expected 'Identifier' found '{left.text}'",
            hint="put a key that holds other characters than letters, digits, _ and . into backticks",
        )
    rules = RULES[kind]
    field, key = read_identifier(left.text, kind, rules.attributes)
    if len(clause) == 2:  # noqa: PLR2004 (IS NULL has no value)
        _insist_on_null(field, key, kind)
        return Comparison(field, key, operator, None)
    if kind is Kind.logged_model:
        _insist_on_operator(Comparison(field, key, operator, None), kind)
    value: Value = read_value(kind, field, key, operator, clause[2])
    if isinstance(value, tuple) and not operator.endswith("IN"):
        raise InvalidInput(f"Invalid comparator '{operator}' for a list: use IN or NOT IN")
    return Comparison(field, key, operator, value)


def _insist_on_null(field: Field, key: str, kind: Kind) -> None:
    if kind in REGISTRY:
        told = kind.value.replace("_", " ")
        raise InvalidInput(f"IS NULL / IS NOT NULL is not supported for {told} search.")
    if kind is Kind.experiment and field is not Field.tag:
        raise InvalidInput(
            f"IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'"
        )
    if kind is Kind.run and field not in (Field.tag, Field.parameter):
        raise InvalidInput(
            f"IS NULL / IS NOT NULL is only supported for tags and params, not for '{field.value}' '{key}'"
        )


def _insist_on_operator(comparison: Comparison, kind: Kind) -> None:
    rules = RULES[kind]
    allowed = rules.operators(comparison.field, comparison.key)
    if comparison.operator not in allowed:
        said = rules.no_operator(comparison.field, comparison.key, comparison.operator, allowed)
        raise InvalidInput(said)


def _unreadable(text: str, kind: Kind) -> str:
    if kind is Kind.logged_model:
        return f"Invalid filter string: {text!r}. Expected a single SQL expression."
    return f"Invalid filter '{text}'. Could not be parsed."


def _left_over(pieces: list[Token], text: str, kind: Kind) -> str:
    if kind is Kind.logged_model:
        return (
            f"Invalid filter string: {text!r}. Expected a list of comparisons separated by 'AND' "
            f"{LOGGED_MODEL_EXAMPLE}."
        )
    quote = "'" if kind is Kind.run else ""
    told = ", ".join(f"{quote}{piece.text}{quote}" for piece in pieces)
    return f"Invalid clause(s) in filter string: {told}"
