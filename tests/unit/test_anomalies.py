"""What a report keeps of what is wrong, and what it does not."""

from trimtab.domain.anomalies import (
    EXAMPLES,
    OFFENDERS,
    REMEMBERED,
    Anomaly,
    AnomalyCode,
    Example,
    Tally,
    concealed,
    counted,
)


def test_a_tally_keeps_the_first_rows_and_the_values_most_to_blame():
    tally = Tally()
    tally.add(100, ((n, f"v{n}") for n in range(1, 101)))
    assert [example.row for example in tally.examples] == list(range(1, EXAMPLES + 1))
    tally.blame({f"v{n}": 1 for n in range(REMEMBERED)} | {"often": 9})
    tally.blame({"v7": 5, "never seen before": 99})
    assert [(one.value, one.rows) for one in tally.offenders][:2] == [("v7", 6), ("v0", 1)]
    assert len(tally.offenders) == OFFENDERS


def test_a_tally_of_a_personal_column_keeps_rows_only():
    tally = Tally(conceal=True)
    tally.add(1, [(3, "SECRET")])
    tally.blame({"SECRET": 1})
    assert (tally.count, tally.examples, tally.offenders) == (1, (Example(row=3),), ())


def test_whole_rows_are_concealed_where_one_of_their_columns_is_personal():
    row = Anomaly(
        code=AnomalyCode.field_count, sentence="1 row", examples=(Example(row=2, value="SECRET,1"),)
    )
    assert concealed(row).examples == (Example(row=2),)
    engine = Anomaly(code=AnomalyCode.unreadable, sentence="it cannot be read: at 'SECRET'")
    assert concealed(engine).sentence == "it cannot be read"
    names = Anomaly(
        code=AnomalyCode.unknown_column, sentence="1 column: x", examples=(Example(value="x"),)
    )
    assert concealed(names) == names
    own = Anomaly(
        code=AnomalyCode.above_maximum,
        column="a",
        sentence="1 row",
        examples=(Example(row=2, value="9"),),
    )
    assert concealed(own) == own


def test_one_row_is_a_row_and_two_are_rows():
    assert [counted(n, "row") for n in (1, 2, 1000)] == ["1 row", "2 rows", "1,000 rows"]
