"""Reads what a field is compared with, and refuses what such a field is never compared with."""

import re

from trimtab.domain.search.comparisons import Field, Kind, Value
from trimtab.domain.search.identifiers import unquoted
from trimtab.domain.search.rules import RULES, Rules, spelled
from trimtab.domain.search.tokens import Token, tokens
from trimtab.errors import InvalidInput

REGISTRY = (Kind.registered_model, Kind.model_version)
STATUSES = ("UNSPECIFIED", "PENDING", "READY", "FAILED")  # of a logged model
DIGITS = re.compile(r"-?\d{1,18}")  # what 64 bits hold, and a little less


def read_value(kind: Kind, field: Field, key: str, operator: str, token: Token) -> Value:
    """Return the value of a comparison. Raises InvalidInput with MLflow's words if it is of another type."""
    if field is Field.metric:
        return _metric(token)
    if kind is Kind.logged_model:
        return _of_logged_model(field, key, token)
    if field is Field.attribute and kind in REGISTRY:
        return _of_registry(kind, key, operator, token)
    if field is Field.attribute:
        return _of_tracking(kind, key, token)
    return _of_dataset(token) if field is Field.dataset else _of_text(field, token)


def _of_text(field: Field, token: Token) -> str:
    """Read the value of a parameter or a tag."""
    wanted = f"Expected a quoted string value for {field.value} (e.g. 'my-value')."
    return _quoted(token, f"{wanted} Got value ")


def _of_dataset(token: Token) -> Value:
    if token.kind == "list":
        return read_list(token)
    return _quoted(token, "Expected a quoted string value for dataset attributes. Got value ")


def _of_tracking(kind: Kind, key: str, token: Token) -> Value:
    """Read the value of an attribute of a run or an experiment."""
    rules = RULES[kind]
    if key in rules.numeric:
        if token.kind != "number":
            raise InvalidInput(
                f"Expected numeric value type for numeric attribute: {key}. Found {token.text}"
            )
        return _whole(key, token.text) if kind is Kind.experiment else _number(token.text)
    if token.kind == "list":
        listed = _list_of(token, key, rules)
        return tuple(map(_experiment_id, listed)) if key == "experiment_id" else listed
    text = _quoted(token, "Expected a quoted string value for attributes. Got value ")
    return _experiment_id(text) if key == "experiment_id" else text


def _of_registry(kind: Kind, key: str, operator: str, token: Token) -> Value:
    """Read the value of an attribute of a registered model or a model version."""
    rules = RULES[kind]
    if token.kind == "list":
        return _list_of(token, key, rules)
    if token.kind == "number" and kind is Kind.model_version:
        if key not in rules.numeric:
            raise InvalidInput(
                f"Only the '{spelled(rules.numeric)}' attributes support comparison with numeric values."
            )
        return _whole(key, token.text)
    words = "Expected a quoted string value or a list of quoted string values for attributes."
    text = _quoted(token, f"{words} Got value ")
    if key in rules.numeric and operator in rules.operators(Field.attribute, key):
        return _whole(key, text, quoted=True)
    return text


def _of_logged_model(field: Field, key: str, token: Token) -> Value:
    """Read the value of a logged model's field; MLflow takes text without quotes here."""
    rules = RULES[Kind.logged_model]
    if field is Field.attribute and key in rules.numeric:
        if token.kind != "number":
            raise InvalidInput(
                f"Expected numeric value type for numeric attribute: {key}. Found {token.text}"
            )
        return _number(token.text)
    value: str | tuple[str, ...] = unquoted(token.text)
    if token.kind == "list":
        value = read_list(token)
    if field is Field.attribute and key == "status":
        for status in value if isinstance(value, tuple) else (value,):
            if status not in STATUSES:
                raise InvalidInput(f"Unknown model status in filter: {value!r}")
    return value


def _list_of(token: Token, key: str, rules: Rules) -> tuple[str, ...]:
    if key not in rules.listed:
        raise InvalidInput(
            f"Only {sorted(rules.listed)} attributes support comparison with a list of quoted string values."
        )
    return read_list(token)


def read_list(token: Token) -> tuple[str, ...]:
    """Return the strings of a list. Raises InvalidInput if it holds none, or anything else."""
    inside = tokens(token.text[1:-1])
    said = "While parsing a list in the query, expected"
    if not inside:
        raise InvalidInput(f"{said} a non-empty list of string values, but got empty list")
    if any(piece.kind == "number" for piece in inside):
        raise InvalidInput(
            f"{said} string value, punctuation, or whitespace, but got different type in list: {token.text}"
        )
    if len(inside) % 2 == 0:
        *inside, last = inside  # Python's way: one comma may stand behind the last value
        inside += [] if last.text == "," else [last, last]
    strings, commas = inside[::2], inside[1::2]
    if any(piece.kind != "string" for piece in strings) or any(c.text != "," for c in commas):
        raise InvalidInput(f"{said} a non-empty list of string values, but got ill-formed list.")
    return tuple(unquoted(piece.text) for piece in strings)


def _metric(token: Token) -> float:
    if token.kind != "number":
        raise InvalidInput(f"Expected numeric value type for metric. Found {token.text}")
    return float(token.text)


def _quoted(token: Token, otherwise: str) -> str:
    if token.kind == "string":
        return unquoted(token.text)
    if token.kind == "identifier":
        raise InvalidInput(
            "Parameter value is either not quoted or unidentified quote types used for string value "
            f"{token.text}. Use either single or double quotes."
        )
    raise InvalidInput(otherwise + token.text)


def _number(text: str) -> int | float:
    return int(text) if DIGITS.fullmatch(text) else float(text)


def _whole(key: str, text: str, *, quoted: bool = False) -> int:
    if DIGITS.fullmatch(text):
        return int(text)
    told = repr(text) if quoted else text
    raise InvalidInput(f"Invalid value for numeric attribute '{key}': {told}")


def _experiment_id(text: str) -> str:
    if DIGITS.fullmatch(text):
        return str(int(text))
    raise InvalidInput(f"Invalid experiment ID '{text}'. Experiment ID must be a valid integer.")
