"""Writes a proposed contract as YAML, with the evidence beside each line."""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.domain.proposal import Path, Proposal

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
WORDS = frozenset("y n yes no on off true false null".split())  # that YAML takes for something else
LISTED = 100  # characters of a list on one line


def contract_yaml(proposal: Proposal, *, about: str) -> str:
    """Return the `contract:` section of a model.yaml."""
    whys = {line.path: line.why for line in proposal.lines}
    lines = [f"# {about}", "contract:", *_mapping(proposal.tree, (), whys)]
    return "\n".join(lines) + "\n"


def _mapping(tree: Mapping[str, Any], path: Path, whys: Mapping[Path, str]) -> Iterator[str]:
    indent = "  " * (len(path) + 1)
    for name, value in tree.items():
        here = (*path, name)
        why = f"   # {' '.join(whys[here].split())}" if here in whys else ""
        field = f"{indent}{scalar(name)}:"
        if isinstance(value, dict):
            yield f"{field}{why}"
            yield from _mapping(value, here, whys)
        elif isinstance(value, list):
            yield from _list(field, value, why, indent)
        else:
            yield f"{field} {scalar(value)}{why}"


def _list(field: str, values: list[Any], why: str, indent: str) -> Iterator[str]:
    if any(isinstance(value, dict) for value in values):
        yield f"{field}{why}"
        for value in values:
            first, *others = value.items()
            yield f"{indent}  - {first[0]}: {scalar(first[1])}"
            yield from (f"{indent}    {name}: {scalar(told)}" for name, told in others)
        return
    line = f"{field} [{', '.join(map(scalar, values))}]{why}"
    if len(line) - len(why) <= LISTED:
        yield line
        return
    yield f"{field}{why}"
    wrapped = textwrap.wrap(", ".join(map(scalar, values)), LISTED, break_long_words=False)
    for place, row in enumerate(wrapped):
        opening, closing = "[" if not place else " ", "]" if row is wrapped[-1] else ""
        yield f"{indent}  {opening}{row}{closing}"


def scalar(value: Any) -> str:
    """Return a value as YAML reads it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        number = repr(value)
        # To YAML 1.1, which PyYAML reads, an exponent makes a number only of what has a point.
        return number if "e" not in number or "." in number else number.replace("e", ".0e")
    text = str(value)
    if isinstance(value, int):
        return text
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
