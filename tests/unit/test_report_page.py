"""The report as a page: what is wrong, where, how bad, what to do."""

from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab.domain.anomalies import Anomaly, AnomalyCode, Example, Offender
from trimtab.domain.datasets import Report
from trimtab.domain.remedies import AGAIN, remedy
from trimtab.domain.report_page import by_weight, report_page


def anomaly(code: str, **told: Any) -> Anomaly:
    return Anomaly(code=AnomalyCode(code), sentence=told.pop("sentence", f"{code} it is"), **told)


def report(*anomalies: Anomaly, **told: Any) -> Report:
    facts = {
        "key": "incoming/flights/march.csv",
        "copy_uri": "s3://b/quarantine/x/object.csv",
        **told,
    }
    return Report(
        model="flights",
        version_id="v1",
        reason="it is so",
        at=datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC),
        size=1234,
        sha256=None,
        format="csv",
        rows=1000,
        anomalies=anomalies,
        **facts,
    )


SMALL = anomaly(
    "BELOW_MINIMUM",
    column="a",
    count=1,
    share=0.001,
    limit=0,
    examples=(Example(row=7, value="-1"),),
)
LARGE = anomaly(
    "NOT_ALLOWED_VALUE", column="b", count=900, share=0.9, limit=0.05,
    examples=tuple(Example(row=n, value="x") for n in range(1, 10)), offenders=(Offender(value="x`|y", rows=900),),
)  # fmt: skip
WHOLE = anomaly("SPAN_OUTSIDE", column="at", limit=28)
SHARE = anomaly("LEVELS_SHIFTED", column="c", share=0.3, limit=0.1)


def test_the_worst_comes_first_and_what_concerns_the_whole_file_before_all():
    assert by_weight([SMALL, SHARE, LARGE, WHOLE]) == [WHOLE, LARGE, SHARE, SMALL]


def test_the_first_lines_say_what_where_how_bad_and_what_to_do():
    lines = report_page(report(SMALL, LARGE, WHOLE, SHARE)).splitlines()
    assert lines[0] == "# ✖ march.csv is in quarantine"
    assert lines[2] == "**4 rules are broken in 1,000 rows** of 1,234 bytes, for model flights."
    assert lines[4] == "| what | where | how bad | allowed | rows | what to do |"
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[6:10]]
    assert [row[:5] for row in cells] == [
        ["SPAN_OUTSIDE", "at", "the whole file", "28", ""],
        ["NOT_ALLOWED_VALUE", "b", "90 % (900 rows)", "5 %", "1, 2, 3, 4, 5, …"],
        ["LEVELS_SHIFTED", "c", "30 %", "10 %", ""],
        ["BELOW_MINIMUM", "a", "0.1 % (1 row)", "none", "7"],
    ]
    assert cells[0][5] == remedy(AnomalyCode.span_outside)


def test_the_values_follow_each_sentence_and_cannot_become_markup():
    page = report_page(report(SMALL, LARGE, anomaly("UNREADABLE", sentence="<b>bad `x`</b>")))
    assert "- NOT_ALLOWED_VALUE it is: `x'|y` in 900 rows" in page
    assert "- BELOW_MINIMUM it is: `-1`" in page
    assert "- &lt;b>bad 'x'&lt;/b>" in page


def test_one_broken_rule_is_one_rule_and_many_are_cut():
    assert "**1 rule is broken" in report_page(report(SMALL))
    assert "and 3 more, below" in report_page(report(*[SMALL] * 15))


def test_the_page_says_what_becomes_of_the_object_and_how_to_end_its_quarantine():
    page = report_page(
        report(SMALL, contract="abc", compared_with=4, notices=(anomaly("UNKNOWN_COLUMN"),))
    )
    assert "- copy `s3://b/quarantine/x/object.csv`" in page
    assert "- judged by contract `abc` at 2026-03-01 04:05:06 UTC" in page
    assert "- compared with the batch of dataset version 4" in page
    assert "## Also told\n\n- UNKNOWN_COLUMN it is" in page
    assert '    trimtab data release incoming/flights/march.csv --reason "' in page


@pytest.mark.parametrize(
    ("key", "typed"),
    [("incoming/a b.csv", "'incoming/a b.csv'"), ("incoming/it's.csv", "'incoming/it'\\''s.csv'")],
)
def test_a_key_can_be_typed_as_it_is_shown(key, typed):
    page = report_page(report(SMALL, key=key, copy_uri=None))
    assert f"trimtab data reject {typed} --reason" in page
    assert "- copy" not in page


def test_an_anomaly_without_a_remedy_of_its_own_is_mended_at_its_source():
    assert remedy(AnomalyCode.unreadable) == AGAIN
