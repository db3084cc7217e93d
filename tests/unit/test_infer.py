"""What is proposed for files, and why."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from trimtab.cli.contract_yaml import contract_yaml, scalar
from trimtab.data.survey import survey, types_of
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.evidence import ColumnOfFile
from trimtab.domain.proposal import Proposal, propose


@pytest.fixture
def proposed(tmp_path: Path):
    def made(*bodies: str) -> Proposal:
        files = []
        for place, body in enumerate(bodies):
            file = tmp_path / f"{place}.csv"
            file.write_text(body)
            files.append(file)
        return propose(survey(files))

    return made


def table(header: str, rows: int, row) -> str:
    return "\n".join([header, *(row(n) for n in range(rows))])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "30"], "integer"),
        (["1", "2.5", ""], "number"),
        (["1.0", "", "3.0"], "integer"),
        (["true", "False", ""], "boolean"),
        (["0", "1", "1"], "integer"),
        (["2013-01-01", "2013-01-02T03:04:05Z"], "datetime"),
        (["00501", "10001"], "string"),
        (["a", "1", ""], "string"),
        (["", ""], "string"),
    ],
)
def test_the_narrowest_type_of_all_values_is_taken(tmp_path: Path, values, kind):
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["x,y", *(f"{value},1" for value in values)]))
    assert types_of([file])["x"] == ColumnType(kind)


def test_one_file_says_little_and_less_is_proposed_for_it(proposed):
    contract = proposed(table("a,b", 200, lambda n: f"{n % 7},{n * 1.5}")).contract
    assert (contract.minimum_rows, contract.maximum_rows) == (20, None)
    assert contract.since_last.row_ratio is None
    assert contract.columns["b"].mean is None
    assert (contract.columns["a"].minimum, contract.columns["a"].maximum) == (0, 6)


def test_files_that_differ_say_how_much_the_next_may(proposed):
    files = [
        table(
            "a,b", rows, lambda n, at=at: f"{n},{'' if at and not n % 4 else 'x' if n % 2 else 'y'}"
        )
        for at, rows in enumerate((100, 200))
    ]
    contract = proposed(*files).contract
    assert (contract.minimum_rows, contract.maximum_rows) == (50, 400)
    assert contract.columns["a"].unique
    assert contract.columns["b"].nullable
    assert contract.columns["b"].allowed == ("x", "y")
    assert contract.since_last.missing_change == 0.52
    assert contract.since_last.row_ratio.holds(2)


def test_of_a_column_that_is_personal_by_its_name_no_value_is_proposed(proposed):
    proposal = proposed(table("email,phone,n", 200, lambda n: f"m{n % 3}@b.example,{n},{n}"))
    said = contract_yaml(proposal, about="x")
    assert "example" not in said
    email, phone = (proposal.contract.columns[name] for name in ("email", "phone"))
    assert email.personal
    assert phone.personal
    assert phone.maximum is None


def test_times_that_follow_each_other_become_a_rule(proposed):
    body = table(
        "began,`ended,n", 30, lambda n: f"2013-01-{n % 28 + 1:02},2013-02-{n % 28 + 1:02},{n * 99}"
    )
    contract = proposed(body.replace("`", "")).contract
    assert [rule.rule for rule in contract.rules] == ["began <= ended"]


def test_a_number_beside_a_time_becomes_a_rule_whatever_its_name(proposed):
    body = table(
        "at,the hour", 2000, lambda n: f"2013-01-{n % 28 + 1:02}T{n % 20:02}:30:00Z,{n % 20}"
    )
    contract = proposed(body).contract
    assert "(hour(at) - `the hour`) % 24 in (0)" in [rule.rule for rule in contract.rules]
    assert contract.times.hours == tuple(range(20))


def test_rare_texts_of_one_file_say_that_others_may_follow(proposed):
    rows = [f"{'abcdefghijklmnopqrstuvwxyz'[n % 25]}" for n in range(999)] + ["once"]
    column = proposed(
        "\n".join(["t,n", *(f"{t},{n}" for n, t in enumerate(rows))])
    ).contract.columns["t"]
    assert len(column.allowed) == 26
    assert column.new_share == 0.002


def test_free_text_is_held_to_its_length_only(proposed):
    column = proposed(table("t,n", 3000, lambda n: f"text {n},{n}")).contract.columns["t"]
    assert (column.allowed, column.longest) == (None, 18)


def test_a_column_that_comes_with_the_second_file_may_be_missing(proposed):
    contract = proposed("a,b\n1,2\n2,3\n", "a,b,c\n3,4,5\n4,5,6\n").contract
    assert contract.columns["c"].nullable
    assert contract.columns["a"].nullable is False


def test_what_has_no_value_is_a_guess(proposed):
    proposal = proposed("a,b\n1,\n2,\n", "a,b\n1,\n2,\n")
    assert (proposal.contract.columns["b"].type, proposal.contract.columns["b"].longest) == (
        "string",
        None,
    )
    assert "no value was seen" in contract_yaml(proposal, about="x")


@pytest.mark.parametrize(
    "value",
    [
        "yes",
        "NO",
        "9E",
        "a b",
        "ä'\"\\",
        "1",
        "",
        "x-y",
        "null",
        "2013-01-01",
        "#",
        True,
        3,
        -0.25,
        1e20,
        2**60,
    ],
)
def test_a_value_is_read_back_as_it_was_written(value):
    assert yaml.safe_load(f"a: {scalar(value)}") == {"a": value}


def test_what_is_written_is_read_back_whole(proposed):
    body = table(
        "at,on,no,x y",
        500,
        lambda n: (
            f"2013-01-{n % 28 + 1:02}T{n % 20:02}:00:00Z,{n % 3},{'yes' if n % 2 else 'no'},{n / 7}"
        ),
    )
    proposal = proposed(body, body.replace("yes", "on"))
    told = yaml.safe_load(contract_yaml(proposal, about="x"))["contract"]
    assert Contract.model_validate(told, strict=False) == proposal.contract


def test_more_different_values_than_a_list_holds_are_not_listed(proposed):
    contract = proposed(*[table("a,b", 1500, lambda n: f"{n},t{n}")] * 2).contract
    assert contract.columns["b"].allowed is None
    assert contract.since_last.level_shift is None


def test_numbers_are_given_room_where_none_was_seen(proposed):
    body = table("low,far,one,t", 400, lambda n: f"{n - 200.5},{1000 + n / 7},{5},{n % 3}")
    columns = proposed(body).contract.columns
    assert (columns["low"].minimum, columns["low"].maximum) == (-400, 400)
    assert (columns["far"].minimum, columns["far"].maximum) == (970, 1100)
    assert (columns["one"].minimum, columns["one"].maximum) == (5, 5)


def test_numbers_that_never_change_move_by_nothing(proposed):
    contract = proposed(*[table("a,b", 50, lambda n: "7,8")] * 2).contract
    assert contract.since_last.mean_shift is None
    assert not contract.columns["a"].varies
    assert contract.since_last.level_shift is None


def test_times_of_files_that_cover_the_same_time_say_how_long_the_next_is(proposed):
    bodies = [
        table(
            "at,n",
            280,
            lambda n, month=month: f"2013-{month:02}-{n // 10 + 1:02}T{n % 10:02}:00:00Z,{n}",
        )
        for month in (1, 2, 3)
    ]
    times = proposed(*bodies).contract.times
    assert (times.span_days.minimum, times.span_days.maximum) == (26, 29)
    assert times.gap_hours == 28
    assert times.hours is None  # too few rows to call an hour quiet


def test_files_of_very_different_times_say_nothing_of_the_next(proposed):
    short, long = (
        table(
            "at,n",
            60,
            lambda n, step=step: f"2013-01-01T00:{n * step // 60:02}:{n * step % 60:02}Z,{n}",
        )
        for step in (1, 20)
    )
    times = proposed(short, long).contract.times
    assert (times.span_days, times.gap_hours) == (None, None)


def test_a_file_without_rows_beside_others_is_no_change(proposed):
    contract = proposed("a,b\n", "a,b\n1,2\n3,4\n").contract
    assert contract.since_last.row_ratio is None
    assert contract.minimum_rows == 1


def test_a_column_is_counted_block_by_block():
    column = ColumnOfFile()
    for start in (0, 1500, 3000):
        numbers = np.arange(start, start + 1500, dtype=np.float64)
        none = np.zeros(1500, dtype=np.bool_)
        column.add(Cells(ColumnType.integer, none, none, str, numbers=numbers))
    column.add(Cells(ColumnType.integer, ~none, none, str, numbers=numbers))
    assert (column.rows, column.missing, column.levels) == (6000, 1500, None)
    assert (column.minimum, column.maximum, column.mean) == (0, 4499, 2249.5)
    texts = ColumnOfFile()
    for start in (0, 1500):
        levels = tuple(f"t{n}" for n in range(start, start + 1500))
        texts.add(Cells(ColumnType.string, none, none, str, levels=levels, codes=np.arange(1500)))
    assert (texts.levels, texts.longest, texts.varies) == (None, 5, True)
