"""Fields of MLflow's requests: proto-JSON's spellings are read, and what is wrong is told in MLflow's words."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.registry_api.mlflow.errors import WireError
from functions.registry_api.mlflow.fields import Fields, proto_number

SEE = " See the API docs for more information about request parameters."


def test_integers_come_as_numbers_or_as_strings_and_numbers_may_be_endless():
    fields = Fields({"a": 5, "b": "5", "c": 5.0, "n": "NaN", "i": "-Infinity", "x": "1e3"})
    assert [fields.integer(name) for name in "abc"] == [5, 5, 5]
    assert math.isnan(fields.number("n") or 0)
    assert (fields.number("i"), fields.number("x"), fields.number("a")) == (-math.inf, 1000.0, 5.0)


@pytest.mark.parametrize("value", [True, [], {}, "5.5", 5.5, "five", 2**63, "1_000", " "])
def test_what_is_no_integer_of_64_bits_is_refused(value: Any):
    with pytest.raises(WireError, match="Invalid value"):
        Fields({"step": value}).integer("step")


def test_a_value_of_another_type_is_told_with_the_type_it_had():
    with pytest.raises(WireError) as refusal:
        Fields({"run_id": 7}).text("run_id", required=True)
    assert refusal.value.message == (
        "Invalid value 7 for parameter 'run_id' supplied:  Hint: Value was of type 'int'." + SEE
    )


@pytest.mark.parametrize("values", [{}, {"key": None}, {"key": ""}])
def test_a_required_value_that_is_missing_null_or_empty_is_named(values: dict[str, Any]):
    for read in (Fields(values).text, Fields(values).number):
        with pytest.raises(WireError) as refusal:
            read("key", required=True)
        assert refusal.value.message == "Missing value for required parameter 'key'." + SEE


def test_a_required_integer_that_is_missing_is_named_and_an_empty_one_is_of_the_wrong_type():
    for values in ({}, {"step": None}):
        with pytest.raises(WireError, match="Missing value for required parameter 'step'"):
            Fields(values).integer("step", required=True)
    for is_required in (True, False):
        with pytest.raises(WireError, match="Hint: Value was of type 'str'"):
            Fields({"step": ""}).integer("step", required=is_required)


@given(st.floats())
def test_a_number_that_is_told_is_read_again_as_it_was(value: float):
    again = Fields({"v": proto_number(value)}).number("v")
    assert again == value or (math.isnan(value) and math.isnan(again or 0))


def test_a_choice_is_made_by_name_or_by_number():
    views = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY"}
    fields = Fields({"a": "ACTIVE_ONLY", "b": 2, "c": "SOME", "d": None, "e": 3, "f": []})
    assert [fields.choice(name, views) for name in "abd"] == ["ACTIVE_ONLY", "DELETED_ONLY", None]
    for name in "cef":
        with pytest.raises(WireError):
            fields.choice(name, views)


def test_a_query_gives_strings_and_a_list_only_where_one_is_wanted():
    fields = Fields({"run_ids": ["a", "b"], "max_results": ["5"], "deep": ["TRUE"]}, repeated=True)
    assert fields.texts("run_ids") == ["a", "b"]
    assert fields.integer("max_results") == 5
    assert fields.flag("deep") is True


def test_lists_and_messages_are_what_they_say():
    fields = Fields({"tags": [{"key": "a"}], "no": {"a": 1}, "mixed": ["a", 1], "of": {"x": "y"}})
    assert [tag.text("key") for tag in fields.items("tags")] == ["a"]
    assert fields.items("none") == []
    assert fields.message("of").text("x") == "y"
    for read, name in ((fields.items, "no"), (fields.texts, "mixed"), (fields.message, "tags")):
        with pytest.raises(WireError):
            read(name)
