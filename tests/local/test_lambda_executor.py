"""The Lambda executor by itself: what a handler sees, and what it cannot break."""

import hashlib
import io
import json
import os
import select
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.clock import LocalClock
from local.lambdas.function import SYNC_LIMIT, Function, Outcome
from local.lambdas.metrics import embedded_metrics, on_local_time
from local.lambdas.pool import Pool, Surroundings
from local.processes import Children

RUNTIME = Path(__file__).parents[2] / "build" / "lambda-runtime"
AROUND = Surroundings("http://127.0.0.1:9", "us-east-1", RUNTIME)

HANDLER = """
import json, logging, os, subprocess, sys, tempfile, threading, time, datetime

def answer(event, context):
    return ACTIONS[event["do"]](event, context)

def fail(event, context):
    raise KeyError("no such row")

def die(event, context):
    os._exit(3)

def chatter(event, context):
    threading.Thread(target=lambda: [print("noise", flush=True) for _ in range(100)]).start()
    print("x" * event["size"])
    logging.getLogger().warning("a warning")
    return "done"

def mute(event, context):
    sys.stdout.close()
    os.close(1)
    return "mute"

def write(text):
    place = os.path.join(tempfile.gettempdir(), "kept")
    with open(place, "a+") as file:
        file.write(text)
        file.seek(0)
        return [place, file.read()]

def leave_a_child(event, context):
    child = subprocess.Popen(["sleep", "600"])
    if event.get("exit"):
        print(child.pid, flush=True)
        os._exit(0)
    return child.pid

ACTIONS = {
    "echo": lambda e, c: e,
    "environment": lambda e, c: dict(os.environ),
    "path": lambda e, c: sys.path,
    "import": lambda e, c: __import__(e["name"]).__name__,
    "context": lambda e, c: [c.aws_request_id, c.function_name, c.invoked_function_arn,
                             c.memory_limit_in_mb, c.get_remaining_time_in_millis()],
    "time": lambda e, c: [time.time(), datetime.datetime.now().timestamp()],
    "fail": fail, "die": die, "chatter": chatter, "mute": mute, "child": leave_a_child,
    "set": lambda e, c: {1, 2},
    "sleep": lambda e, c: time.sleep(e["seconds"]),
    "big": lambda e, c: "x" * e["size"],
    "input": lambda e, c: sys.stdin.read(),
    "pid": lambda e, c: os.getpid(),
    "hold": lambda e, c: len(b"x" * (e["megabytes"] << 20)) >> 20,
    "write": lambda e, c: write(e["text"]),
}
"""


class Sink:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, function: Function, stream: str, lines: Sequence[str]) -> None:
        self.lines = list(lines)


def package(source: str, module: str = "handler") -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr(f"{module}.py", source)
    return body.getvalue()


def a_function(source: str = HANDLER, **changes: Any) -> Function:
    code = package(source)
    facts: dict[str, Any] = {
        "arn": "arn:aws:lambda:us-east-1:000000000000:function:tried",
        "name": "tried",
        "version": "$LATEST",
        "handler": "handler.answer",
        "runtime": "python3.13",
        "timeout": 20,
        "memory": 256,
        "variables": {"GIVEN": "yes"},
        "code_digest": hashlib.sha256(code).hexdigest(),
        "code": lambda: code,
        "log_group": "/aws/lambda/tried",
    }
    return Function(**{**facts, **changes})


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as children:
        yield children


@pytest.fixture(scope="module")
def clock() -> Iterator[LocalClock]:
    clock = LocalClock()
    yield clock
    clock.close()


@pytest.fixture(scope="module")
def sink() -> Sink:
    return Sink()


@pytest.fixture(scope="module")
def pool(children: Children, clock: LocalClock, sink: Sink) -> Iterator[Pool]:
    pool = Pool(children, clock, AROUND, sink, limit=4)
    yield pool
    pool.close()


def result(outcome: Outcome) -> Any:
    assert not outcome.failed, outcome.payload
    return json.loads(outcome.payload)


