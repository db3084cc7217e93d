"""The language of cross-column rules: what is read, and what is refused with its place."""

from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.rules.calendar import PARTS
from trimtab.domain.rules.kinds import columns_of, read
from trimtab.domain.rules.nodes import RuleError
from trimtab.domain.rules.of_block import broken
from trimtab.domain.rules.of_row import is_broken

COLUMNS = {
    "delay": ColumnType.number,
    "late": ColumnType.integer,
    "carrier": ColumnType.string,
    "cancelled": ColumnType.boolean,
    "planned": ColumnType.datetime,
    "arrived": ColumnType.datetime,
    "air time": ColumnType.number,
}


@pytest.mark.parametrize(
    "rule",
    [
        "late == 0 or delay > 15",
        "not cancelled or arrived is missing",
        "arrived >= planned and arrived - planned < hours(24)",
        "carrier in ('AA', \"UA\") and late not in (2, -1)",
        "`air time` / 60 <= (arrived - planned) / hours(1)",
        "planned > time('2013-01-01') and hour(planned) != 3",
        "minute_of_day(planned) % 60 == 0 or length(lower(carrier)) == 2",
        "max(delay, abs(-delay)) + 1.5e2 * 2 > -delay",
        "planned + minutes(delay) == minutes(delay) + planned",
        "days(1) + hours(2) * 3 - 2 * minutes(1) / 2 > seconds(1)",
        "cancelled == false and true != cancelled",
    ],
)
def test_a_sensible_rule_is_read(rule: str):
    assert columns_of(read(rule, COLUMNS)) <= set(COLUMNS)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "expected a column, a number or a text, got the end (character 1)"),
        ("delay", "a rule is true or false, this is a number (character 1)"),
        ("dleay > 1", "'dleay' is no column of the contract; did you mean 'delay'? (character 1)"),
        ("qqq is missing", "'qqq' is no column of the contract (character 1)"),
        ("delay = 1", "'=' means nothing here; did you mean '=='? (character 7)"),
        ("delay > 1 ; x", "';' means nothing here (character 11)"),
        ("delay > 'a'", "a number cannot be compared with a text (character 7)"),
        ("carrier > 'a'", "a text is not more or less than another (character 9)"),
        ("1 < delay < 3", "comparisons do not chain; join two of them with 'and' (character 11)"),
        ("carrier in ('AA', 3)", "a text is never a number (character 19)"),
        ("carrier in (late)", "a list holds numbers and texts only (character 13)"),
        ("carrier in 'AA'", "expected '(', got 'AA' (character 12)"),
        ("carrier + 1 == 2", "'+' does not go between a text and a number (character 9)"),
        ("planned + planned == planned", "'+' does not go between a time and a time (character 9)"),
        ("not delay", "'not' takes true or false, not a number (character 1)"),
        ("cancelled and late", "'and' takes true or false, not a number (character 11)"),
        ("hour(late) == 1", "hour takes a time, not a number (character 1)"),
        ("hour() == 1", "hour takes a time, not nothing (character 1)"),
        ("max(1, planned) > 1", "max takes a number and a number, not a number and a time (character 1)"),
        ("hours(planned) > hours(1)", "hours takes a number, not a time (character 1)"),
        ("huor(planned) == 1", "there is no function 'huor'; did you mean 'hour'? (character 1)"),
        ("time(carrier) > planned", "time takes a text that is written in the rule (character 1)"),
        ("time('soon') > planned", "'soon' is no time in ISO 8601 (character 6)"),
        ("(delay + 1) is missing", "only a column can be missing (character 13)"),
        ("delay > 1 delay", "expected the end, or 'and', 'or' and more, got 'delay' (character 11)"),
        ("(" * 50 + "delay" + ")" * 50, "a rule goes at most 40 levels deep (character 41)"),
        ("late == 0 or " * 100, "a rule has at most 500 characters, this one 1,300 (character 500)"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_its_place(rule: str, said: str):
    with pytest.raises(RuleError) as raised:
        read(rule, COLUMNS)
    assert str(raised.value) == said


def test_an_unknown_function_that_resembles_none_is_told_which_there_are():
    with pytest.raises(RuleError, match="there is no function 'eval'; there are abs, min, max"):
        read("eval('1') == 1", COLUMNS)


@given(
    st.text(
        st.sampled_from("delay late '\"`()<>=!+-*/%,.0123456789 andornotinismissing"), max_size=60
    )
)
def test_no_text_whatever_does_more_than_be_refused(text: str):
    try:
        read(text, COLUMNS)
    except RuleError:
        return


def test_a_long_chain_of_negations_does_not_exhaust_the_stack():
    assert columns_of(read("not " * 120 + "cancelled", COLUMNS)) == {"cancelled"}
    assert not columns_of(read("1" + "+1" * 240 + " > 1", COLUMNS))


DAY = 86_400_000_000
PLANNED = 15_706 * DAY + 5 * 3_600_000_000  # 2013-01-01T05:00Z, a Tuesday
ROW = {
    "delay": 20.0,
    "late": 1,
    "carrier": "UA",
    "cancelled": False,
    "planned": PLANNED,
    "arrived": PLANNED + 7_200_000_000,
    "air time": None,
}


def verdict(rule: str, row: dict[str, Any]) -> tuple[bool, bool]:
    node = read(rule, COLUMNS)
    return is_broken(node, row), bool(broken(node, cells_of(row), 1)[0])


def cells_of(row: dict[str, Any]) -> dict[str, Cells]:
    return {name: _cells(COLUMNS[name], value) for name, value in row.items()}


def _cells(kind: ColumnType, value: Any) -> Cells:
    missing = np.array([value is None])
    wrong = np.array([False])
    if kind in (ColumnType.string, ColumnType.boolean):
        levels = ("false", "true") if kind is ColumnType.boolean else (value or "",)
        codes = np.array([int(value is True)])
        return Cells(kind, missing, wrong, lambda _: "", levels=levels, codes=codes)
    dtype = np.int64 if kind is ColumnType.datetime else np.float64
    return Cells(kind, missing, wrong, lambda _: "", numbers=np.array([value or 0], dtype=dtype))


@pytest.mark.parametrize(
    ("rule", "is_false"),
    [
        ("late == 1 and delay > 15", False),
        ("late == 0 or delay <= 15", True),
        ("carrier in ('AA', 'UA')", False),
        ("carrier not in ('AA', 'UA')", True),
        ("lower(carrier) == 'ua' and length(carrier) == 2", False),
        ("carrier != 'UA'", True),
        ("not cancelled", False),
        ("cancelled == true", True),
        ("arrived - planned == hours(2)", False),
        ("planned + days(1) < arrived", True),
        ("planned == time('2013-01-01T06:00+01:00')", False),
        ("year(planned) == 2013 and month(planned) == 1 and day(planned) == 1", False),
        ("weekday(planned) == 1 and hour(planned) == 5", False),
        ("minute_of_day(planned) == 301", True),
        ("max(delay, 30) == 30 and min(delay, 30) == abs(-20)", False),
        ("-7 % 5 == 3 and 7 % -5 == -3", False),
        ("hours(1) / minutes(1) == 60", False),
        ("`air time` is missing", False),
        ("`air time` is not missing", True),
        ("`air time` > 0", False),  # unknown
        ("not `air time` > 0", False),  # unknown
        ("`air time` > 0 or late == 0", False),  # unknown
        ("`air time` > 0 and late == 0", True),
        ("late == 0 and `air time` > 0", True),
        ("late == 1 or `air time` > 0", False),
        ("delay / 0 > 1", False),  # unknown
        ("delay % 0 > 1", False),  # unknown
        ("1e300 * 1e300 > 1", False),  # unknown
        ("`air time` in (1, 2)", False),  # unknown
        ("seconds(120) == minutes(2)", False),
    ],
)
def test_a_rule_is_judged_alike_for_one_row_and_for_a_block(rule: str, is_false: bool):
    assert verdict(rule, ROW) == (is_false, is_false)


def test_a_column_that_a_block_has_not_is_missing():
    assert not broken(read("delay > 100", COLUMNS), {}, 2).any()
    assert broken(read("delay is not missing", COLUMNS), {}, 2).all()


finite = st.one_of(st.none(), st.integers(-50, 50).map(float))


@given(
    a=finite, b=finite, sign=st.sampled_from(["+", "-", "*", "/", "%"]),
    compared=st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    joined=st.sampled_from(["and", "or"]), negated=st.booleans(),
)  # fmt: skip
def test_whatever_is_computed_is_the_same_for_a_row_and_a_block(
    a, b, sign, compared, joined, negated
):
    rule = f"delay {sign} `air time` {compared} 3 {joined} {'not ' * negated}`air time` {compared} delay"
    one, block = verdict(rule, {"delay": a, "air time": b})
    assert one == block


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))
def test_parts_of_a_time_are_those_of_the_calendar(time: datetime):
    # a float holds microseconds exactly up to the year 2255 only; whole seconds always
    moment = (time.replace(microsecond=0) - datetime(1970, 1, 1)).total_seconds() * 1e6
    told = [
        PARTS[part](moment) for part in ("year", "month", "day", "weekday", "hour", "minute_of_day")
    ]
    assert told == [time.year, time.month, time.day, time.weekday(), time.hour, time.hour * 60 + time.minute]  # fmt: skip
