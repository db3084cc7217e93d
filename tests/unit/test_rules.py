"""The language of cross-column rules: what is read, and what is refused with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.columns import ColumnType
from trimtab.domain.rules.kinds import columns_of, read
from trimtab.domain.rules.nodes import RuleError

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
