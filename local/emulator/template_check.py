"""Refuses a template that says something this cloud would not do, before anything of it is made.

Three questions to every property of every resource:

1. Does CloudFormation know it? Asked of the resource schemas that come with cfn-lint.
2. Does whatever provisions the type ever mention it? ministack silently passes over properties that it
   lacks; what its handlers mention is found in their code, so the answer keeps up with ministack.
3. Is it among those that we apply (`local.emulator.resources`), or are here accepted without effect,
   each with the reason why that does no harm?

Otherwise the stack is refused with the type, the resource and the property.
"""

import functools
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, provisioners

WITHOUT_EFFECT: Mapping[str, Mapping[str, str]] = {
    "AWS::CDK::Metadata": {"Analytics": "tells AWS which constructs are used; nobody asks here"},
    "AWS::KinesisFirehose::DeliveryStream": {
        "DeliveryStreamEncryptionConfigurationInput": "nothing is encrypted on this machine",
        "Tags": "no policy of ours asks for a stream's tags",
    },
    "AWS::S3::Bucket": {
        "BucketEncryption": "nothing is encrypted on this machine; requests are answered alike",
        "AccessControl": "there is one account, so access lists give nobody anything",
        "OwnershipControls": "there is one account, so every object is its owner's",
        "Tags": "no policy of ours asks for a bucket's tags",
    },
    "AWS::SNS::Topic": {
        "KmsMasterKeyId": "nothing is encrypted on this machine; publishing is answered alike"
    },
}
INTRINSICS = ("Ref", "Condition")


def install(applied: Mapping[str, frozenset[str]]) -> None:
    """Check every template before it is accepted; `applied` has the properties that we apply, by type."""
    check_others = engine.validate_template_support

    def check(template: dict[str, Any], conditions: dict[str, Any], params: Any = None) -> None:
        check_others(template, conditions, params)
        problems = list(problems_of(template, applied, conditions))
        if problems:
            raise ValueError("Template error: " + "; ".join(problems))

    for module in (engine, changesets, handlers):
        module.validate_template_support = check


def problems_of(
    template: Mapping[str, Any],
    applied: Mapping[str, frozenset[str]],
    conditions: Mapping[str, bool],
) -> Iterator[str]:
    """Yield one sentence for each property that is unknown or would be passed over."""
    for name, resource in (template.get("Resources") or {}).items():
        kind = str(resource.get("Type", ""))
        schema = schema_of(kind)
        given = resource.get("Properties") or {}
        if schema is None or not isinstance(given, dict):
            continue
        where = f"resource {name} ({kind})"
        given = {
            prop: value for prop, value in given.items() if not _is_left_out(value, conditions)
        }
        for path in unknown_properties(given, schema, schema):
            yield f"{where}: there is no property {path}"
        accepted = applied.get(kind, frozenset()) | WITHOUT_EFFECT.get(kind, {}).keys()
        for prop in given.keys() & schema["properties"].keys():
            if prop not in accepted and prop not in mentioned_properties(kind):
                yield f"{where}: property {prop} is not supported locally"


@functools.cache
def schema_of(kind: str) -> dict[str, Any] | None:
    """Return CloudFormation's schema of a resource type; None if there is none."""
    folder = _schemas()
    name = _index(folder).get(kind)
    if name is None:
        return None
    schema: dict[str, Any] = json.loads((folder / "resources" / f"{name}.json").read_text())
    return schema


def unknown_properties(
    given: Any, part: Mapping[str, Any], schema: Mapping[str, Any], path: str = ""
) -> Iterator[str]:
    """Yield the path of each property in `given` that this part of the schema does not have."""
    part = _resolved(part, schema)
    if isinstance(given, list):
        for item in given:
            yield from unknown_properties(item, part.get("items", {}), schema, path)
        return
    if not isinstance(given, dict) or _is_intrinsic(given) or not _is_closed(part):
        return
    for name, value in given.items():
        here = f"{path}.{name}" if path else name
        if name in part["properties"]:
            yield from unknown_properties(value, part["properties"][name], schema, here)
        else:
            yield here


@functools.cache
def mentioned_properties(kind: str) -> frozenset[str]:
    """Return the names that the handlers of a type mention, its properties among them."""
    handler = provisioners._RESOURCE_HANDLERS.get(kind, {})
    found: set[str] = set()
    seen: set[Callable[..., Any]] = set()
    for verb in ("create", "update"):
        _collect(handler.get(verb), found, seen)
    return frozenset(found)


def _collect(value: Any, found: set[str], seen: set[Any]) -> None:
    """Add every string in a function, in what it calls in its module and in the tables it reads."""
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, tuple | frozenset | list | set):
        for item in value:
            _collect(item, found, seen)
    elif isinstance(value, CodeType):
        _collect(value.co_consts, found, seen)
    elif isinstance(value, FunctionType) and value not in seen:
        seen.add(value)
        _collect(value.__code__, found, seen)
        for name in _names(value.__code__):
            _collect_global(value.__globals__.get(name), found, seen)
        for cell in value.__closure__ or ():
            _collect_wrapped(cell.cell_contents, found, seen)


def _collect_global(value: Any, found: set[str], seen: set[Any]) -> None:
    """Go on into what a handler refers to by name: a table of names or another function of its module."""
    if isinstance(value, dict):
        _collect([key for key in value if isinstance(key, str)], found, seen)
    elif isinstance(value, tuple | frozenset | list | set) or _is_provisioner(value):
        _collect(value, found, seen)


def _collect_wrapped(value: Any, found: set[str], seen: set[Any]) -> None:
    """Go on into what one of our wrappers holds: a handler, a function, a tuple of names."""
    if isinstance(value, dict):
        for verb in ("create", "update"):
            _collect(value.get(verb), found, seen)
    elif isinstance(value, FunctionType | tuple):
        _collect(value, found, seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_provisioner(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__module__ == provisioners.__name__


def _is_closed(part: Mapping[str, Any]) -> bool:
    """Tell whether an object of this part can have its listed properties only."""
    return (
        "properties" in part
        and not part.get("patternProperties")
        and part.get("additionalProperties") in (None, False)
        and not any(name in part for name in ("oneOf", "anyOf", "allOf"))
    ) or ("properties" in part and part.get("additionalProperties") is False)


def _is_left_out(value: Any, conditions: Mapping[str, bool]) -> bool:
    """Tell whether the template's conditions leave this property out."""
    while isinstance(value, dict) and list(value) == ["Fn::If"]:
        condition, then, otherwise = value["Fn::If"]
        value = then if conditions.get(condition) else otherwise
    return bool(value == {"Ref": "AWS::NoValue"})


def _is_intrinsic(given: Mapping[str, Any]) -> bool:
    return len(given) == 1 and any(name in INTRINSICS or name.startswith("Fn::") for name in given)


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow the part's reference into the schema's definitions."""
    while "$ref" in part:
        target: Any = schema
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/")]
        part = target
    return part


@functools.cache
def _schemas() -> Path:
    found = importlib.util.find_spec("cfnlint")  # found, not imported: that takes seconds
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the local cloud checks templates with cfn-lint's schemas")
    return Path(found.submodule_search_locations[0]) / "data" / "schemas"


@functools.cache
def _index(folder: Path) -> dict[str, str]:
    index: dict[str, str] = json.loads((folder / "providers" / "us-east-1.json").read_text())
    return index
