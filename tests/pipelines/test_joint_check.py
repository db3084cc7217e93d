"""The joint check of data, parameters and code: what it refuses, with which facts, and what it lets through."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipelines.steps.check import joint_check
from pipelines.steps.findings import Checked
from pipelines.steps.model_source import ModelSource
from pipelines.steps.prepare import split

TRAIN = 'rows = pd.read_csv(options.train)\nparser.add_argument("--depth")\n'
MODEL = ModelSource(
    name="churn",
    problem="binary",
    columns={name: {} for name in ("at", "who", "plan", "spend", "left")},
    target="left",
    time_column="at",
    seed=1,
    metric="auc",
    floor=None,
    margin=0.01,
    share=0.2,
    minimum_rows=100,
    features=("plan", "spend"),
    entity_key=None,
    entry_point="train.py",
    hyperparameters={},
    waive=(),
    code={"train.py": TRAIN, "inference.py": "def predict_fn(rows, model): ..."},
)


def table(rows: int = 1000) -> pd.DataFrame:
    """Rows that nothing stands against."""
    chance = np.random.default_rng(5)
    days = pd.date_range("2026-01-01", periods=rows, freq="h", tz="UTC")
    return pd.DataFrame(
        {
            "at": days.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "who": [f"c{n // 2}" for n in range(rows)],
            "plan": chance.choice(["a", "b", "c"], rows),
            "spend": chance.normal(50, 10, rows),
            "left": chance.integers(0, 2, rows),
        }
    )


def check(rows: pd.DataFrame | None = None, **model: Any) -> Checked:
    changed = replace(MODEL, **model)
    return joint_check(changed, *split(table() if rows is None else rows, changed))


def refused(checked: Checked) -> list[str]:
    return [finding.name for finding in checked.findings if finding.refuses]


def test_rows_parameters_and_code_that_fit_each_other_are_let_through():
    checked = check(hyperparameters={"depth": 3})
    assert checked.passed
    assert checked.sentence == "800 rows to train on, 200 to judge by"
    assert {finding.name for finding in checked.findings} == {
        "rows",
        "classes",
        "parameters",
        "columns",
        "constant_feature",
        "copy_of_target",
        "overlapping_rows",
    }


def constant(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(spend=1.0)


def one_class_at_the_end(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(left=rows["left"].where(rows.index < 800, 1))


def shared_days(rows: pd.DataFrame) -> pd.DataFrame:
    """The last day before the split is there again after it."""
    again = rows[776:800].assign(at=rows["at"][999])
    return pd.concat([rows.assign(at=rows["at"].where(rows.index < 776, rows["at"][999])), again])


@pytest.mark.parametrize(
    ("change", "name", "sentence"),
    [
        (
            lambda rows: rows[:400],
            "rows",
            "400 rows leave 80 for evaluation (share 0.2), fewer than evaluation.minimum_rows 100",
        ),
        (
            lambda rows: rows.assign(left=0),
            "classes",
            "all 800 training rows have left 0; both classes are needed",
        ),
        (
            one_class_at_the_end,
            "classes",
            "all 200 evaluation rows have left 1; both classes are needed",
        ),
        (
            lambda rows: rows.assign(left=rows["left"] + 1),
            "classes",
            "left has 2 values in the training rows, not 0 and 1",
        ),
        (
            constant,
            "constant_feature",
            "spend has the same value in all 800 training rows",
        ),
        (
            lambda rows: rows.assign(plan=None),
            "constant_feature",
            "plan has the same value in all 800 training rows",
        ),
        (
            lambda rows: rows.assign(spend=rows["left"]),
            "copy_of_target",
            "in all 800 training rows spend tells left: it equals it",
        ),
        (
            lambda rows: rows.assign(spend=3 - 2 * rows["left"]),
            "copy_of_target",
            "in all 800 training rows spend tells left: it is it times a number, plus a number",
        ),
        (
            lambda rows: rows.assign(spend=rows["spend"] + 1000 * rows["left"]),
            "copy_of_target",
            "in all 800 training rows spend tells left: it lies on one side of a limit in all rows"
            " of one class and on the other in all else",
        ),
        (
            lambda rows: rows.assign(plan=rows["left"].map({0: "stayed", 1: "gone"})),
            "copy_of_target",
            "in all 800 training rows plan tells left: it has 2 values, each with a single value of it",
        ),
        (
            lambda rows: rows.assign(spend=rows["spend"].where(rows["left"] == 1).round(-2)),
            "copy_of_target",
            "in all 800 training rows spend tells left: it has 3 values, each with a single value of it",
        ),
    ],
)
def test_rows_that_no_model_can_come_from_are_refused_with_the_facts(change, name, sentence):
    checked = check(change(table()))
    assert name in refused(checked)
    assert sentence in checked.sentence


def test_a_feature_that_is_missing_in_one_class_only_tells_the_target():
    rows = table()
    rows["spend"] = rows["spend"].where(rows["left"] == 1).mask(rows["left"] == 1, 1.0)
    assert refused(check(rows)) == ["copy_of_target"]


def test_rows_that_train_and_judge_are_counted():
    checked = check(pd.concat([table(), table()[-160:]]), time_column=None)
    assert refused(checked) == ["overlapping_rows"]
    assert "evaluation rows (" in checked.sentence
    assert "are training rows too (at most 1% may be)" in checked.sentence


def test_entities_on_both_sides_are_counted_and_drawn_whole_where_no_time_orders_them():
    rows = table().assign(who=[f"c{n % 300}" for n in range(1000)])
    checked = check(rows, entity_key="who")
    assert refused(checked) == ["shared_entities"]
    assert checked.sentence == (
        "200 of 200 values of who in the evaluation rows (200 rows) stand in the training rows too"
    )
    drawn = check(rows, entity_key="who", time_column=None)
    assert drawn.passed
    assert drawn.evaluation_rows in range(200, 204)


def test_one_entity_alone_leaves_nothing_to_judge_by():
    checked = check(table().assign(who="c"), entity_key="who", time_column=None)
    assert (checked.train_rows, checked.evaluation_rows) == (1000, 0)
    assert refused(checked) == ["rows"]


def test_no_rows_are_refused_and_not_stumbled_over():
    checked = check(table()[:0])
    assert not checked.passed
    assert "0 rows leave 0 for evaluation" in checked.sentence
    assert "none to train on" in checked.sentence


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"min-samples-leaf": 401},
            "min-samples-leaf 401 asks for 802 training rows (a split leaves so many on each side), there are 800",
        ),
        ({"n_neighbors": 801}, "n_neighbors 801 asks for 801 training rows"),
        (
            {"cv": 500},
            "cv 500 asks for 500 training rows of the rarer class (each fold needs some)",
        ),
    ],
)
def test_parameters_that_the_rows_cannot_serve_are_refused(parameters, sentence):
    checked = check(hyperparameters=parameters, code={})
    assert refused(checked) == ["parameters"]
    assert sentence in checked.sentence


@pytest.mark.parametrize(
    "parameters",
    [{"min-samples-leaf": 400}, {"min_samples_leaf": 0.9}, {"batch-size": True}, {"depth": 9000}],
)
def test_parameters_that_the_rows_can_serve_are_let_through(parameters):
    assert check(hyperparameters=parameters, code={}).passed


def test_folds_of_a_regression_are_of_all_rows():
    rows = table().assign(left=np.random.default_rng(1).normal(size=1000))
    assert check(rows, problem="regression", hyperparameters={"cv": 700}, code={}).passed
    copied = check(rows.assign(spend=rows["left"] * -4 + 1), problem="regression")
    assert refused(copied) == ["copy_of_target"]
    flat = check(rows.assign(left=1.5), problem="regression")
    assert "more than one value is needed" in flat.sentence


@pytest.mark.parametrize(
    ("code", "name", "sentence"),
    [
        (
            {"train.py": TRAIN + 'x = rows["spent"]'},
            "columns",
            "train.py names spent (line 3): no column of the contract",
        ),
        (
            {"inference.py": 'def predict_fn(rows, model):\n    return rows["at"]'},
            "columns",
            "inference.py names at (line 2): no column of a request, which holds the features",
        ),
        ({"train.py": "def main(:"}, "code", "train.py line 1: invalid syntax"),
    ],
)
def test_code_that_does_not_fit_the_contract_is_refused(code, name, sentence):
    checked = check(code=code)
    assert refused(checked) == [name]
    assert checked.sentence == sentence


def test_a_hyperparameter_that_the_script_does_not_take_is_refused():
    checked = check(hyperparameters={"dept": 3})
    assert refused(checked) == ["parameters"]
    assert checked.sentence == "train.py takes no --dept; its flags are depth"


def test_what_the_owner_lives_with_is_told_and_refuses_nothing():
    checked = check(constant(table()), waive=("constant_feature",))
    assert checked.passed
    assert checked.sentence == (
        "800 rows to train on, 200 to judge by; "
        "waived: spend has the same value in all 800 training rows"
    )
    told = {finding["name"]: finding for finding in checked.as_json()["findings"]}
    assert told["constant_feature"]["waived"]
    assert not told["constant_feature"]["passed"]


def test_a_refusal_tells_three_facts_and_counts_the_others():
    code = {"train.py": TRAIN + 'x = rows[["a1","a2","a3","a4","a5","a6"]]', "inference.py": "("}
    checked = check(constant(table()[:400]), code=code, hyperparameters={"cv": 999})
    assert checked.sentence.endswith("; and 3 more, see check.json")
    sentences = [finding.sentence for finding in checked.findings]
    assert any("a5 (line 3) and 1 more: no column" in each for each in sentences)


def test_a_handful_of_rows_proves_no_leak():
    assert "copy_of_target" not in refused(check(table(20).assign(spend=table(20)["left"])))
