"""YAML read into plain values, with the line of every value and of every mistake."""

import difflib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the root."""

YAML_WORDS = {"null", "bool", "int", "float", "str"}


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a file, on a line of it."""

    line: int
    where: str  # dotted field, "" for the file as a whole
    message: str

    def sentence(self, file: str) -> str:
        """Return `file:line: field: message`."""
        return f"{file}:{self.line}: " + (f"{self.where}: " if self.where else "") + self.message


@dataclass
class Located:
    """A document: its value, the lines its values stand on and the mistakes met on the way."""

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """Return the line of a value, or of the nearest parent that is written down."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def nearest(self, place: Place) -> Place:
        """Return the longest leading part of the place that is written down."""
        while place and place not in self.lines:
            place = place[:-1]
        return place


def dotted(place: Place) -> str:
    """Return a place as people write it: `contract.columns.temp`, `allowed[2]`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def closest(word: str, words: list[str]) -> str | None:
    """Return the word that was probably meant, if any comes near."""
    return next(iter(difflib.get_close_matches(word, words, n=1, cutoff=0.6)), None)


def read(path: Path) -> Located:
    """Read one YAML document; what cannot be read becomes a mistake, never an exception."""
    document = Located()
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 1
        document.mistakes.append(Mistake(line, "", f"not valid YAML: {reason}"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        document.mistakes.append(Mistake(1, "", f"not valid YAML: {reason}"))
    except OSError as error:
        reason = error.strerror or "cannot be read"
        document.mistakes.append(Mistake(1, "", f"cannot be read: {reason}"))
    else:
        _Reader(document).read(root)
    return document


class _Reader:
    """Turns nodes into values, noting lines and mistakes in the document."""

    def __init__(self, document: Located) -> None:
        self._document = document
        self._open: set[int] = set()  # nodes being read: a node inside itself is a loop
        self._constructor = yaml.SafeLoader("")

    def read(self, root: yaml.Node | None) -> None:
        """Read the root of a document, which has to be a mapping."""
        if not isinstance(root, yaml.MappingNode):
            self._mistake(1, (), "expected fields, one `name: value` a line")
            return
        self._document.lines[()] = root.start_mark.line + 1
        self._document.value = self._mapping(root, ())

    def _mistake(self, line: int, place: Place, message: str) -> None:
        self._document.mistakes.append(Mistake(line, dotted(place), message))

    def _value(self, node: yaml.Node, place: Place) -> Any:
        if id(node) in self._open:
            self._mistake(node.start_mark.line + 1, place, "refers to itself")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            return list(self._items(node, place))
        finally:
            self._open.discard(id(node))

    def _items(self, node: yaml.Node, place: Place) -> Iterator[Any]:
        for position, item in enumerate(node.value):
            self._document.lines[(*place, position)] = item.start_mark.line + 1
            yield self._value(item, (*place, position))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._mistake(line, place, "a field's name must be plain text")
                continue
            here = (*place, str(key.value))
            if key.value in result:
                first = self._document.lines[here]
                self._mistake(line, here, f"stands here twice, first on line {first}")
                continue
            self._document.lines[here] = line
            result[key.value] = self._value(item, here)
        return result

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        line, kind = node.start_mark.line + 1, node.tag.rpartition(":")[2]
        if kind not in YAML_WORDS:
            self._mistake(
                line, place, f"expected text or a number, got a YAML {kind}: write it in quotes"
            )
            return None
        try:
            value = self._constructor.construct_object(node)
        except ValueError:
            self._mistake(line, place, f"{node.value!r} cannot be read: write it in quotes")
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self._mistake(line, place, f"expected a finite number, got {node.value}")
            return None
        return value
