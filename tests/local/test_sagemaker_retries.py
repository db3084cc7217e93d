"""Steps that fail through no fault of theirs are tried again, on the local clock."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from local.clock import LocalClock
from local.processes import Children
from local.sagemaker import SageMakerConfig
from local.sagemaker.clients import Clients
from local.sagemaker.context import Context
from local.sagemaker.definition import parse
from local.sagemaker.execution_run import ExecutionRun
from local.sagemaker.retries import StepFailed
from tests.local.sagemaker_requests import definition, fail

POLICY = {
    "ExceptionType": ["Step.THROTTLING"],
    "IntervalSeconds": 600,
    "BackoffRate": 2.0,
    "MaxAttempts": 2,
}


class Scripted:
    """Step types that fail as told, then succeed; says when each try was."""

    def __init__(self, *failures):
        self.failures, self.tries, self.tried = list(failures), 0, threading.Semaphore(0)

    def run(self, turn):
        self.tries += 1
        self.tried.release()
        if self.failures:
            raise self.failures.pop(0)
        return {}


@pytest.fixture
def context():
    config = SageMakerConfig("http://127.0.0.1:9", Path("/nowhere"))
    clock = LocalClock()
    with Children() as children:
        yield Context(config, children, clock, lambda *_: None, Clients(config, lambda *_: {}))
    clock.close()


def started(context, types):
    """Return a running execution of one step under POLICY, its record, and its end."""
    text = definition(fail("Only", RetryPolicies=[POLICY]))
    record = {
        "PipelineName": "p",
        "PipelineArn": "arn:p",
        "PipelineExecutionArn": "arn:p/execution/e",
        "PipelineExecutionDisplayName": "e",
        "PipelineExecutionStatus": "Executing",
        "ExecutionId": "e",
        "RoleArn": "arn:role",
        "Parameters": {},
        "CreationTime": context.now(),
        "Steps": [],
    }
    run, ended = ExecutionRun(context, types, parse(text), record), threading.Event()
    threading.Thread(target=run.run, args=(ended.set,), daemon=True).start()
    return run, record, ended


def throttled():
    return StepFailed("slow down", "Step.THROTTLING")


def test_a_throttled_step_is_tried_again_when_its_wait_is_over(context):
    types = Scripted(throttled())
    _, record, ended = started(context, types)
    assert types.tried.acquire(timeout=5)
    assert not ended.wait(0.3)
    context.clock.advance(timedelta(seconds=601))
    assert ended.wait(5)
    assert record["PipelineExecutionStatus"] == "Succeeded"
    assert record["Steps"][0]["AttemptCount"] == 2


def test_a_step_is_tried_no_more_often_than_its_policy_says(context):
    types = Scripted(throttled(), throttled(), throttled(), throttled())
    _, record, ended = started(context, types)
    for _ in range(2):
        assert types.tried.acquire(timeout=5)
        assert not ended.wait(0.2)
        context.clock.advance(timedelta(hours=1))
    assert ended.wait(5)
    assert types.tries == 3
    assert json.dumps(record["Steps"][0]["FailureReason"]) == '"slow down"'


def test_stopping_ends_the_wait_for_a_retry(context):
    types = Scripted(throttled())
    run, record, ended = started(context, types)
    assert types.tried.acquire(timeout=5)
    run.stop()
    assert ended.wait(5)
    assert record["PipelineExecutionStatus"] == "Stopped"
    assert record["Steps"][0]["StepStatus"] == "Stopped"


def test_a_failure_outside_of_the_policy_is_final(context):
    types = Scripted(StepFailed("AlgorithmError: bad rows, exit code: 1"))
    _, record, ended = started(context, types)
    assert ended.wait(5)
    assert types.tries == 1
    assert record["PipelineExecutionStatus"] == "Failed"
