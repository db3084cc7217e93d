"""Reads what a comparison or an order names: the kind of field, and its key."""

from trimtab.domain.search.comparisons import Field, Kind
from trimtab.domain.search.rules import DATASET_KEYS, RULES, spelled
from trimtab.errors import InvalidInput

QUOTES = "'\"`"


def read_identifier(text: str, kind: Kind, attributes: frozenset[str]) -> tuple[Field, str]:
    """Return field and key of an identifier. Raises InvalidInput if the kind has no such field."""
    rules = RULES[kind]
    before, dot, after = text.partition(".")
    if not dot:
        field, key = Field.attribute, unquoted(text)
    else:
        prefix = unquoted(before.strip())
        if prefix not in rules.prefixes:
            raise InvalidInput(rules.no_prefix(prefix))
        field, key = rules.prefixes[prefix], unquoted(after.strip())
    if field is Field.attribute:
        if key not in attributes:
            raise InvalidInput(
                f"Invalid attribute key '{key}' specified. Valid keys are '{spelled(attributes)}'"
            )
        return field, rules.aliases.get(key, key)
    if field is Field.dataset and key not in DATASET_KEYS:
        raise InvalidInput(
            f"Invalid dataset key '{key}' specified. Valid keys are '{spelled(DATASET_KEYS)}'"
        )
    return field, key


def unquoted(text: str) -> str:
    """Return the text without the quotes that it is wholly in, if it is."""
    quoted = len(text) >= 2 and text[0] in QUOTES and text[-1] == text[0]  # noqa: PLR2004 (a pair)
    return text[1:-1] if quoted else text
