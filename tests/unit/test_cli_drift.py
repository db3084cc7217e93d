"""`trimtab drift check`: any two files, what it prints, what it writes, how it ends."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from trimtab.cli import main

MODEL = {
    "name": "late-planes",
    "data": {"target": "late", "entity_key": "customer"},
    "contract": {
        "columns": {
            "customer": {"type": "integer"},
            "delay": {"type": "number", "personal": True},
            "carrier": {"type": "string"},
            "late": {"type": "integer"},
        }
    },
    "training": {"entry_point": "train.py"},
}


def table(rows: int, *, shift: float = 0.0, seed: int = 1) -> list[dict]:
    """Rows of customers with 20 rows each, over 25 days."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 0.55, rows // 20)
    return [
        {
            "customer": seed * 1_000_000 + place // 20,
            "at": f"2026-05-{1 + place * 25 // rows:02}T10:00:00",
            "delay": round(float(rng.normal(own[place // 20] + shift, 0.8)), 3),
            "carrier": str(rng.choice(["AA", "BB", "CC"], p=[0.6, 0.3, 0.1])),
            "late": int(rng.integers(0, 2)),
        }
        for place in range(rows)
    ]


def csv(rows: list[dict]) -> bytes:
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drift")
    (folder / "before.csv").write_bytes(csv(table(12_000)))
    (folder / "same.csv.gz").write_bytes(gzip.compress(csv(table(2_000, seed=2))))
    moved = "".join(json.dumps(row) + "\n" for row in table(2_000, shift=0.9, seed=3))
    (folder / "moved.jsonl").write_text(moved)
    model = folder / "late_planes"
    model.mkdir()
    (model / "model.yaml").write_text(yaml.safe_dump(MODEL))
    for name in ("train.py", "inference.py"):
        (model / name).touch()
    return folder


@pytest.fixture
def check(files, monkeypatch, capsys):
    monkeypatch.chdir(files)

    def run(current: str, *words: str) -> tuple[int, str, str]:
        argv = ["trimtab", "drift", "check", "--reference", "before.csv", "--current", current]
        monkeypatch.setattr(sys, "argv", [*argv, *words])
        with pytest.raises(SystemExit) as ended:
            main.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


def test_a_file_of_the_same_kind_ends_with_0(check):
    code, out, _ = check("same.csv.gz", "--entity-key", "customer")
    assert code == 0
    assert "no drift" in out
    assert "customer" not in out.replace("CUSTOMER", "")


def test_a_file_that_drifted_ends_with_3_and_names_the_worst_first(check):
    code, out, _ = check("moved.jsonl", "--entity-key", "customer", "--output", "json")
    report = json.loads(out)
    assert code == 3
    assert report["state"] == "drift"
    worst = report["judgements"][0]
    assert (worst["column"], worst["aspect"], worst["state"]) == ("delay", "distribution", "drift")
    assert worst["effective_rows"] < 1_000 < worst["rows"]
    assert sum(one["window"] for one in worst["bins"]) == 2_000


def test_rows_of_one_customer_are_worth_less_than_rows(check):
    loose = json.loads(check("same.csv.gz", "--output", "json")[1])
    tied = json.loads(check("same.csv.gz", "--entity-key", "customer", "--output", "json")[1])

    def delay(report):
        return next(
            one
            for one in report["judgements"]
            if (one["column"], one["aspect"]) == ("delay", "distribution")
        )

    assert delay(loose)["effective_rows"] == 2_000
    assert delay(tied)["effective_rows"] < 800


def test_rows_of_one_day_may_hang_together_too(check):
    code, out, _ = check("same.csv.gz", "--time-column", "at", "--output", "json")
    report = json.loads(out)
    assert code == 3  # other customers: a key is nothing to compare, where it is not named as one
    assert {one["column"] for one in report["judgements"] if one["state"] == "drift"} == {
        "customer"
    }


def test_a_model_file_gives_types_and_entity_key_and_keeps_personal_values_back(check, files):
    code, out, _ = check(
        "moved.jsonl", "--model-file", "late_planes/model.yaml", "--output", "json"
    )
    report = json.loads(out)
    assert code == 0  # what moved is personal
    assert {one["aspect"] for one in report["judgements"] if one["column"] == "delay"} == {
        "missing"
    }
    assert "customer" not in {one["column"] for one in report["judgements"]}


def test_a_column_that_is_no_number_after_many_rows_is_taken_for_text(check, files, monkeypatch):
    rows = [f"{place % 7}" for place in range(80_000)]
    (files / "late.csv").write_text("\n".join(["code", *rows, *["x7"] * 600]) + "\n")
    (files / "short.csv").write_text("\n".join(["code", *rows[:3_000]]) + "\n")
    code, out, _ = check("short.csv", "--reference", "late.csv", "--output", "json")
    assert code == 0
    found = json.loads(out)["judgements"]
    bins = next(one["bins"] for one in found if one["aspect"] == "distribution")
    assert {"name": "x7", "reference": 600, "window": 0} in bins


def test_the_report_is_one_page_that_asks_for_nothing_from_anywhere(check, files):
    code, _, err = check(
        "moved.jsonl", "--html", "drift.html", "--prediction", "late", "--important", "delay"
    )
    page = (files / "drift.html").read_text()
    assert code == 3
    assert "wrote drift.html" in err
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "http" not in page
    assert page.index('id="j0" class="drift"') < page.index('class="ok"')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--entity-key", "nobody"], "the reference has no column nobody"),
        (["--time-column", "delay"], "delay holds number, not times"),
        (["--model-file", "nowhere.yaml"], "there is no file nowhere.yaml"),
    ],
)
def test_what_cannot_be_asked_is_said_with_a_way_out(check, words, said):
    code, _, err = check("same.csv.gz", *words)
    assert code in (2, 5)
    assert said in err


def test_a_file_that_cannot_be_read_is_refused(check, files):
    (files / "empty.csv").write_bytes(b"")
    code, _, err = check("empty.csv")
    assert code == 2
    assert "the file is empty" in err
