"""Requests and answers checked against botocore's own service model, both ways."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

from local.sagemaker.errors import fault, invalid

Deferred = Callable[[Any], bool]
"""Tells a value that is only known later (a pipeline reference) from one that can be checked now."""

# Unicode classes that Python's `re` lacks, widened to the nearest thing it has.
CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": r"\u0300-\u036f",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{S}": r"\x21-\x7e\u00a1-\U0010ffff",
    r"\p{P}": r"\x21-\x7e\u00a1-\U0010ffff",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{ASCII}": r"\x00-\x7f",
    r"\p{Print}": r"\x20-\x7e",
    r"\z": r"\Z",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",  # surrogate pairs, as other languages write them
}
BARE_CLASS = re.compile(
    r"^(\\p\{\w+\})(?=[+*]$)"
)  # a pattern of one class, which needs no brackets there
REPEATED_END = re.compile(r"\$\{\d+,\d+\}$")
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "blob": (bytes, str),
    "timestamp": (int, float),
    "list": (list, tuple),
    "map": (dict,),
    "structure": (dict,),
}


@cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """Return botocore's model of the operation, or None if the service has none of this name."""
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the model's pattern for Python."""
    pattern = BARE_CLASS.sub(r"[\1]", pattern)
    for name, replacement in CLASSES.items():
        pattern = pattern.replace(name, replacement)
    # A few patterns repeat their own end (`…)${1,256}`), which Python refuses; the length limit says it too.
    pattern = REPEATED_END.sub("", pattern)
    return re.compile(pattern, re.DOTALL)


def check_request(operation: OperationModel, params: dict[str, Any]) -> None:
    """Raise ValidationException with every problem of a request."""
    if operation.input_shape is None:
        return
    found = list(problems(operation.input_shape, params))
    if found:
        raise invalid(count_and_join(found))


def check_answer(operation: OperationModel, answer: dict[str, Any]) -> None:
    """Raise InternalFailure if the service is about to answer what AWS could not have."""
    if operation.output_shape is None:
        return
    found = list(problems(operation.output_shape, answer))
    if found:
        raise fault(f"answer of {operation.name}: {count_and_join(found)}")


def count_and_join(found: list[str]) -> str:
    """Put problems in one sentence as AWS does."""
    plural = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{plural} detected: " + "; ".join(found)


def problems(
    shape: Shape, value: Any, path: str = "", deferred: Deferred = lambda _: False
) -> Iterator[str]:
    """Yield what is wrong with a value of this shape, each as a sentence with its path."""
    if deferred(value):
        return
    expected = PYTHON_TYPES[shape.type_name]
    fits = isinstance(value, expected) and not (isinstance(value, bool) and bool not in expected)
    if not fits:
        yield f"Value at '{path}' must be a {shape.type_name}, not {type(value).__name__}"
        return
    yield from _constraints(shape, value, path)
    if shape.type_name == "structure":
        yield from _members(shape, value, path, deferred)
    elif shape.type_name == "list":
        yield from _items(shape, value, path, deferred)
    elif shape.type_name == "map":
        yield from _entries(shape, value, path, deferred)


def _members(shape: Any, value: dict[str, Any], path: str, deferred: Deferred) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in value.items():
        if name not in shape.members:
            yield f"Unknown parameter '{_join(path, name)}'"
        elif member is not None:
            yield from problems(shape.members[name], member, _join(path, name), deferred)


def _items(shape: Any, value: list[Any], path: str, deferred: Deferred) -> Iterator[str]:
    for index, item in enumerate(value):
        yield from problems(shape.member, item, f"{path}.{index + 1}.member", deferred)


def _entries(shape: Any, value: dict[str, Any], path: str, deferred: Deferred) -> Iterator[str]:
    for key, item in value.items():
        yield from problems(shape.key, key, f"{path}.key")
        yield from problems(shape.value, item, f"{path}.{key}", deferred)


def _constraints(shape: Shape, value: Any, path: str) -> Iterator[str]:
    limits = shape.metadata
    sized = isinstance(value, (str, list, tuple, dict, bytes))
    size = len(value) if sized else value
    what = "have length" if sized else "have value"
    if "min" in limits and size < limits["min"]:
        yield _broken(value, path, f"{what} greater than or equal to {limits['min']}")
    if "max" in limits and size > limits["max"]:
        yield _broken(value, path, f"{what} less than or equal to {limits['max']}")
    if not isinstance(value, str):
        return
    if (allowed := limits.get("enum")) and value not in allowed:
        yield _broken(value, path, f"satisfy enum value set: [{', '.join(allowed)}]")
    if (pattern := limits.get("pattern")) and not compiled(pattern).fullmatch(value):
        yield _broken(value, path, f"satisfy regular expression pattern: {pattern}")


def _broken(value: Any, path: str, rule: str) -> str:
    return (
        f"Value '{str(value)[:200]}' at '{path}' failed to satisfy constraint: Member must {rule}"
    )


def _join(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name
