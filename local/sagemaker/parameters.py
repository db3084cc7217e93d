"""Parameters of a pipeline: declared in the definition, given as text when an execution starts."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from local.sagemaker.errors import invalid
from local.sagemaker.store import Record

NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
MOST = 200
BOOLEANS = {"true": True, "false": False}
READERS: dict[str, Callable[[str], Any]] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": lambda value: BOOLEANS[value.lower()],
}
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
}


def check_parameters(declared: Any) -> tuple[Record, ...]:
    """Return the declarations. Raises ValidationException unless every one is sound."""
    if not isinstance(declared, list):
        raise invalid("Unable to parse pipeline definition: Parameters must be a list")
    if len(declared) > MOST:
        raise invalid(f"A pipeline has at most {MOST} parameters, not {len(declared)}")
    seen: set[str] = set()
    for parameter in declared:
        if not isinstance(parameter, dict):
            raise invalid(f"Unable to parse pipeline definition: not a parameter: {parameter!r}")
        _check(parameter, seen)
        seen.add(parameter["Name"])
    return tuple(declared)


def take(declared: Iterable[Record], given: list[Record]) -> Record:
    """Return the value of every parameter. Raises ValidationException for what is unknown or missing."""
    texts = {item["Name"]: item["Value"] for item in given}
    declared = list(declared)
    known = {parameter["Name"] for parameter in declared}
    for name in texts:
        if name not in known:
            raise invalid(
                f"Unknown parameter '{name}': the pipeline has {', '.join(sorted(known)) or 'none'}"
            )
    return {parameter["Name"]: _value(parameter, texts) for parameter in declared}


def _value(parameter: Record, texts: dict[str, str]) -> Any:
    name, kind = parameter["Name"], parameter["Type"]
    if name not in texts:
        if parameter.get("DefaultValue") is None:
            raise invalid(f"Parameter '{name}' has no default value and none was given")
        return parameter["DefaultValue"]
    try:
        value = READERS[kind](texts[name])
    except (ValueError, KeyError):
        raise invalid(f"Parameter '{name}': '{texts[name]}' is not of type {kind}") from None
    _check_allowed(name, value, parameter.get("EnumValues"))
    return value


def _check(parameter: Record, seen: set[str]) -> None:
    name, kind = str(parameter.get("Name", "")), parameter.get("Type")
    if not NAME.fullmatch(name):
        raise invalid(f"Parameter name '{name}' must match {NAME.pattern}")
    if name in seen:
        raise invalid(f"Duplicate parameter name '{name}'")
    if not isinstance(kind, str) or kind not in READERS:
        raise invalid(f"Parameter '{name}': unknown type '{kind}'; use one of {', '.join(READERS)}")
    if (default := parameter.get("DefaultValue")) is not None:
        _check_default(name, kind, default, parameter.get("EnumValues"))


def _check_default(name: str, kind: str, value: Any, allowed: list[Any] | None) -> None:
    wrong_bool = isinstance(value, bool) and kind != "Boolean"
    if wrong_bool or not isinstance(value, PYTHON_TYPES[kind]):
        raise invalid(f"Parameter '{name}': DefaultValue {value!r} is not of type {kind}")
    _check_allowed(name, value, allowed)


def _check_allowed(name: str, value: Any, allowed: list[Any] | None) -> None:
    if allowed and value not in allowed and str(value) not in allowed:
        raise invalid(f"Parameter '{name}': {value!r} is not one of {', '.join(map(str, allowed))}")
