"""What pydantic found wrong in a model spec, said with line, field and what was expected."""

from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipelines.located_yaml import Located, Mistake, Place, closest, dotted
from trimtab.domain.model import ModelSpec

DAY = "a day such as '2026-01-31', in quotes"
EXPECTED = {
    "string_type": "text (in quotes if it looks like a number, a date or yes/no)",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "fields, one `name: value` a line",
    "model_type": "fields, one `name: value` a line",
    "tuple_type": "a list",
    "list_type": "a list",
    "date_type": DAY,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "date_from_datetime_inexact": DAY,
}
COMPARED = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}
PATTERNS = {
    "instance_type": "a machine of SageMaker, such as 'ml.m5.large'",
    "image": "an image in Amazon ECR with its tag or digest, such as"
    " '123456789012.dkr.ecr.eu-west-1.amazonaws.com/ours:1.4'",
}
WORDS_JOINED = "lower-case words of letters and digits joined by hyphens"
NAMING_COLUMNS = (
    ("data", "target"),
    ("data", "time_column"),
    ("data", "entity_key"),
    ("contract", "key"),
    ("contract", "times", "column"),
)  # places whose value is the name of a column
WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list",
}


def mistakes_of(error: ValidationError, document: Located) -> list[Mistake]:
    """Return one mistake per wrong value, in the order of their lines."""
    grouped: dict[Place, list[ErrorDetails]] = {}
    for detail in _single(error.errors(include_url=False)):
        grouped.setdefault(_place(detail, document), []).append(detail)
    misspelt = {
        (*place[:-1], guess)
        for place, details in grouped.items()
        if details[0]["type"] == "extra_forbidden" and (guess := _guess(place))
    }
    return [
        Mistake(document.line(place), dotted(place), _message(place, details, document))
        for place, details in grouped.items()
        if not (details[0]["type"] == "missing" and place in misspelt)
    ]


def _single(details: Iterable[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Give each mistake by itself: a contract or a sweep tells all of its own at once, with their places below it."""
    for detail in details:
        if "mistakes" not in detail.get("ctx", {}):
            yield detail
            continue
        for below, message in detail["ctx"]["mistakes"]:
            yield {**detail, "loc": (*detail["loc"], *below), "msg": message}


def fields_at(place: Place) -> Mapping[str, Any] | None:
    """Return the fields, by name, of the model that stands at a place of a spec; None if none does."""
    model = _type_at(place)
    return model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else None


def _place(detail: ErrorDetails, document: Located) -> Place:
    """Where the error belongs. pydantic adds the tried member of a union: that is no place."""
    place: Place = detail["loc"]
    named = tuple(detail["msg"].removeprefix("Value error, ").partition(" ")[0].split("."))
    if not place and len(named) > 1 and _type_at(named) is not None:
        return named  # a rule over the whole spec begins its sentence with the field
    return place if detail["type"] == "missing" else document.nearest(place)


def _guess(place: Place) -> str | None:
    return closest(str(place[-1]), list(fields_at(place[:-1]) or ()))


def _message(place: Place, details: Iterable[ErrorDetails], document: Located) -> str:
    first, *others = details
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        return _no_such_field(place)
    if kind == "missing":
        return f"missing; expected {_described(_type_at(place))}"
    if kind in ("literal_error", "enum"):
        return _not_one_of(first["input"], str(context["expected"]))
    if kind in COMPARED:
        limit, sign = COMPARED[kind]
        return f"expected a number {sign} {context[limit]}, got {first['input']!r}"
    if kind in EXPECTED:
        wanted = dict.fromkeys(EXPECTED.get(each["type"], each["msg"]) for each in (first, *others))
        return f"expected {' or '.join(wanted)}, got {_shown(first['input'])}"
    return _other(place, first) + _column_meant(place, document)


def _column_meant(place: Place, document: Located) -> str:
    """Name the column of the contract that a wrong name of one resembles."""
    if not any(place[: len(role)] == role for role in NAMING_COLUMNS):
        return ""
    given: Any = document.value
    for part in place:
        given = given[part]
    columns = document.value.get("contract", {}).get("columns", {})
    guess = None if given in columns else closest(str(given), list(columns))
    return f"; did you mean {guess!r}?" if guess else ""


def _no_such_field(place: Place) -> str:
    if guess := _guess(place):
        return f"no such field; did you mean {guess!r}?"
    fields = ", ".join(fields_at(place[:-1]) or ())
    return f"no such field; the fields here are {fields}"


def _not_one_of(given: Any, expected: str) -> str:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    guess = closest(str(given), words)
    meant = f"; did you mean {guess!r}?" if guess else ""
    return f"expected {expected}, got {given!r}{meant}"


def _other(place: Place, detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "string_pattern_mismatch":
            meant = PATTERNS.get(str(place[-1]), WORDS_JOINED)
            return f"expected {meant}, got {detail['input']!r}"
        case "string_too_long":
            return (
                f"expected at most {context['max_length']} characters, got {len(detail['input'])}"
            )
        case "too_long":
            return (
                f"expected at most {context['max_length']} of them, got {context['actual_length']}"
            )
        case "too_short" | "string_too_short":
            return "must not be empty"
        case _:
            return detail["msg"].removeprefix("Value error, ").removeprefix(f"{dotted(place)} ")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "fields"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else repr(value)


def _type_at(place: Place) -> Any:
    """Return the declared type of the value at a place of a spec; None where there is none."""
    current: Any = ModelSpec
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            declared = current.model_fields.get(str(part))
            current = _bare(declared.annotation) if declared else None
        else:
            arguments = get_args(current)
            current = _bare(arguments[1]) if get_origin(current) is dict else None
    return current


def _bare(annotation: Any) -> Any:
    """Strip Annotated and Optional."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        members = [each for each in get_args(annotation) if each is not type(None)]
        return _bare(members[0]) if len(members) == 1 else annotation
    return annotation


def _described(declared: Any) -> str:
    """Say what a value of the declared type looks like."""
    if isinstance(declared, type):
        if issubclass(declared, BaseModel):
            return f"the fields {', '.join(declared.model_fields)}"
        if options := getattr(declared, "__members__", None):
            return " or ".join(repr(option) for option in options)
        return WORDS.get(declared.__name__, declared.__name__)
    return "fields, one `name: value` a line" if get_origin(declared) is dict else "a value"
