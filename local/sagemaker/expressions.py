"""Pipeline expressions: Get, Std:Join, Std:JsonGet; what they refer to, and what they come to."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from local.sagemaker.store import Record

FUNCTIONS = frozenset(("Get", "Std:Join", "Std:JsonGet"))
STEP_REFERENCE = re.compile(r"^Steps\.([A-Za-z0-9\-_]+)\.(.+)$")
PROPERTY_FILE = re.compile(r"^Steps\.([A-Za-z0-9\-_]+)\.PropertyFiles\.(.+)$")
PATH_PART = re.compile(r"""\[\s*(\d+)\s*\]|\[\s*['"]([^'"]+)['"]\s*\]|([^.\[\]]+)""")
# Lists that a pipeline addresses by the name of an item instead of by its position.
ITEM_NAMES = ("OutputName", "InputName", "ChannelName", "VariantName")


class CannotEvaluate(Exception):
    """An expression refers to something that is not there."""


def is_expression(value: Any) -> bool:
    """Tell whether a value is a pipeline expression."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in FUNCTIONS


def references(value: Any) -> Iterator[str]:
    """Yield the text of every Get in a value, however deep."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Get" and isinstance(item, str):
                yield item
            else:
                yield from references(item)


def step_of(reference: str) -> str | None:
    """Return the step that a reference names."""
    matched = STEP_REFERENCE.match(reference)
    return matched.group(1) if matched else None


@dataclass(frozen=True)
class Evaluation:
    """Everything an expression of one execution can refer to."""

    parameters: Record
    variables: Record  # Execution.…
    properties: Callable[[str], Record]  # a finished step's description, by step name
    property_file: Callable[[str, str], str]  # its S3 address, by step and property file name
    read: Callable[[str], bytes]  # the content at an S3 address

    def value(self, value: Any) -> Any:
        """Return the value with every expression in it replaced by what it comes to."""
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if not is_expression(value):
            return {key: self.value(item) for key, item in value.items()}
        function, argument = next(iter(value.items()))
        if function == "Get":
            return self._get(argument)
        if function == "Std:Join":
            return str(argument["On"]).join(text(self.value(item)) for item in argument["Values"])
        return self._json_get(argument)

    def _get(self, reference: str) -> Any:
        root, _, rest = reference.partition(".")
        if root == "Parameters" and rest in self.parameters:
            return self.parameters[rest]
        if root == "Execution" and rest in self.variables:
            return self.variables[rest]
        if matched := STEP_REFERENCE.match(reference):
            step, path = matched.groups()
            return follow(self.properties(step), path, reference)
        raise CannotEvaluate(f"{reference} refers to nothing")

    def _json_get(self, argument: Record) -> Any:
        if "S3Uri" in argument:
            address = self.value(argument["S3Uri"])
        else:
            reference = argument["PropertyFile"]["Get"]
            matched = PROPERTY_FILE.match(reference)
            if matched is None:
                raise CannotEvaluate(f"{reference} is not a property file")
            address = self.property_file(*matched.groups())
        try:
            content = json.loads(self.read(address))
        except ValueError as problem:
            raise CannotEvaluate(f"property file {address} is not JSON: {problem}") from None
        return follow(content, argument["Path"], address)


def follow(value: Any, path: str, where: str) -> Any:
    """Return what lies at a path such as `a.b[0].c` or `Outputs['train'].S3Output`."""
    for index, quoted, plain in PATH_PART.findall(path):
        key = quoted or plain
        if isinstance(value, list):
            value = (
                value[int(index)]
                if index and int(index) < len(value)
                else _named(value, key, where)
            )
        elif isinstance(value, dict) and (key or index) in value:
            value = value[key or index]
        else:
            raise CannotEvaluate(f"{where}: there is no {key or index} (path {path})")
    return value


def text(value: Any) -> str:
    """Return a value as Std:Join writes it."""
    if isinstance(value, str):
        return value
    return json.dumps(value)


def _named(items: list[Any], name: str, where: str) -> Any:
    for item in items:
        if isinstance(item, dict) and any(item.get(field) == name for field in ITEM_NAMES):
            return item
    raise CannotEvaluate(f"{where}: there is no item {name}")
