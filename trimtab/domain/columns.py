"""What one column of a row must look like."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, PositiveInt, StringConstraints, model_validator

from trimtab.domain.base import Frozen

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Share = Annotated[float, Field(ge=0, le=1)]


class ColumnType(StrEnum):
    """The type of a column's values."""

    integer = "integer"
    number = "number"
    string = "string"
    boolean = "boolean"
    datetime = "datetime"


NUMBERS = (ColumnType.integer, ColumnType.number)


class Range(Frozen):
    """From where to where something may lie."""

    minimum: float | None = None  # smallest allowed; none: no limit
    maximum: float | None = None  # largest allowed; none: no limit

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum:g} is over maximum {self.maximum:g}")
        return self

    def holds(self, value: float) -> bool:
        """Say whether the value lies in the range."""
        return not (
            (self.minimum is not None and value < self.minimum)
            or (self.maximum is not None and value > self.maximum)
        )

    @property
    def words(self) -> str:
        """The range as people say it."""
        if self.minimum is None:
            return "anything" if self.maximum is None else f"at most {self.maximum:g}"
        if self.maximum is None:
            return f"at least {self.minimum:g}"
        return f"from {self.minimum:g} to {self.maximum:g}"


class Column(Frozen):
    """What one column of a row must look like."""

    type: ColumnType  # of every value that is there
    nullable: bool = False  # whether a value may be missing
    missing_share: Share | None = None  # most nulls where nullable; contract.missing_share if none
    minimum: float | None = None  # smallest allowed value, numbers only
    maximum: float | None = None  # largest allowed value, numbers only
    mean: Range | None = None  # where the mean of a batch lies, numbers only
    allowed: tuple[str, ...] | None = None  # the allowed values, strings only
    new_share: Share = 0  # most rows whose value may be another than those allowed
    longest: PositiveInt | None = None  # characters of the longest allowed value, strings only
    varies: bool = False  # whether a batch of two rows or more has two values at least
    unique: bool = False  # whether no two rows may have the same value
    personal: bool = False  # no value of it ever stands in a report, log, event or profile

    @model_validator(mode="after")
    def _limits_fit_the_type(self) -> Self:
        for field, types, words in (
            ("minimum", NUMBERS, "numbers"),
            ("maximum", NUMBERS, "numbers"),
            ("mean", NUMBERS, "numbers"),
            ("allowed", (ColumnType.string,), "strings"),
            ("longest", (ColumnType.string,), "strings"),
        ):
            if getattr(self, field) is not None and self.type not in types:
                raise ValueError(f"{field} is for {words}, not for type {self.type.value}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is over maximum {self.maximum}")
        if self.new_share and self.allowed is None:
            raise ValueError("new_share says how many may be outside allowed, which is not given")
        if self.missing_share is not None and not self.nullable:
            raise ValueError("missing_share is for a nullable column; this one is not")
        return self
