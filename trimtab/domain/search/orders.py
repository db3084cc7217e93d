"""Reads the orders of a search: fields with ASC or DESC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.domain.search.comparisons import Field, Kind
from trimtab.domain.search.filters import LENGTH_MOST
from trimtab.domain.search.identifiers import read_identifier, unquoted
from trimtab.domain.search.rules import RULES, spelled
from trimtab.domain.search.tokens import tokens
from trimtab.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order in which found entities come."""

    field: Field
    key: str
    ascending: bool = True
    dataset_name: str | None = None  # of a logged model's metric: measured on this dataset
    dataset_digest: str | None = None


def parse_orders(clauses: Sequence[str] | None, kind: Kind) -> tuple[Order, ...]:
    """Return the orders of a search, complete with those that break ties. Raises InvalidInput, in MLflow's words."""
    rules = RULES[kind]
    if not clauses and rules.default_order:
        return tuple(Order(Field.attribute, key, up) for key, up in rules.default_order)
    orders = [_order(clause, kind) for clause in clauses or ()]
    return _without_ties(orders, kind, list(clauses or ()))


def parse_logged_model_orders(clauses: Sequence[Mapping[str, Any]] | None) -> tuple[Order, ...]:
    """Return the orders of a search of logged models, which come as objects. Raises InvalidInput."""
    orders = [_logged_model_order(clause) for clause in clauses or ()]
    return _without_ties(orders, Kind.logged_model, [dict(one) for one in clauses or ()])


def _without_ties(orders: list[Order], kind: Kind, asked: list[Any]) -> tuple[Order, ...]:
    told = [(one.field, one.key, one.dataset_name, one.dataset_digest) for one in orders]
    if len(set(told)) < len(told):
        raise InvalidInput(f"`order_by` contains duplicate fields: {asked}")
    named = {one.key for one in orders if one.field is Field.attribute}
    ties = [
        Order(Field.attribute, key, up) for key, up in RULES[kind].tie_breakers if key not in named
    ]
    return (*orders, *ties)


def _order(clause: str, kind: Kind) -> Order:
    unreadable = InvalidInput(f"Invalid order_by clause '{clause[:200]}'. Could not be parsed.")
    pieces = tokens(clause) if len(clause) <= LENGTH_MOST else []
    if not 1 <= len(pieces) <= 2 or pieces[0].kind != "identifier":  # noqa: PLR2004 (a field, a direction)
        raise unreadable
    if pieces[0].word in ("ASC", "DESC"):
        raise unreadable
    direction = pieces[1].word if pieces[1:] else "ASC"
    if direction not in ("ASC", "DESC"):
        if pieces[1].kind != "identifier":
            raise unreadable
        raise InvalidInput(f"Invalid ordering key in order_by clause '{clause}'.")
    field, key = _field(pieces[0].text, kind)
    return Order(field, key, direction == "ASC")


def _field(text: str, kind: Kind) -> tuple[Field, str]:
    rules = RULES[kind]
    if kind is Kind.registered_model:
        if unquoted(text) not in rules.sortable:
            shown = spelled({"name", "timestamp"})
            raise InvalidInput(f"Invalid order by key '{text}' specified. Valid keys are '{shown}'")
        return Field.attribute, rules.aliases.get(unquoted(text), unquoted(text))
    field, key = read_identifier(text, kind, rules.sortable)
    if kind is not Kind.run and field is not Field.attribute:
        raise InvalidInput(f"Invalid order_by entity: {field.value}")
    if field is Field.dataset:
        raise InvalidInput("Invalid identifier type 'dataset'")
    return field, key


def _logged_model_order(clause: Mapping[str, Any]) -> Order:
    name = clause.get("field_name")
    if not isinstance(name, str) or not name:
        raise InvalidInput("`field_name` in the `order_by` clause must be specified.")
    ascending = clause.get("ascending", True)
    if not isinstance(ascending, bool):
        raise InvalidInput(
            "Value of `ascending` in the `order_by` clause must be a boolean, got "
            f"{type(ascending)} for field {name}."
        )
    dataset, digest = clause.get("dataset_name") or None, clause.get("dataset_digest") or None
    if digest and not dataset:
        raise InvalidInput(
            "`dataset_digest` can only be specified if `dataset_name` is also specified."
        )
    prefix, dot, key = name.partition(".")
    if dot:
        if prefix != "metrics":
            raise InvalidInput(
                f"Invalid order by field name: {prefix}, only `metrics.<name>` is allowed."
            )
        return Order(Field.metric, unquoted(key), ascending, dataset, digest)
    rules, plain = RULES[Kind.logged_model], name.strip()
    if plain not in rules.sortable:
        raise InvalidInput(f"Invalid order by field name: {plain}.")
    return Order(Field.attribute, rules.aliases.get(plain, plain), ascending, dataset, digest)
