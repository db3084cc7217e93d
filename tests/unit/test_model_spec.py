"""A model whose parts contradict each other cannot be built; what depends on its parts follows from them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trimtab.domain.columns import Column, ColumnType, Range
from trimtab.domain.contract import Contract
from trimtab.domain.model import ModelSpec
from trimtab.domain.retraining import Retraining


def model(columns: dict[str, dict[str, Any]], **data: str) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "name": "churn",
            "data": data,
            "contract": {"columns": columns},
            "training": {"entry_point": "train.py"},
        },
        strict=False,
    )


def column(**given: Any) -> Column:
    return Column.model_validate(given, strict=False)


@pytest.mark.parametrize("kind", ["string", "boolean", "datetime"])
@pytest.mark.parametrize("limit", ["minimum", "maximum"])
def test_only_numbers_have_limits(kind: str, limit: str) -> None:
    with pytest.raises(ValidationError, match=f"{limit} is for numbers, not for type {kind}"):
        column(type=kind, **{limit: 1})


@pytest.mark.parametrize("kind", ["integer", "number", "boolean", "datetime"])
def test_only_strings_have_allowed_values(kind: str) -> None:
    with pytest.raises(ValidationError, match=f"allowed is for strings, not for type {kind}"):
        column(type=kind, allowed=["a"])


@given(low=st.integers(-100, 100), high=st.integers(-100, 100))
def test_a_range_is_refused_exactly_when_nothing_lies_in_it(low: int, high: int) -> None:
    if low > high:
        with pytest.raises(ValidationError, match="is over maximum"):
            column(type="number", minimum=low, maximum=high)
    else:
        assert column(type="number", minimum=low, maximum=high).type is ColumnType.number


@pytest.mark.parametrize("role", ["target", "time_column", "entity_key"])
def test_a_named_column_has_to_be_in_the_contract(role: str) -> None:
    columns = {"late": {"type": "boolean"}, "distance": {"type": "number"}}
    with pytest.raises(ValidationError, match=rf"data\.{role} 'dely' is not a column"):
        model(columns, **{"target": "late", role: "dely"})


def test_a_step_that_waits_for_labels_leaves_them_their_time() -> None:
    columns = {"late": {"type": "boolean"}, "distance": {"type": "number"}}
    spec = model(columns, target="late").model_dump(mode="json")
    spec["release"]["steps"]["guardrails"]["loss"] = {"margin": 1.5, "tolerable": 0.05}
    with pytest.raises(
        ValidationError, match=r"deadline_minutes 240 is over before the labels .* is 168"
    ):
        ModelSpec.model_validate(spec, strict=False)
    spec["monitoring"]["quality"]["label_delay_hours"] = 4
    assert ModelSpec.model_validate(spec, strict=False).release.steps.waits_for_labels


def test_a_model_needs_a_feature() -> None:
    columns = {"late": {"type": "boolean"}, "at": {"type": "datetime"}}
    with pytest.raises(ValidationError, match="the contract has no feature"):
        model(columns, target="late", time_column="at")


def test_features_are_the_columns_without_a_role_in_the_contracts_order() -> None:
    kinds = {"b": "number", "late": "boolean", "who": "string", "a": "number", "at": "datetime"}
    columns = {name: {"type": kind} for name, kind in kinds.items()}
    spec = model(columns, target="late", time_column="at", entity_key="who")
    assert spec.features == ("b", "a")


def test_the_cool_down_is_told_in_minutes() -> None:
    assert Retraining(cool_down_minutes=90).cool_down == timedelta(hours=1, minutes=30)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"type": "integer", "mean": {"minimum": 3, "maximum": 2}}, "minimum 3 is over maximum 2"),
        ({"type": "string", "mean": {"minimum": 3}}, "mean is for numbers, not for type string"),
        ({"type": "integer", "longest": 3}, "longest is for strings, not for type integer"),
        ({"type": "string", "new_share": 0.1}, "outside allowed, which is not given"),
        ({"type": "string", "missing_share": 0.1}, "missing_share is for a nullable column"),
    ],
)
def test_expectations_fit_their_column(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        column(**given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "anything"),
        ({"minimum": 1.0}, "at least 1"),
        ({"maximum": 2.0}, "at most 2"),
        ({"minimum": 1.0, "maximum": 2.0}, "from 1 to 2"),
    ],
)
def test_a_range_is_told_in_words(given: dict[str, float], words: str) -> None:
    assert Range(**given).words == words


@pytest.mark.parametrize("name", ["gone", "late"])
def test_expected_times_are_of_a_column_of_times(name: str) -> None:
    told = {"columns": {"late": {"type": "integer"}}, "times": {"column": name}, "key": ["late"]}
    with pytest.raises(
        ValidationError, match=r"is not a column|expected a column of type datetime"
    ):
        Contract.model_validate(told, strict=False)


@pytest.mark.parametrize("wrong", [{"key": ["gone"]}, {"rules": [{"rule": "gone > 1"}]}])
def test_keys_and_rules_are_over_columns_of_the_contract(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="'gone' is no"):
        Contract.model_validate({"columns": {"late": {"type": "integer"}}, **wrong}, strict=False)
