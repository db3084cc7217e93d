"""Reads the fields of a request as proto-JSON has them, and refuses with the words of MLflow's server.

Integers of 64 bits may come as strings, numbers as "NaN" and "Infinity", enumerations by name or by number; null is
the same as nothing, and an empty string is no value where one is required.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from functions.registry_api.mlflow.errors import WireError

SEE = " See the API docs for more information about request parameters."
LONG = 2**63
NUMBER_MOST = 64  # characters of a number that comes as a string
WHOLE = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")
ENDLESS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Fields:
    """The fields of a request, or of one message inside of it."""

    def __init__(self, values: Mapping[str, Any], *, repeated: bool = False) -> None:
        """Read `values`; `repeated` says that each is the list of all values that a query gave."""
        self.values = values
        self._repeated = repeated

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str, *, required: bool = False) -> str | None:
        """Return a string, or None if there is none."""
        value = self._one(name)
        if required and value in (None, ""):
            raise missing(name)
        if value is not None and not isinstance(value, str):
            raise wrong_type(name, value)
        return value

    def required_text(self, name: str) -> str:
        """Return a string that must be there."""
        value = self.text(name, required=True)
        assert value is not None
        return value

    def integer(self, name: str, *, required: bool = False) -> int | None:
        """Return an integer of 64 bits, or None if there is none."""
        value = self._one(name)
        if value is None:
            if required:
                raise missing(name)
            return None
        found = _integer(value)
        if found is None:
            raise wrong_type(name, value)
        return found

    def number(self, name: str, *, required: bool = False) -> float | None:
        """Return a number, NaN and infinities among them, or None if there is none."""
        value = self._one(name)
        if value in (None, ""):
            if required or value == "":
                raise missing(name)
            return None
        found = number_of(value)
        if found is None:
            raise wrong_type(name, value)
        return found

    def flag(self, name: str) -> bool | None:
        """Return true or false, or None if neither was said."""
        value = self._one(name)
        if self._repeated and isinstance(value, str):
            if value.lower() not in ("true", "false"):
                raise WireError(f"Invalid boolean value: {value}, must be 'true' or 'false'.")
            return value.lower() == "true"
        if value is not None and not isinstance(value, bool):
            raise wrong_type(name, value)
        return value

    def choice(self, name: str, values: Mapping[int, str]) -> str | None:
        """Return which of an enumeration's values was said, by name or by number; None if none was."""
        value = self._one(name)
        if value is None:
            return None
        if isinstance(value, str) and value in values.values():
            return value
        number = _integer(value)
        if number is None or number not in values:
            raise wrong_type(name, value)
        return values[number]

    def texts(self, name: str, *, required: bool = False) -> list[str]:
        """Return a list of strings; nothing is an empty one."""
        value = self.values.get(name)
        if required and value in (None, ""):
            raise missing(name)
        found = [] if value is None else value
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise wrong_type(name, value)
        return found

    def items(self, name: str, *, required: bool = False) -> "list[Fields]":
        """Return a list of messages; nothing is an empty one."""
        value = self.values.get(name)
        if required and value in (None, ""):
            raise missing(name)
        found = [] if value is None else value
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise wrong_type(name, value)
        return [Fields(one) for one in found]

    def message(self, name: str) -> "Fields":
        """Return a message; nothing is an empty one."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise wrong_type(name, value)
        return Fields(value or {})

    def _one(self, name: str) -> Any:
        value = self.values.get(name)
        return value[0] if self._repeated and value else value


def missing(path: str, *, see: bool = True) -> WireError:
    """The refusal of a request that lacks a field."""
    return WireError(f"Missing value for required parameter '{path}'." + (SEE if see else ""))


def wrong_type(path: str, value: Any) -> WireError:
    """The refusal of a field whose value is of another type."""
    return WireError(
        f"{invalid(path, value)[:-1]}:  Hint: Value was of type '{type(value).__name__}'.{SEE}"
    )


def invalid(path: str, value: Any, why: str = "") -> str:
    """MLflow's sentence for a value that is not allowed."""
    said = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return f"Invalid value {said} for parameter '{path}' supplied" + (f": {why}" if why else ".")


def number_of(value: Any) -> float | None:
    """The number that a JSON value is in proto-JSON, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        if value in ENDLESS:
            return ENDLESS[value]
        if len(value) > NUMBER_MOST or "_" in value:
            return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def proto_number(value: float) -> float | str:
    """The JSON value that proto-JSON has for a number."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _integer(value: Any) -> int | None:
    found: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif (isinstance(value, float) and value.is_integer()) or (
        isinstance(value, str) and WHOLE.fullmatch(value)
    ):
        found = int(value)
    return found if found is not None and -LONG <= found < LONG else None
