"""What a rule is made of; `at` is the place in its text, from 1."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an expression gives."""

    number = "number"
    text = "text"
    truth = "true or false"
    time = "time"
    span = "span of time"


class RuleError(ValueError):
    """The text is no rule, or not one over these columns."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} (character {at})")


@dataclass(frozen=True)
class Constant:
    """A value that is written in the rule; a time and a span are microseconds."""

    value: float | str | bool
    kind: Kind
    at: int


@dataclass(frozen=True)
class Name:
    """The value of a column."""

    name: str
    at: int


@dataclass(frozen=True)
class Call:
    """A function of the language and what it is given."""

    function: str
    arguments: tuple["Node", ...]
    at: int


@dataclass(frozen=True)
class Not:
    """The opposite."""

    operand: "Node"
    at: int


@dataclass(frozen=True)
class Binary:
    """Two values and what is done with them: arithmetic, a comparison, `and`, `or`."""

    operator: str
    left: "Node"
    right: "Node"
    at: int


@dataclass(frozen=True)
class Among:
    """Whether a value is one of those listed."""

    value: "Node"
    options: tuple[Constant, ...]
    at: int


@dataclass(frozen=True)
class Missing:
    """Whether a column has no value."""

    value: Name
    at: int


Node = Constant | Name | Call | Not | Binary | Among | Missing
