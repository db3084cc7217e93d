"""What a batch must look like: its columns, and what is expected of it as a whole."""

import hashlib
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from trimtab.domain import values
from trimtab.domain.base import Frozen
from trimtab.domain.columns import Column, ColumnName, ColumnType, Range, Share
from trimtab.domain.dialect import SEPARATORS, Dialect, SeparatorName
from trimtab.domain.rules.kinds import read
from trimtab.domain.rules.nodes import Node, RuleError

Mistake = tuple[tuple[str | int, ...], str]
"""Where in the contract something is wrong, and what."""

Hours = Annotated[tuple[Annotated[int, Field(ge=0, le=23)], ...], Field(min_length=1)]


class RowRule(Frozen):
    """Something that is true of every row, over several of its columns."""

    rule: str  # such as `late == 0 or arrived_at > scheduled_at`; see docs/rules.md
    why: str = ""  # what it means, in words; stands in the report
    share: Share = 0  # most rows that may break it


class Times(Frozen):
    """What is expected of the times in one column of a batch."""

    column: ColumnName  # a column of type datetime
    hours: Hours | None = None  # of the day, in UTC, in which rows may lie; none: any
    oldest_days: PositiveFloat | None = None  # the newest row is at most so old when it arrives
    future_hours: Annotated[float, Field(ge=0)] | None = None  # no row lies further ahead than this
    span_days: Range | None = None  # from the oldest row to the newest
    gap_hours: PositiveFloat | None = None  # most whole hours in a row without any row


class SinceLast(Frozen):
    """What may change from the last accepted batch to the next; judged where both have `minimum_rows`."""

    minimum_rows: PositiveInt = 500  # fewer rows say too little
    row_ratio: Range | None = None  # rows of this batch over rows of the last
    missing_change: Share | None = 0.5  # most by which a column's share of nulls may rise
    mean_shift: PositiveFloat | None = None  # most by which a mean moves, in standard deviations
    level_shift: Share | None = None  # most rows that change from one level of a string to another


class Contract(Frozen):
    """What a row must look like: its columns, and how much of a batch may break the rules."""

    columns: Annotated[dict[ColumnName, Column], Field(min_length=1)]  # each, by its name
    header: bool = True  # whether CSV names its columns; if not, they stand in this order
    separator: SeparatorName | None = None  # of CSV; none: the one that the first line has
    unknown_columns: Literal["note", "refuse"] = "note"  # note: told in an event, and not read
    missing_share: Share = 0.5  # most nulls in a nullable column
    minimum_rows: PositiveInt = 1  # fewer rows than this are not a batch
    maximum_rows: PositiveInt | None = None  # more rows than this are not one batch
    duplicate_share: Share | None = None  # most rows that repeat an earlier row whole; none: any
    key: tuple[ColumnName, ...] = ()  # columns whose values together stand in one row only
    times: Times | None = None  # what is expected of the times of a batch
    rules: tuple[RowRule, ...] = ()  # what is true of every row, over several columns
    since_last: SinceLast = (
        SinceLast.model_construct()
    )  # what may change from one batch to the next

    @model_validator(mode="after")
    def _names_and_rules_fit_the_columns(self) -> Self:
        if mistakes := list(self._mistakes()):
            context = {"message": mistakes[0][1], "mistakes": mistakes}
            raise PydanticCustomError("contract", "{message}", context)
        return self

    def _mistakes(self) -> Iterator[Mistake]:
        for place, name in enumerate(self.key):
            if name not in self.columns:
                yield ("key", place), f"{name!r} is not a column of the contract"
        if self.times is not None:
            yield from self._mistaken_times(self.times)
        for place, rule in enumerate(self.rules):
            try:
                read(rule.rule, self.types)
            except RuleError as error:
                yield ("rules", place, "rule"), str(error)

    def _mistaken_times(self, times: Times) -> Iterator[Mistake]:
        if times.column not in self.columns:
            yield ("times", "column"), f"{times.column!r} is not a column of the contract"
        elif self.types[times.column] is not ColumnType.datetime:
            given = self.types[times.column].value
            yield (
                ("times", "column"),
                f"expected a column of type datetime, {times.column!r} is {given}",
            )

    @cached_property
    def types(self) -> dict[str, ColumnType]:
        """The type of each column."""
        return {name: column.type for name, column in self.columns.items()}

    @cached_property
    def value_rules(self) -> dict[str, values.Rule]:
        """What the values of each column must be, where they come as JSON."""
        return {name: values.rule(column) for name, column in self.columns.items()}

    @property
    def dialect(self) -> Dialect:
        """How CSV files are written, as far as the contract fixes that."""
        separator = None if self.separator is None else SEPARATORS[self.separator]
        return Dialect(separator=separator, header=self.header)

    @cached_property
    def personal(self) -> frozenset[str]:
        """The columns of which no value is ever written down."""
        return frozenset(name for name, column in self.columns.items() if column.personal)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The rules, read."""
        types = tuple(self.types.items()) if self.rules else ()
        return tuple(_read(rule.rule, types) for rule in self.rules)

    @property
    def digest(self) -> str:
        """Twelve characters that change with anything in the contract; they name the version it was judged by."""
        said = self.model_dump_json(exclude_defaults=True)
        return hashlib.sha256(said.encode()).hexdigest()[:12]


@cache
def _read(rule: str, types: tuple[tuple[str, ColumnType], ...]) -> Node:
    return read(rule, dict(types))
