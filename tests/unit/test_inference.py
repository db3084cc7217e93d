"""The contract check of prediction requests: whole columns first, single values where one fails."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import flights
from tests.serving_platform import SPEC
from trimtab.domain.bad_request import LISTED, BadRequest
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import RowRule
from trimtab.domain.inference import CheckedRows, checked_rows
from trimtab.domain.model import ModelSpec
from trimtab.domain.request_csv import csv_rows
from trimtab.domain.request_json import json_rows
from trimtab.domain.values import rule

COLUMNS = [
    Column(type=kind, nullable=nullable, minimum=low, maximum=high)
    for kind in (ColumnType.integer, ColumnType.number)
    for nullable in (True, False)
    for low, high in ((None, None), (-5.0, 5.0), (0.0, None), (None, 0.0))
] + [
    Column(type=ColumnType.string),
    Column(type=ColumnType.string, nullable=True, allowed=("a", "b")),
    Column(type=ColumnType.boolean, nullable=True),
    Column(type=ColumnType.datetime, nullable=True),
]
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**400, 2**63, -(2**63), 0, 3.0, 5, "a", "b", "c", "2026-01-01", [], {}])
)


@given(st.sampled_from(COLUMNS), st.lists(values, min_size=1, max_size=6))
def test_a_column_that_holds_has_no_value_that_breaks_its_rule(
    column: Column, given_values: list[Any]
) -> None:
    told = rule(column)
    if told.holds(given_values):
        assert [told.breach(value) for value in given_values] == [""] * len(given_values)


@given(st.lists(st.floats(-5, 5) | st.integers(-5, 5) | st.none(), min_size=1))
def test_good_numbers_are_seen_at_a_glance(given_values: list[Any]) -> None:
    assert rule(Column(type=ColumnType.number, nullable=True, minimum=-5, maximum=5)).holds(
        given_values
    )


@given(st.sampled_from(COLUMNS), values)
def test_a_value_that_passes_is_one_the_contract_describes(column: Column, value: Any) -> None:
    if rule(column).breach(value):
        return
    if value is None:
        assert column.nullable
    elif column.type in (ColumnType.integer, ColumnType.number):
        assert type(value) in (int, float)
        assert math.isfinite(float(value))
        assert column.minimum is None or value >= column.minimum
        assert column.maximum is None or value <= column.maximum
    elif column.type is ColumnType.string:
        assert isinstance(value, str)
        assert column.allowed is None or value in column.allowed


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (Column(type=ColumnType.number, minimum=0), "a number of at least 0"),
        (Column(type=ColumnType.number, maximum=9.5), "a number of at most 9.5"),
        (
            Column(type=ColumnType.integer, minimum=0, maximum=6, nullable=True),
            "an integer from 0 to 6 or null",
        ),
        (Column(type=ColumnType.boolean), "true or false"),
        (
            Column(type=ColumnType.string, allowed=tuple(f"c{n}" for n in range(22))),
            "one of " + ", ".join(f"c{n}" for n in range(20)) + " and 2 more",
        ),
    ],
)
def test_a_rule_says_itself_in_words(column: Column, words: str) -> None:
    assert rule(column).expected == words


def of_json(body: object, spec: ModelSpec = SPEC) -> CheckedRows:
    return checked_rows(json_rows(body, spec), spec)


def checked(body: object, spec: ModelSpec) -> list[list[Any]]:
    return of_json(body, spec).values


def row(**changes: Any) -> dict[str, Any]:
    good = {"carrier": "AA", "weekday": 3, "temp": 3.5, "diverted": True, "booked_at": None}
    return {**good, **changes}


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    rows = checked({"instances": [row(weekday=3.0), row(weekday=2)]}, SPEC)
    assert [repr(values[1]) for values in rows] == ["3", "2"]


def test_an_integer_is_good_for_a_number_column_and_stays_one() -> None:
    assert checked({"instances": [row(temp=7)]}, SPEC)[0][2] == 7


def test_a_number_too_large_for_the_column_is_refused_not_rounded() -> None:
    for value in (10**400, float("1e999")):
        with pytest.raises(BadRequest):
            checked({"instances": [row(temp=value)]}, SPEC)


def test_problems_come_in_the_order_of_rows_and_columns() -> None:
    body = {"instances": [row(temp="x", carrier="ZZ"), row(wekday=1), row(weekday=None)]}
    with pytest.raises(BadRequest) as refused:
        checked(body, SPEC)
    assert [problem["field"] for problem in refused.value.listed()] == [
        "instances[0].carrier",
        "instances[0].temp",
        "instances[1].wekday",
        "instances[2].weekday",
    ]
    assert (
        refused.value.sentence()
        == "instances[0].carrier: is not an allowed value, expected one of AA, UA, B6; 4 problems in all"
    )


def test_no_message_holds_a_value() -> None:
    with pytest.raises(BadRequest) as refused:
        checked({"instances": [row(carrier="SECRET", temp="SECRET")] * 30}, SPEC)
    assert "SECRET" not in str(refused.value.listed()) + refused.value.sentence()
    assert len(refused.value.listed()) == LISTED


@pytest.mark.parametrize("name", ["x" * 1000, "\ud800"])
def test_a_strange_column_name_can_be_told_back(name: str) -> None:
    with pytest.raises(BadRequest) as refused:
        checked({"instances": [row(**{name: 1})]}, SPEC)
    told = refused.value.listed()[0]["field"]
    assert len(told.encode()) < 100


@given(
    st.recursive(
        values,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_whatever_comes_is_rows_or_a_bad_request(body: Any) -> None:
    for request in (
        body,
        {"instances": body},
        {"dataframe_records": [body, row()]},
        {"dataframe_split": body},
        {"dataframe_split": {"columns": list(row()), "data": [body]}},
        {"inputs": body},
        {"inputs": dict.fromkeys(row(), body)},
        {"instances": [{**row(), "tail": body}]},
    ):
        try:
            checked(request, SPEC)
        except BadRequest as refused:
            assert refused.problems


SPLIT = {"columns": list(row()), "data": [list(row().values())]}


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"instances": [row()], "params": 1}, "params", "is not a field of a request"),
        ({"instances": [row(), 7, "x"]}, "instances[1]", "is a number"),
        ({"dataframe_split": {**SPLIT, "data": [[1]]}}, "dataframe_split.data[0]", "has 1 values"),
        ({"dataframe_split": {**SPLIT, "data": [{}]}}, "dataframe_split.data[0]", "is an object"),
        ({"dataframe_split": {**SPLIT, "data": []}}, "dataframe_split.data", "is empty"),
        ({"dataframe_split": {**SPLIT, "data": 1}}, "dataframe_split.data", "is a number"),
        ({"dataframe_split": {**SPLIT, "columns": 1}}, "dataframe_split.columns", "is a number"),
        (
            {"dataframe_split": {**SPLIT, "columns": ["carrier", "carrier"]}},
            "dataframe_split.columns[1]",
            "carrier stands twice",
        ),
        (
            {"dataframe_split": {**SPLIT, "columns": [*row(), "wekday"]}},
            "dataframe_split.columns[5]",
            "wekday is not a column of the contract",
        ),
        (
            {"dataframe_split": {"columns": ["carrier"], "data": [["AA"]]}},
            "dataframe_split.columns",
            "misses weekday",
        ),
        ({"instances": [row(booked_at="soon")]}, "instances[0].booked_at", "is not a time"),
        ({"instances": [row(booked_at=3)]}, "instances[0].booked_at", "is a number"),
        ({"instances": [row(weekday=2**63)]}, "instances[0].weekday", "is above the maximum"),
        ({"instances": [row(weekday=2.5)]}, "instances[0].weekday", "is not an integer"),
        ({"instances": [row(temp=math.nan)]}, "instances[0].temp", "is NaN"),
        ({"instances": [row(temp=-math.inf)]}, "instances[0].temp", "is infinite"),
        ({"instances": [row(carrier=None)]}, "instances[0].carrier", "is null"),
    ],
)
def test_the_first_problem_says_where_and_what(
    body: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        checked(body, SPEC)
    first = refused.value.listed()[0]
    assert (first["field"], first["message"]) == (field, message)
    assert first["expected"]


INPUTS = {name: [value] for name, value in row().items()}


@pytest.mark.parametrize(
    ("inputs", "field", "message"),
    [
        ({**INPUTS, "weekday": [9]}, "inputs.weekday[0]", "is above the maximum"),
        ({**INPUTS, "weekday": [1, 2]}, "inputs.carrier", "has 1 values"),
        ({**INPUTS, "weekday": 3}, "inputs.weekday", "is a number"),
        ({name: [] for name in INPUTS}, "inputs.carrier", "has 0 values"),
        ({**INPUTS, "wekday": [3]}, "inputs.wekday", "wekday is not a column of the contract"),
        ({"carrier": ["AA"]}, "inputs", "misses weekday"),
        ([{**row(), "weekday": 9}], "inputs[0].weekday", "is above the maximum"),
        (7, "inputs", "is a number"),
    ],
)
def test_inputs_are_columns_or_rows(inputs: Any, field: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        of_json({"inputs": inputs})
    first = refused.value.listed()[0]
    assert (first["field"], first["message"]) == (field, message)


CSV = "carrier,weekday,temp,diverted,booked_at,tail,late\n"


def test_csv_reads_as_json_does_with_the_contracts_types() -> None:
    lines = 'AA,3,3.5,True,,N1,\r\n\r\n"UA",4.0,7,0,2026-01-05,N1,1\n'
    read = checked_rows(csv_rows(CSV + lines, SPEC), SPEC)
    other = row(carrier="UA", weekday=4, temp=7, diverted=False, booked_at="2026-01-05")
    rows = [{**row(), "tail": "N1"}, {**other, "tail": "N1"}]
    assert read == of_json({"inputs": rows})
    assert [type(value) for value in read.values[1][:3]] == [str, int, int]


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("", "body", "has no rows"),
        (CSV, "body", "has no rows"),
        (CSV + "AA,3,3.5,true,,\n", "line 2", "has 6 values"),
        (CSV + "\nAA,3,3.5,true,,N1,\n" * 2 + "AA,3\n", "line 6", "has 2 values"),
        (CSV + "AA,3,warm,true,,N1,\n", "line 2, temp", "is a string"),
        (CSV + "AA,3,1_0,true,,N1,\n", "line 2, temp", "is a string"),
        (CSV + "AA,3,nan,true,,N1,\n", "line 2, temp", "is NaN"),
        (CSV + "AA,,3.5,true,,N1,\n", "line 2, weekday", "is null"),
        (CSV + "AA,٣,3.5,true,,N1,\n", "line 2, weekday", "is a string"),
        (CSV + "AA,3,3.5,yes,,N1,\n", "line 2, diverted", "is a string"),
        (CSV + "AA,3,3.5,true,soon,N1,\n", "line 2, booked_at", "is not a time"),
        (CSV + '"AA"x,3\n', "line 2", "is not CSV: ',' expected after '\"'"),
        (
            CSV.replace("temp", "tmp") + "AA,3,3.5,true,,N1,\n",
            "line 1, value 3",
            "tmp is not a column of the contract",
        ),
        ("carrier\nAA\n", "line 1", "misses weekday"),
    ],
)
def test_the_first_problem_of_csv_says_line_and_column(text: str, field: str, message: str) -> None:
    with pytest.raises(BadRequest) as refused:
        checked_rows(csv_rows(text, SPEC), SPEC)
    first = refused.value.listed()[0]
    assert (first["field"], first["message"]) == (field, message)


@given(st.text())
def test_whatever_text_comes_is_rows_or_a_bad_request(text: str) -> None:
    for whole in (text, CSV + text):
        try:
            checked_rows(csv_rows(whole, SPEC), SPEC)
        except BadRequest as refused:
            assert refused.problems


def test_csv_is_separated_as_the_contract_says() -> None:
    contract = SPEC.contract.model_copy(update={"separator": "semicolon"})
    spec = SPEC.model_copy(update={"contract": contract})
    text = (CSV + "AA,3,3.5,true,,N1,\n").replace(",", ";")
    assert checked_rows(csv_rows(text, spec), spec).entity == "N1"


@pytest.mark.parametrize(
    ("tails", "entity"),
    [
        (["N1", "N1"], "N1"),
        (["N1", None], "N1"),
        (["N1", "N2"], None),
        ([None, None], None),
    ],
)
def test_rows_are_about_the_one_entity_that_they_name(tails: list[Any], entity: str | None) -> None:
    assert of_json({"instances": [row(tail=tail) for tail in tails]}).entity == entity


def test_rows_need_name_no_entity_but_what_names_one_keeps_the_contract() -> None:
    assert of_json({"dataframe_split": SPLIT}).entity is None
    with pytest.raises(BadRequest) as refused:
        of_json({"instances": [row(), row(tail=7)]})
    assert refused.value.listed() == [
        {"field": "instances[1].tail", "message": "is a number", "expected": "a string"}
    ]


def test_an_entity_of_whole_numbers_is_the_same_however_it_is_written() -> None:
    columns = {**SPEC.contract.columns, "tail": Column(type=ColumnType.integer)}
    contract = SPEC.contract.model_copy(update={"columns": columns})
    spec = SPEC.model_copy(update={"contract": contract})
    assert of_json({"instances": [row(tail=7), row(tail=7.0)]}, spec).entity == "7"


def test_a_model_without_entity_key_reads_no_entity() -> None:
    spec = flights.spec(contract=RULED)
    rows = checked_rows(json_rows({"instances": [RULED_ROW]}, spec), spec)
    assert rows.entity is None


def test_times_in_iso_8601_are_times() -> None:
    good = ["2026-01-05T10:00:00Z", "2026-01-05", "2026-01-05T10:00:00+01:00"]
    rows = checked({"instances": [row(booked_at=at) for at in good]}, SPEC)
    assert [values[4] for values in rows] == good


def test_a_request_in_columns_reads_as_one_in_records() -> None:
    assert checked({"dataframe_split": SPLIT}, SPEC) == checked({"instances": [row()]}, SPEC)


RULED = flights.CONTRACT.model_copy(
    update={
        "columns": {
            **flights.CONTRACT.columns,
            "note": Column(type=ColumnType.string, nullable=True, longest=5),
            "dest": Column(type=ColumnType.string, allowed=("EWR",), new_share=0.1),
        },
        "rules": (
            RowRule(rule="not on_time or hour(at) < 12", why="none is on time after noon"),
            RowRule(rule="late == 1"),
            RowRule(rule="distance < 50", share=0.5),
        ),
    }
)
RULED_ROW = {
    "at": "2013-01-01T05:00:00Z", "carrier": "AA", "distance": 100, "temp": 1.5, "on_time": True,
    "note": None, "dest": "JFK",
}  # fmt: skip


def refused(**changes: Any) -> list[dict[str, str]]:
    spec = flights.spec(contract=RULED)
    try:
        checked({"instances": [{**RULED_ROW, **changes}]}, spec)
    except BadRequest as error:
        return error.listed()
    return []


def test_a_row_that_contradicts_itself_is_refused_by_the_rules_that_read_features_only():
    assert refused() == []
    assert refused(at="2013-01-01T15:00:00+02:00") == [
        {
            "field": "instances[0].at",
            "message": "breaks a rule",
            "expected": "none is on time after noon",
        }
    ]
    assert refused(at="2013-01-01T15:00:00Z", on_time=False) == []


def test_a_text_longer_than_the_longest_is_refused_without_being_repeated():
    (problem,) = refused(note="much too long")
    assert problem["message"] == "has 13 characters"
    assert problem["expected"] == "a string of at most 5 characters or null"
    assert refused(note="short") == []


def test_where_a_batch_may_have_new_values_a_request_may_be_of_them():
    assert refused(dest="new") == []
    assert refused(carrier="new")[0]["message"] == "is not an allowed value"
