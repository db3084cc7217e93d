"""`trimtab data infer`, `check` and `contract`: what they print and how they end."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from tests import flights
from trimtab.cli import main

MODEL = {
    "name": "late-planes",
    "data": {"target": "late"},
    "contract": flights.CONTRACT.model_dump(mode="json", exclude_defaults=True),
    "training": {"entry_point": "train.py"},
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with one model and some files."""
    folder = tmp_path / "pipelines" / "late_planes"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(yaml.safe_dump(MODEL))
    for name in ("train.py", "inference.py"):
        (folder / name).touch()
    (tmp_path / "good.csv").write_bytes(flights.csv(40))
    (tmp_path / "bad.csv").write_bytes(flights.csv(40, row7=flights.row(1).replace("B6", "ZZ")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["trimtab", *words])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_a_good_file_would_be_accepted(here, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "check", "good.csv") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "good.csv, 40 rows, would be accepted for late-planes\n"


def test_a_bad_file_ends_with_3_and_says_what_where_how_bad_and_what_to_do(
    here, monkeypatch, capsys
):
    assert _run(monkeypatch, "data", "check", "bad.csv", "--model", "late-planes") == 3
    told = capsys.readouterr()
    head, line = told.out.splitlines()
    assert head.split()[:5] == ["WHAT", "WHERE", "HOW", "BAD", "ROWS"]
    assert line.startswith("NOT_ALLOWED_VALUE  carrier  2.5 % (1 row)  7     carrier: 1 of 40 rows")
    assert line.endswith(
        "a new spelling is mended at the source; a truly new value goes into allowed"
    )
    assert told.err == "bad.csv, 40 rows, would be quarantined for late-planes: 1 rule broken\n"


def test_a_program_gets_all_that_was_found(here, monkeypatch, capsys):
    assert _run(monkeypatch, "--output", "json", "data", "check", "bad.csv") == 3
    found = json.loads(capsys.readouterr().out)
    assert found["anomalies"][0]["offenders"] == [{"value": "ZZ", "rows": 1}]
    assert found["rows"] == 40


def test_a_file_is_compared_with_the_one_before_it(here, monkeypatch, capsys):
    model = {
        **MODEL,
        "contract": {
            **MODEL["contract"],
            "since_last": {"minimum_rows": 10, "row_ratio": {"maximum": 2}},
        },
    }
    (here / "pipelines" / "late_planes" / "model.yaml").write_text(yaml.safe_dump(model))
    (here / "long.csv").write_bytes(flights.csv(100))
    assert _run(monkeypatch, "data", "check", "long.csv", "--after", "good.csv") == 3
    assert (
        "2.5 times the 40 of the last accepted batch (at most 2 expected)"
        in capsys.readouterr().out
    )


def test_what_is_new_is_told_beside_the_verdict(here, monkeypatch, capsys):
    wider = b"\n".join(line + b",x" for line in flights.csv(40).splitlines())
    (here / "wider.csv").write_bytes(wider)
    assert _run(monkeypatch, "data", "check", "wider.csv") == 0
    assert "also: 1 column is not in the contract: x" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["check", "none.csv"], 5, "there is no file none.csv"),
        (["infer", "none.csv"], 5, "there is no file none.csv"),
        (["check", "good.csv", "--model", "other"], 5, "there is no pipelines/other/model.yaml"),
        (["check", "good.csv", "--models", "none"], 2, "none/ holds 0 models: none"),
        (
            ["check", "good.csv", "--after", "empty.csv"],
            2,
            "empty.csv cannot be compared with: the file is empty",
        ),
        (["infer", "empty.csv"], 2, "the file is empty"),
        (["infer", "header.csv"], 2, "the files have no row"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_way_out(here, monkeypatch, capsys, words, code, said):
    (here / "empty.csv").touch()
    (here / "header.csv").write_text("a,b\n")
    assert _run(monkeypatch, "data", *words) == code
    assert said in capsys.readouterr().err


def test_a_mistake_in_model_yaml_is_told_once(here, monkeypatch, capsys):
    model = {**MODEL, "name": "early-planes", "owner": 5}
    (here / "pipelines" / "late_planes" / "model.yaml").write_text(yaml.safe_dump(model))
    assert _run(monkeypatch, "data", "check", "good.csv") == 2
    told = capsys.readouterr().err
    assert "owner: " in told
    assert told.count("owner: ") == 1


def test_a_proposed_contract_is_yaml_that_accepts_what_it_was_made_of(here, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "infer", "good.csv") == 0
    told = capsys.readouterr()
    assert told.out.startswith(
        "# Proposed from 1 file with 40 rows: read it before you believe it.\ncontract:\n"
    )
    assert "      type: datetime   # all 40 values are times\n" in told.out
    assert "then trimtab data check FILE" in told.err
    model = {**MODEL, **yaml.safe_load(told.out)}
    (here / "pipelines" / "late_planes" / "model.yaml").write_text(yaml.safe_dump(model))
    assert _run(monkeypatch, "data", "check", "good.csv") == 0


def test_a_program_gets_the_proposed_contract_alone(here, monkeypatch, capsys):
    assert _run(monkeypatch, "data", "infer", "good.csv", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["columns"]["late"]["maximum"] == 1
