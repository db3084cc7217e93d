"""No function may do what no line of its code calls; the local cloud finds the opposite, since it enforces rights."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.infra.conftest import Template
from tests.infra.test_rights import listed

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
OF_EVERY_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",  # Lambda itself sends dead letters
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
CALLED_AS = {
    # action: the word in the code that needs it, where that is not the action's own name; any of several will do
    "dynamodb:ConditionCheckItem": "transact_write_items",
    "dynamodb:PutItem": "transact_write_items",
    "iam:CreateServiceLinkedRole": "register_scalable_target",
    "iam:PassRole": "create_model create_processing_job",
    "sagemaker:UpdateEndpointWeightsAndCapacities": "register_scalable_target",
    "s3:DeleteObject": "delete_objects",
    "s3:GetObjectVersion": "VersionId",
    "s3:ListBucket": "get_object",  # a missing object is told as missing
}


def of_this_repository(module: str) -> Path | None:
    """Return the file of a module of ours that is packaged with a function, None for any other."""
    path = ROOT.joinpath(*module.split("."))
    found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return found if module.startswith(("trimtab", "functions.")) and found.exists() else None


def imported(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def words(function: str) -> set[str]:
    """Return every attribute and text in all the code of ours that a function can reach.

    Its own folder counts whole: registry_api imports its modules by name, with the first request that needs them.
    """
    own = (ROOT / "functions" / function).rglob("*.py")
    found, seen = set(), set()
    waiting = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in own]
    while waiting:
        path = of_this_repository(waiting.pop())
        if path is None or path in seen:
            continue
        seen.add(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        waiting.extend(imported(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def snake(action: str) -> str:
    """`sagemaker:CreateEndpointConfig` as boto3 calls it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action.partition(":")[2]).lower()


def granted(platform: Template, function: str) -> set[str]:
    role = platform.function(function).properties["Role"]["Fn::GetAtt"][0]
    return {
        action
        for policy in platform.resources("AWS::IAM::Policy")
        if {"Ref": role} in policy.properties["Roles"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_calls_all_that_it_may(platform: Template, function: str) -> None:
    may = {action for action in granted(platform, function) if not action.startswith("kms:")}
    known = words(function)
    unused = {
        action
        for action in may - OF_EVERY_FUNCTION
        if not known & set(CALLED_AS.get(action, snake(action)).split())
    }
    assert unused == set()


def test_a_right_that_no_line_needs_would_be_found() -> None:
    assert snake("dynamodb:DeleteTable") not in words("start_rollout")
    assert snake("sagemaker:CreateEndpoint") in words("start_rollout")
    assert snake("sagemaker:CreateEndpoint") not in words("validate_dataset")
