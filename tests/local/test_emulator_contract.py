"""Every private name of ministack that the local cloud touches is there and of the expected shape.

A new version of ministack that breaks one of them fails here, by name, and not somewhere in a story.
Which names these are is found in `local/emulator/`, so the list cannot fall behind the code.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EMULATOR = ROOT / "local" / "emulator"

# Callables that ours replace or call with arguments by position: their parameters' names.
SIGNATURES = {
    "ministack.services.eventbridge._put_events": ["data", "allow_aws_source"],
    "ministack.core.iam_evaluator.enforce": [
        "access_key_id",
        "iam_action",
        "service",
        "region",
        "resource_arn",
        "service_context",
    ],
    "ministack.core.iam_evaluator.is_root_access_key": ["access_key_id"],
    "ministack.core.iam_evaluator.pin_signed_request": [
        "method",
        "raw_path",
        "query_params",
        "raw_headers",
        "handshake",
    ],
    "ministack.core.iam_evaluator.pin_signed_body": ["body"],
    "ministack.services.sts.register_session": ["access_key", "session"],
    "ministack.services.cloudformation.engine.validate_template_support": [
        "template",
        "conditions",
        "params",
    ],
    "ministack.services.apigateway._v2_request_body_is_text": ["content_type"],
    "ministack.services.dynamodb._update_ttl": ["data"],
    "ministack.services.dynamodb._evaluate_condition": [
        "expr",
        "item",
        "attr_values",
        "attr_names",
        "slot",
    ],
    "ministack.services.lambda_svc._execute_function_dispatch": [
        "func",
        "config",
        "event",
        "request_id",
        "started",
    ],
    "ministack.services.cloudwatch_logs._append_log_events": ["stream", "events"],
    "ministack.services.dynamodb._update_continuous_backups": ["data"],
    "ministack.core.persistence.save_all": ["services"],
    "ministack.services.firehose._arrival_time": ["cfg"],
    "ministack.services.firehose._deliver_to_s3": ["stream", "dest", "record_data", "lambda_keys"],
    "ministack.services.firehose._put_s3_object": ["bucket", "key", "body"],
}

PROBE = """
import importlib, inspect, json, sys
from pathlib import Path
from local.emulator import environment
environment.prepare(port=1, scratch=Path(sys.argv[1]), data=None)
touched, signatures = json.loads(sys.argv[2])
missing = []
for module, name in touched:
    if not hasattr(importlib.import_module(module), name):
        missing.append(f"{module}.{name}")
found = {}
for dotted in signatures:
    module, _, name = dotted.rpartition(".")
    found[dotted] = list(inspect.signature(getattr(importlib.import_module(module), name)).parameters)
print(json.dumps([missing, found]))
"""


def touched_names() -> list[tuple[str, str]]:
    """Return (module, attribute) for every attribute of a ministack module that our code uses."""
    found: set[tuple[str, str]] = set()
    for path in sorted(EMULATOR.glob("*.py")):
        tree = ast.parse(path.read_text())
        modules: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
                for alias in node.names:
                    modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = modules.get(node.value.id)
                if module and is_module(module):
                    found.add((module, node.attr))
    return sorted(found)


def is_module(dotted: str) -> bool:
    path = Path(__import__("ministack").__file__).parent.joinpath(*dotted.split(".")[1:])
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], dict[str, list[str]]]:
    """What a process that imports ministack as the cloud does finds there."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            PROBE,
            str(tmp_path_factory.mktemp("scratch")),
            json.dumps([touched_names(), list(SIGNATURES)]),
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    missing, found = json.loads(done.stdout)
    return missing, found


def test_the_search_for_touched_names_finds_them() -> None:
    names = touched_names()
    assert ("ministack.services.eventbridge", "_put_events") in names
    assert ("ministack.services.cloudformation.provisioners", "_RESOURCE_HANDLERS") in names
    assert len(names) > 40


def test_every_touched_name_is_there(probed: tuple[list[str], dict[str, list[str]]]) -> None:
    missing, _ = probed
    assert missing == []


@pytest.mark.parametrize("dotted", sorted(SIGNATURES))
def test_what_we_call_takes_what_we_give(
    probed: tuple[list[str], dict[str, list[str]]], dotted: str
) -> None:
    _, found = probed
    assert found[dotted][: len(SIGNATURES[dotted])] == SIGNATURES[dotted]


def test_only_the_emulator_package_imports_ministack() -> None:
    """The rest speaks boto3, so that the base can be exchanged."""
    folders = ("local", "trimtab", "functions", "infra", "pipelines")
    users = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if EMULATOR not in path.parents and "ministack" in imported_by(path)
    ]
    assert users == []


def imported_by(path: Path) -> set[str]:
    tops: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            tops.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            tops.add((node.module or "").partition(".")[0])
    return tops
