"""What the local SageMaker accepts as a pipeline, and what its expressions and conditions come to."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sagemaker import ServiceError
from local.sagemaker.conditions import holds
from local.sagemaker.definition import parse
from local.sagemaker.expressions import CannotEvaluate, Evaluation, follow
from local.sagemaker.parameters import take
from local.sagemaker.retries import RetryPolicy, StepFailed, policy_for
from tests.local.sagemaker_requests import (
    condition,
    definition,
    equals,
    fail,
    package,
    processing,
    step,
    training,
)

EVALUATION = Evaluation(
    parameters={"Rows": 7, "Name": "ewe"},
    variables={"PipelineExecutionId": "abc"},
    properties=lambda name: {"Outputs": [{"OutputName": "train", "Uri": f"s3://b/{name}"}]},
    property_file=lambda name, file: f"s3://b/{name}/{file}",
    read=lambda address: json.dumps(
        {"from": address, "auc": {"value": 0.7}, "list": [1, 2]}
    ).encode(),
)


def refusal(text: str) -> str:
    with pytest.raises(ServiceError) as error:
        parse(text)
    assert error.value.code == "ValidationException"
    return error.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["Unable to parse"]),
        (json.dumps({"Steps": [fail()], "Parameters": "abc"}), ["Parameters must be a list"]),
        (json.dumps({"Steps": [fail()], "Parameters": ["abc"]}), ["not a parameter: 'abc'"]),
        ("[]", ["Steps"]),
        (definition(), ["at least one step"]),
        (definition(fail(), Version="2021-01-01"), ["version '2021-01-01'"]),
        (definition(fail(), Stepz=[]), ["Stepz"]),
        (definition(fail(), fail()), ["Duplicate", "Stop"]),
        (definition(step("T", "Lambda", {})), ["'T'", "Lambda", "not supported"]),
        (definition(step("T", "Tuning", {})), ["'T'", "hyperParameterTuningJobConfig"]),
        (definition(step("T", "Teleport", {})), ["unknown step type 'Teleport'"]),
        (definition(fail(DependsOn=["Ghost"])), ["Ghost", "does not exist"]),
        (definition(fail(message={"Get": "Parameters.Ghost"})), ["Parameters.Ghost"]),
        (definition(fail(message={"Get": "Execution.Ghost"})), ["Execution.Ghost"]),
        (definition(fail("A", DependsOn=["B"]), fail("B", DependsOn=["A"])), ["Cycle"]),
        (definition(fail("A b")), ["Step name"]),
        (definition(fail(CacheConfig={"Enabled": True, "ExpireAfter": "P1D"})), ["CacheConfig"]),
        (definition(fail(DependsOn=[{"Step": "A", "Trigger": "Failed"}])), ["Trigger"]),
        (definition(fail(RetryPolicies=[{"ExceptionType": ["Step.BAD_MOOD"]}])), ["BAD_MOOD"]),
        (definition(step("F", "Fail", {"Message": "x"})), ["ErrorMessage"]),
        (definition(step("T", "Training", training(OutputDataConfig=None))), ["outputDataConfig"]),
        (definition(step("T", "Training", training(Epochs=3))), ["'T'", "epochs"]),
        (
            definition(condition("C", {"Type": "Similar"}, then=[fail()], otherwise=[])),
            ["unknown condition type 'Similar'"],
        ),
        (
            definition(condition("C", {"Type": "In", "QueryValue": 1}, then=[], otherwise=[])),
            ["condition In needs Values"],
        ),
        (
            definition(
                fail(message={"Get": "Steps.P.PropertyFiles.Q"}),
                step("P", "Processing", processing()),
            ),
            ["PropertyFiles.Q"],
        ),
        (definition(fail(), parameters=[{"Name": "X", "Type": "Date"}]), ["unknown type 'Date'"]),
        (
            definition(fail(), parameters=[{"Name": "X", "Type": "Integer", "DefaultValue": "3"}]),
            ["'3' is not of type Integer"],
        ),
    ],
)
def test_a_definition_with_a_fault_is_refused_with_a_sentence_that_names_it(text, words):
    message = refusal(text)
    assert all(word in message for word in words), message


def test_steps_of_both_branches_wait_for_their_condition_and_for_what_they_refer_to():
    checked = parse(
        definition(
            step("Train", "Training", training()),
            condition(
                "Gate",
                equals({"Get": "Steps.Train.TrainingJobStatus"}, "Completed"),
                then=[step("Register", "RegisterModel", package())],
                otherwise=[fail("Refused", DependsOn=["Train"])],
            ),
        )
    )
    assert checked.steps["Gate"].after == {"Train"}
    assert checked.steps["Register"].after == {"Gate"}
    assert checked.steps["Refused"].after == {"Gate", "Train"}
    assert (checked.steps["Register"].branch, checked.steps["Refused"].branch) == (True, False)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Get": "Parameters.Rows"}, 7),
        ({"Get": "Steps.P.Outputs['train'].Uri"}, "s3://b/P"),
        ({"Get": "Steps.P.Outputs[0].Uri"}, "s3://b/P"),
        ({"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.Rows"}, True]}}, "a/7/true"),
        (
            {"Std:Join": {"On": "", "Values": [{"Std:Join": {"On": "-", "Values": [1, 2]}}, "x"]}},
            "1-2x",
        ),
        (
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.P.PropertyFiles.E"},
                    "Path": "auc.value",
                }
            },
            0.7,
        ),
        (
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.P.PropertyFiles.E"},
                    "Path": "list[1]",
                }
            },
            2,
        ),
        ({"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "from"}}, "s3://b/k"),
        ({"deep": [{"Get": "Parameters.Name"}], "Get": 1}, {"deep": ["ewe"], "Get": 1}),
    ],
)
def test_an_expression_comes_to_its_value(expression, expected):
    assert EVALUATION.value(expression) == expected


def test_a_missing_path_names_what_is_missing():
    with pytest.raises(CannotEvaluate, match="there is no f1"):
        follow({"metrics": {"auc": 1}}, "metrics.f1", "evaluation.json")


numbers = st.integers() | st.floats(allow_nan=False)


@given(numbers, numbers)
def test_comparisons_agree_with_each_other(left, right):
    def told(kind):
        return holds({"Type": kind, "LeftValue": left, "RightValue": right}, EVALUATION)

    assert [told("LessThan"), told("Equals"), told("GreaterThan")].count(True) == 1
    assert told("LessThanOrEqualTo") == (told("LessThan") or told("Equals"))
    assert told("GreaterThanOrEqualTo") is not told("LessThan")
    assert told("NotEquals") is not told("Equals")


@given(st.integers(0, 5), st.lists(st.integers(0, 5)))
def test_membership_and_its_negations_agree(query, values):
    inside = {"Type": "In", "QueryValue": query, "Values": values}
    outside = {"Type": "NotIn", "QueryValue": query, "Values": values}
    either = {"Type": "Or", "Conditions": [equals(query, value) for value in values]}
    expected = query in values
    assert holds(inside, EVALUATION) is expected
    assert holds(outside, EVALUATION) is not expected
    assert holds({"Type": "Not", "Condition": inside}, EVALUATION) is not expected
    assert holds(either, EVALUATION) is expected


def test_values_that_do_not_compare_are_an_error_and_not_false():
    with pytest.raises(CannotEvaluate, match="cannot compare 'a' with 1"):
        holds({"Type": "LessThan", "LeftValue": "a", "RightValue": 1}, EVALUATION)


def test_parameters_take_their_type_from_the_definition():
    declared: list[dict[str, Any]] = [
        {"Name": "I", "Type": "Integer"},
        {"Name": "F", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "B", "Type": "Boolean"},
        {"Name": "S", "Type": "String", "EnumValues": ["a", "b"]},
    ]
    values = take(
        declared,
        [
            {"Name": "I", "Value": "3"},
            {"Name": "B", "Value": "True"},
            {"Name": "S", "Value": "b"},
        ],
    )
    assert values == {"I": 3, "F": 0.5, "B": True, "S": "b"}


@pytest.mark.parametrize(
    ("given_values", "words"),
    [
        ([{"Name": "Rowz", "Value": "3"}], "Unknown parameter 'Rowz'"),
        ([], "'Rows' has no default"),
        ([{"Name": "Rows", "Value": "many"}], "'many' is not of type Integer"),
        ([{"Name": "Rows", "Value": "3"}, {"Name": "Size", "Value": "XL"}], "is not one of S, M"),
    ],
)
def test_wrong_parameters_are_refused_by_name(given_values, words):
    declared: list[dict[str, Any]] = [
        {"Name": "Rows", "Type": "Integer"},
        {"Name": "Size", "Type": "String", "DefaultValue": "S", "EnumValues": ["S", "M"]},
    ]
    with pytest.raises(ServiceError, match=words):
        take(declared, given_values)


def test_a_retry_policy_waits_longer_each_time_and_then_gives_up():
    policy = RetryPolicy(frozenset({"Step.THROTTLING"}), interval=10, backoff=2, attempts=3)
    assert [policy.wait(retries, 0) for retries in range(4)] == [10, 20, 40, None]
    expiring = RetryPolicy(frozenset(), interval=10, backoff=1, expire_after=60)
    assert expiring.wait(9, elapsed=50) == 10
    assert expiring.wait(0, elapsed=51) is None


def test_a_failure_of_the_users_own_code_is_not_retried():
    policies = (RetryPolicy(frozenset({"SageMaker.JOB_INTERNAL_ERROR"})),)
    assert policy_for(policies, StepFailed("AlgorithmError: exit code 1")) is None
    assert policy_for(policies, StepFailed("ours", "SageMaker.JOB_INTERNAL_ERROR")) is policies[0]