def do(pool: Pool, verb: str, **event: Any) -> Outcome:
    return pool.invoke(a_function(), {"do": verb, **event})


def has_ended(pid: int) -> bool:
    """Wait for a process that is not our child, and which has been killed already, to be gone."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    return bool(select.select([descriptor], [], [], 5.0)[0])


def test_a_handler_sees_its_own_variables_and_nothing_of_this_machine(pool, monkeypatch) -> None:
    monkeypatch.setenv("PLANTED", "secret")
    seen = result(
        pool.invoke(a_function(variables={"GIVEN": "yes", "N": "1"}), {"do": "environment"})
    )
    assert seen["GIVEN"] == "yes"
    assert "PLANTED" not in seen
    assert seen["HOME"] != os.environ.get("HOME")
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    shell_leaves = {"PWD", "SHLVL", "_", "LC_CTYPE"}
    named = {n for n in seen if n.startswith(("AWS_", "LAMBDA_"))} | {"GIVEN", "N", "_HANDLER"}
    assert set(seen) - shell_leaves == named | {"PATH", "LANG", "TZ", "HOME", "TMPDIR"}


def test_a_handler_imports_its_package_and_awss_runtime_only(pool) -> None:
    for name in ("ministack", "pytest", "trimtab", "pydantic"):
        outcome = pool.invoke(a_function(), {"do": "import", "name": name})
        assert outcome.error_type == "ModuleNotFoundError", name
    assert result(pool.invoke(a_function(), {"do": "import", "name": "boto3"})) == "boto3"
    assert not [
        entry
        for entry in result(pool.invoke(a_function(), {"do": "path"}))
        if "site-packages" in entry
    ]


def test_the_context_tells_who_is_invoked_and_how_long_is_left(pool) -> None:
    request, name, arn, memory, left = result(
        pool.invoke(a_function(), {"do": "context"}, arn="arn:x:live", request_id="r-1")
    )
    assert (request, name, arn, memory) == ("r-1", "tried", "arn:x:live", "256")
    assert 15_000 < left <= 20_000


def test_an_error_keeps_its_type_and_its_stack_as_aws_shows_them(pool, sink) -> None:
    outcome = pool.invoke(a_function(), {"do": "fail"}, request_id="r-2")
    assert outcome.failed
    assert outcome.payload["errorType"] == "KeyError"
    assert outcome.payload["errorMessage"] == "'no such row'"
    assert outcome.payload["requestId"] == "r-2"
    assert outcome.payload["stackTrace"][0].startswith(
        '  File "/var/task/handler.py", line 5, in answer\n'
    )
    assert "[ERROR] KeyError: 'no such row'" in sink.lines
    assert sink.lines[0] == "START RequestId: r-2 Version: $LATEST"
    assert sink.lines[-2] == "END RequestId: r-2"
    assert sink.lines[-1].startswith("REPORT RequestId: r-2\tDuration: ")


@pytest.mark.parametrize(
    ("source", "handler", "kind", "says"),
    [
        (
            "import nowhere",
            "handler.answer",
            "Runtime.ImportModuleError",
            "No module named 'nowhere'",
        ),
        ("def answer(:", "handler.answer", "Runtime.UserCodeSyntaxError", "Syntax error in module"),
        (
            "x = 1",
            "handler.answer",
            "Runtime.HandlerNotFound",
            "Handler 'answer' missing on module",
        ),
        ("1 / 0", "handler.answer", "ZeroDivisionError", "division by zero"),
    ],
)
def test_code_that_cannot_be_loaded_says_why(pool, source, handler, kind, says) -> None:
    outcome = pool.invoke(a_function(source, handler=handler), {})
    assert outcome.error_type == kind
    assert says in outcome.payload["errorMessage"]


def test_an_answer_that_is_not_json_is_an_error(pool) -> None:
    outcome = pool.invoke(a_function(), {"do": "set"})
    assert outcome.error_type == "Runtime.MarshalError"
    assert "Object of type set is not JSON serializable" in outcome.payload["errorMessage"]


def test_a_handler_that_ends_its_process_fails_and_the_next_one_runs(pool) -> None:
    outcome = pool.invoke(a_function(), {"do": "die"})
    assert outcome.error_type == "Runtime.ExitError"
    assert "exit status 3" in outcome.payload["errorMessage"]
    assert result(pool.invoke(a_function(), {"do": "echo"})) == {"do": "echo"}


def test_ten_megabytes_of_noise_are_a_log_and_not_an_answer(pool, sink) -> None:
    outcome = pool.invoke(a_function(), {"do": "chatter", "size": 10_000_000})
    assert result(outcome) == "done"
    assert max(map(len, sink.lines)) == 1_000_000
    assert any(
        line.startswith("[WARNING]\t") and line.endswith("\ta warning") for line in sink.lines
    )
    assert result(pool.invoke(a_function(), {"do": "echo"})) == {"do": "echo"}


def test_a_handler_that_closes_its_output_or_reads_its_input_breaks_nothing(pool, sink) -> None:
    assert result(pool.invoke(a_function(), {"do": "mute"})) == "mute"
    assert do(pool, "fail").error_type == "KeyError"
    assert "[ERROR] KeyError: 'no such row'" in sink.lines
    assert result(pool.invoke(a_function(), {"do": "input"})) == ""
    assert result(pool.invoke(a_function(), {"do": "echo", "n": 1})) == {"do": "echo", "n": 1}


def test_a_handler_out_of_time_is_killed_with_its_children(pool, sink) -> None:
    slow = a_function(timeout=1)
    child = result(pool.invoke(slow, {"do": "child"}))
    before = time.monotonic()
    outcome = pool.invoke(slow, {"do": "sleep", "seconds": 30}, request_id="r-3")
    assert time.monotonic() - before < 5
    assert outcome.error_type == "Sandbox.Timedout"
    assert (
        outcome.payload["errorMessage"] == "RequestId: r-3 Error: Task timed out after 1.00 seconds"
    )
    assert any(line.endswith("r-3 Task timed out after 1.00 seconds") for line in sink.lines)
    assert has_ended(child)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's peak memory")
@pytest.mark.parametrize("megabytes", [300, 5000], ids=["a bit too much", "far too much"])
def test_a_handler_that_needs_more_than_its_memory_fails_as_on_aws(pool, sink, megabytes) -> None:
    assert do(pool, "hold", megabytes=100).payload == "100"
    outcome = do(pool, "hold", megabytes=megabytes)
    assert (outcome.failed, outcome.error_type) == (True, "Runtime.OutOfMemory"), outcome
    assert "signal: killed" in outcome.payload["errorMessage"]
    assert "Runtime.OutOfMemory" in sink.lines
    assert "Max Memory Used: 256 MB" in sink.lines[-1] or megabytes == 5000
    assert do(pool, "hold", megabytes=100).payload == "100"


def test_a_worker_has_temporary_files_of_its_own(pool, children) -> None:
    place, text = json.loads(do(pool, "write", text="a").payload)
    assert Path(place).is_relative_to(children.scratch)
    assert text == "a"
    assert json.loads(do(pool, "write", text="b").payload) == [place, "ab"]  # kept while warm
    fresh = a_function(name="other", arn="arn:aws:lambda:us-east-1:000000000000:function:other")
    elsewhere, alone = json.loads(pool.invoke(fresh, {"do": "write", "text": "c"}).payload)
    assert (elsewhere != place, alone) == (True, "c")
    pool.retire("tried")
    assert not Path(place).exists()


def test_an_answer_over_lambdas_limit_is_refused(pool) -> None:
    assert (
        len(result(pool.invoke(a_function(), {"do": "big", "size": SYNC_LIMIT - 2})))
        == SYNC_LIMIT - 2
    )
    outcome = pool.invoke(a_function(), {"do": "big", "size": SYNC_LIMIT - 1})
    assert outcome.error_type == "Function.ResponseSizeTooLarge"


def test_a_large_event_arrives_whole(pool) -> None:
    event = {"do": "echo", "rows": "é" * 2_000_000}
    assert result(pool.invoke(a_function(), event)) == event


def test_local_time_reaches_time_but_not_datetime(pool, clock) -> None:
    clock.advance(timedelta(days=2))
    local, real = result(pool.invoke(a_function(), {"do": "time"}))
    assert abs(local - clock.time()) < 5
    assert abs(real - time.time()) < 5


def test_a_warm_worker_is_used_again_and_a_new_deployment_retires_it(pool) -> None:
    old = result(pool.invoke(a_function(), {"do": "pid"}))
    assert result(pool.invoke(a_function(), {"do": "pid"})) == old
    changed = a_function(variables={"GIVEN": "no"})
    assert result(pool.invoke(changed, {"do": "pid"})) != old
    assert has_ended(old)
    recoded = a_function(HANDLER + "\n# edited")
    newest = result(pool.invoke(recoded, {"do": "pid"}))
    pool.retire("tried")
    assert has_ended(newest)


def test_no_more_than_the_bound_run_at_once_and_the_rest_wait(children, clock, sink) -> None:
    pool = Pool(children, clock, AROUND, sink, limit=4, overflow_seconds=200)
    outcomes: list[Outcome] = []

    def invoke() -> None:
        outcomes.append(pool.invoke(a_function(), {"do": "pid"}))

    threads = [threading.Thread(target=invoke) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 60
    assert len({result(outcome) for outcome in outcomes}) <= 4
    pool.close()


def test_a_warm_invocation_costs_little(pool) -> None:
    pool.invoke(a_function(), {"do": "echo"})
    before = time.monotonic()
    for _ in range(100):
        pool.invoke(a_function(), {"do": "echo"})
    assert (time.monotonic() - before) / 100 < 0.02  # about 1 ms on an idle machine


def test_other_runtimes_are_refused_by_name(pool) -> None:
    outcome = pool.invoke(a_function(runtime="ruby3.3"), {})
    assert "has runtime ruby3.3: write it in Python" in outcome.payload["errorMessage"]


def test_embedded_metrics_are_found_in_log_lines() -> None:
    line = {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Trimtab",
                    "Dimensions": [["service"], ["service", "model"]],
                    "Metrics": [{"Name": "Rows", "Unit": "Count"}, {"Name": "Lag"}],
                }
            ],
        },
        "service": "validate_dataset",
        "model": "flight-delays",
        "Rows": [3, 4],
        "Lag": 1.5,
    }
    found = list(embedded_metrics(json.dumps(line)))
    assert [(d.name, d.dimensions, d.unit, d.values) for d in found] == [
        ("Rows", {"service": "validate_dataset"}, "Count", [3.0, 4.0]),
        ("Rows", {"service": "validate_dataset", "model": "flight-delays"}, "Count", [3.0, 4.0]),
        ("Lag", {"service": "validate_dataset"}, "None", [1.5]),
        ("Lag", {"service": "validate_dataset", "model": "flight-delays"}, "None", [1.5]),
    ]
    assert {d.timestamp for d in found} == {1_700_000_000.0}


@pytest.mark.parametrize(
    "line", ["", "{", '{"_aws": 1, "CloudWatchMetrics": 2}', '["CloudWatchMetrics"]']
)
def test_lines_in_another_form_measure_nothing(line: str) -> None:
    assert list(embedded_metrics(line)) == []


def test_a_metric_stamped_with_real_time_is_moved_to_local_time() -> None:
    hour = 3600.0
    assert on_local_time(1000.0, local=1000.0 + hour, offset=hour) == 1000.0 + hour
    assert on_local_time(1000.0 + hour, local=1001.0 + hour, offset=hour) == 1000.0 + hour
    assert on_local_time(None, local=5.0, offset=hour) == 5.0


def test_the_host_has_what_the_handlers_must_not_see() -> None:
    assert "site-packages" in "".join(sys.path)
