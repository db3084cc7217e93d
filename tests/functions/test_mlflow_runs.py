"""MLflow's runs: begun, logged to, ended, deleted and restored; what is asked twice is done once."""

import json

import pytest

from tests.functions.mlflow_wire import ask, refused
from tests.functions.test_mlflow_experiments import audited, create
from trimtab.aws import keys

SEE = " See the API docs for more information about request parameters."
WORDS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and "
    "slashes (/)."
)


def begin(**fields) -> str:
    """Begin a run in the default experiment and return its id."""
    return ask("POST", "runs/create", {"start_time": 1000, **fields})["run"]["info"]["run_id"]


def run(run_id: str) -> dict:
    """Return a run as a client reads it."""
    return ask("GET", "runs/get", run_id=run_id)["run"]


def metrics(run_id: str) -> dict:
    """Return the latest value of each metric."""
    return {one["key"]: one["value"] for one in run(run_id)["data"]["metrics"]}


def params(run_id: str) -> dict:
    """Return a run's parameters."""
    return {one["key"]: one["value"] for one in run(run_id)["data"]["params"]}


def tags(run_id: str) -> dict:
    """Return a run's tags."""
    return {one["key"]: one["value"] for one in run(run_id)["data"]["tags"]}


def log(run_id: str, key: str, value, timestamp: int = 1, step: int = 0) -> None:
    """Log one point."""
    body = {"run_id": run_id, "key": key, "value": value, "timestamp": timestamp, "step": step}
    ask("POST", "runs/log-metric", body)


def history(run_id: str, key: str, **query) -> list[tuple]:
    """Return a metric's history, all pages of it."""
    found, token = [], None
    while True:
        paged = {"page_token": token} if token else {}
        page = ask("GET", "metrics/get-history", run_id=run_id, metric_key=key, **query, **paged)
        found += [(one["timestamp"], one["step"], one["value"]) for one in page["metrics"]]
        token = page.get("next_page_token")
        if token is None:
            return found


def test_a_run_begins_is_logged_to_and_ends(platform):
    experiment = create(artifact_location="s3://bucket/there/")
    made = ask(
        "POST",
        "runs/create",
        {
            "experiment_id": experiment,
            "user_id": "ana",
            "run_name": "first",
            "start_time": "1000",
            "tags": [{"key": "team", "value": "x"}],
        },
    )["run"]
    run_id = made["info"]["run_id"]
    log(run_id, "auc", 0.7)
    ask("POST", "runs/log-parameter", {"run_id": run_id, "key": "depth", "value": "3"})
    ended = {"run_id": run_id, "status": "FINISHED", "end_time": 2000}
    told = ask("POST", "runs/update", ended)
    assert (
        told["run_info"]
        == run(run_id)["info"]
        == {
            "run_id": run_id,
            "run_uuid": run_id,
            "run_name": "first",
            "experiment_id": experiment,
            "user_id": "ana",
            "status": "FINISHED",
            "start_time": 1000,
            "end_time": 2000,
            "artifact_uri": f"s3://bucket/there/{run_id}/artifacts",
            "lifecycle_stage": "active",
        }
    )
    assert run(run_id)["data"] == {
        "metrics": [{"key": "auc", "value": 0.7, "timestamp": 1, "step": 0}],
        "params": [{"key": "depth", "value": "3"}],
        "tags": [{"key": "team", "value": "x"}, {"key": "mlflow.runName", "value": "first"}],
    }


def test_a_run_without_a_name_is_given_one_and_its_tag_names_it_too(platform):
    unnamed = begin()
    assert run(unnamed)["info"]["run_name"] == tags(unnamed)["mlflow.runName"] != ""
    tagged = begin(tags=[{"key": "mlflow.runName", "value": "by tag"}])
    assert run(tagged)["info"]["run_name"] == "by tag"
    ask("POST", "runs/set-tag", {"run_id": tagged, "key": "mlflow.runName", "value": "again"})
    assert run(tagged)["info"]["run_name"] == "again"
    ask("POST", "runs/update", {"run_id": tagged, "run_name": "at last"})
    assert tags(tagged)["mlflow.runName"] == "at last"
    both = {"run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}
    assert refused("POST", "runs/create", both)[2] == (
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
        "(run_name='a', mlflow.runName='b')."
    )


def test_a_creation_that_is_repeated_under_its_request_key_begins_one_run(platform):
    again = {"headers": {"x-trimtab-request-key": "laptop-1"}}
    first, second = (ask("POST", "runs/create", {"start_time": 5}, **again) for _ in range(2))
    assert first == second
    records, _ = platform.table.records(keys.experiment("0"), keys.STARTED)
    assert len(records) == 1


def test_a_parameter_never_changes(platform):
    run_id = begin()
    for _ in range(2):
        ask("POST", "runs/log-parameter", {"run_id": run_id, "key": "depth", "value": "3"})
    changed = {"run_id": run_id, "key": "depth", "value": "4"}
    assert refused("POST", "runs/log-parameter", changed) == (
        400,
        "INVALID_PARAMETER_VALUE",
        f"Changing param values is not allowed. Param with key='depth' was already logged with value='3' for "
        f"run ID='{run_id}'. Attempted logging new value '4'.",
    )
    batch = {
        "run_id": run_id,
        "params": [{"key": "depth", "value": "4"}, {"key": "x", "value": "1"}],
        "tags": [{"key": "t", "value": "1"}],
    }
    assert refused("POST", "runs/log-batch", batch)[2] == (
        "Changing param values is not allowed. Params were already logged='[{'key': 'depth', 'old_value': '3', "
        f"'new_value': '4'}}]' for run ID='{run_id}'."
    )
    assert params(run_id) == {"depth": "3"}
    assert "t" not in tags(run_id)


def test_the_latest_value_of_a_metric_is_that_of_the_last_step_then_time_then_the_larger(platform):
    run_id = begin()
    for value, timestamp, step in ((1, 5, 1), (2, 9, 0), (3, 6, 1), (2.5, 6, 1), (9, 1, -3)):
        log(run_id, "loss", value, timestamp, step)
    assert metrics(run_id) == {"loss": 3.0}
    assert history(run_id, "loss") == [
        (1, -3, 9.0),
        (5, 1, 1.0),
        (6, 1, 2.5),
        (6, 1, 3.0),
        (9, 0, 2.0),
    ]


def test_numbers_that_are_none_and_endless_ones_come_back_as_they_were(platform):
    run_id = begin()
    for name in ("NaN", "Infinity", "-Infinity"):
        log(run_id, name.strip("-") + str(len(name)), name)
    assert metrics(run_id) == {"NaN3": "NaN", "Infinity8": "Infinity", "Infinity9": "-Infinity"}
    log(run_id, "NaN3", "NaN")
    assert history(run_id, "NaN3") == [(1, 0, "NaN")]


def test_a_point_that_is_logged_again_is_there_once(platform):
    run_id = begin()
    for _ in range(3):
        log(run_id, "loss", 0.5, 7, 3)
    before = platform.table.read(keys.run(run_id), keys.RUN)
    log(run_id, "loss", 0.5, 7, 3)
    assert platform.table.read(keys.run(run_id), keys.RUN) == before
    ask("POST", "runs/set-tag", {"run_id": run_id, "key": "k", "value": "v"})
    log(run_id, "loss", 0.5, 7, 3)
    assert platform.runtime.runs.get(run_id).tail == (("loss", (7, 3, 0.5)),)
    assert history(run_id, "loss") == [(7, 3, 0.5)]


def test_a_batch_logs_all_it_holds_and_a_thousand_metrics_at_once(platform):
    run_id = begin()
    ask(
        "POST",
        "runs/log-batch",
        {
            "run_id": run_id,
            "metrics": [
                {"key": f"m{n % 10}", "value": n, "timestamp": n, "step": n} for n in range(900)
            ],
            "params": [{"key": f"p{n}", "value": str(n)} for n in range(50)],
            "tags": [{"key": f"t{n}", "value": "v"} for n in range(50)],
        },
    )
    assert metrics(run_id) == {f"m{n}": 890.0 + n for n in range(10)}
    assert len(params(run_id)) == 50
    assert history(run_id, "m3", max_results=7) == [(n, n, float(n)) for n in range(3, 900, 10)]


def test_points_beyond_a_runs_tail_are_kept_in_its_history_in_order(platform):
    run_id = begin()
    for start in (300, 0, 600, 150):  # out of order, and 150 to 299 overlap
        batch = [
            {"key": "loss", "value": n / 10, "timestamp": n, "step": n}
            for n in range(start, start + 300)
        ]
        ask("POST", "runs/log-batch", {"run_id": run_id, "metrics": batch})
    log(run_id, "loss", 7, 450, 450)
    expected = sorted([(n, n, n / 10) for n in range(900)] + [(450, 450, 7.0)])
    assert history(run_id, "loss") == expected
    assert history(run_id, "loss", max_results=100) == expected
    pieces, _ = platform.table.records(keys.run(run_id), "HISTORY#")
    assert len(pieces) == 4


def test_several_runs_histories_come_together(platform):
    first, second = sorted(begin() for _ in range(2))
    for run_id in (second, first):
        for step in (1, 2, 3):
            log(run_id, "loss", step, step, step)
    told = ask(
        "GET", "metrics/get-history-bulk", run_id=[second, first, "none"], metric_key="loss"
    )["metrics"]
    assert [(one["run_id"], one["step"]) for one in told] == [
        (run_id, step) for run_id in (first, second) for step in (1, 2, 3)
    ]
    few = ask("GET", "metrics/get-history-bulk", run_id=[first], metric_key="loss", max_results=2)[
        "metrics"
    ]
    assert [one["step"] for one in few] == [1, 2]


def test_points_of_an_interval_are_chosen_evenly_with_its_ends(platform):
    run_id = begin()
    batch = [{"key": "loss", "value": 1, "timestamp": 5, "step": n} for n in range(100)]
    ask("POST", "runs/log-batch", {"run_id": run_id, "metrics": batch})

    def steps(**query) -> list[int]:
        told = ask(
            "GET",
            "metrics/get-history-bulk-interval",
            run_ids=[run_id],
            metric_key="loss",
            **query,
        )
        return [one["step"] for one in told["metrics"]]

    assert steps() == list(range(100))
    assert steps(max_results=4) == [0, 33, 66, 99]
    assert steps(max_results=3, start_step=10, end_step=20) == [10, 15, 20]
    assert steps(max_results=1) == [99]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"metric_key": "m"}, "Missing value for required parameter 'run_ids'." + SEE),
        ({"run_ids": ["a"]}, "Missing value for required parameter 'metric_key'." + SEE),
        (
            {"run_ids": ["a"], "metric_key": "m", "start_step": 1},
            "If either start step or end step are specified, both must be specified.",
        ),
        (
            {"run_ids": ["a"], "metric_key": "m", "start_step": 2, "end_step": 1},
            "end_step must be greater than start_step. Found start_step=2 and end_step=1.",
        ),
        (
            {"run_ids": ["a"], "metric_key": "m", "max_results": 2501},
            "max_results must be between 1 and 2500.",
        ),
        (
            {"run_ids": ["a"] * 101, "metric_key": "m"},
            "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 101 run_ids.",
        ),
    ],
)
def test_an_interval_that_breaks_a_rule_is_refused(platform, query, message):
    told = refused("GET", "metrics/get-history-bulk-interval", **query)
    assert told == (400, "INVALID_PARAMETER_VALUE", message)


def test_histories_that_break_a_rule_are_refused(platform):
    path = "metrics/get-history"
    assert refused("GET", path, run_id="r", metric_key="m", max_results=0)[2] == (
        "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer."
    )
    for token in ("made up", "WzFd", "e30=", "[]"):
        status, code, message = refused("GET", path, run_id="r", metric_key="m", page_token=token)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert message.startswith("Invalid page token")
    bulk = "metrics/get-history-bulk"
    for query in (
        {"metric_key": "m"},
        {"run_id": ["r"]},
        {"run_id": ["r"] * 101, "metric_key": "m"},
    ):
        assert refused("GET", bulk, **query)[:2] == (400, "INVALID_PARAMETER_VALUE")
    assert ask("GET", path, run_id="none", metric_key="m") == {"metrics": []}


def test_a_deleted_run_takes_nothing_and_is_restored_as_it_was(platform):
    run_id = begin()
    log(run_id, "auc", 0.5)
    ask("POST", "runs/delete", {"run_id": run_id})
    state = f"The run {run_id} must be in the 'active' state. Current state is deleted."
    log_one = {"run_id": run_id, "key": "auc", "value": 1, "timestamp": 1}
    for path, body in (
        ("runs/log-metric", log_one),
        ("runs/log-parameter", {"run_id": run_id, "key": "k", "value": "v"}),
        ("runs/log-batch", {"run_id": run_id}),
        ("runs/set-tag", {"run_id": run_id, "key": "k", "value": "v"}),
        ("runs/update", {"run_id": run_id, "status": "FAILED"}),
    ):
        assert refused("POST", path, body) == (400, "INVALID_PARAMETER_VALUE", state)
    assert run(run_id)["info"]["lifecycle_stage"] == "deleted"
    for _ in range(2):
        ask("POST", "runs/restore", {"run_id": run_id})
    assert metrics(run_id) == {"auc": 0.5}
    assert sorted(entry["action"] for entry in audited(platform, "0")) == [
        "RunDeleted",
        "RunRestored",
    ]


def test_runs_go_and_come_back_with_their_experiment(platform):
    experiment = create()
    runs = [begin(experiment_id=experiment) for _ in range(3)]
    ask("POST", "experiments/delete", {"experiment_id": experiment})
    assert {run(one)["info"]["lifecycle_stage"] for one in runs} == {"deleted"}
    status, _, message = refused("POST", "runs/create", {"experiment_id": experiment})
    assert status == 400
    assert message == (
        f"The experiment {experiment} must be in the 'active' state. Current state is deleted."
    )
    ask("POST", "experiments/restore", {"experiment_id": experiment})
    assert {run(one)["info"]["lifecycle_stage"] for one in runs} == {"active"}


def test_inputs_and_outputs_are_kept_once(platform):
    run_id = begin()
    dataset = {
        "name": "flights",
        "digest": "abc",
        "source_type": "s3",
        "source": "s3://b/k",
        "schema": "{}",
    }
    inputs = {
        "run_id": run_id,
        "datasets": [
            {"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "train"}]}
        ],
        "models": [{"model_id": "m-1"}],
    }
    outputs = {"run_id": run_id, "models": [{"model_id": "m-2", "step": 3}]}
    for _ in range(2):
        ask("POST", "runs/log-inputs", inputs)
        ask("POST", "runs/outputs", outputs)
    told = run(run_id)
    assert told["inputs"] == {
        "dataset_inputs": inputs["datasets"],
        "model_inputs": [{"model_id": "m-1"}],
    }
    assert told["outputs"] == {"model_outputs": [{"model_id": "m-2", "step": 3}]}
    assert list(platform.runtime.runs.readers("abc")) == [
        {
            "run_id": run_id,
            "experiment_id": "0",
            "name": "flights",
            "digest": "abc",
            "context": "train",
        }
    ]


def test_a_model_of_an_older_client_is_kept_in_a_tag(platform):
    run_id = begin()
    model = {
        "artifact_path": "model",
        "flavors": {"python_function": {"loader_module": "x", "config": {"a": 1}}},
        "utc_time_created": "2026-11-09",
        "run_id": run_id,
        "signature": {},
    }
    for _ in range(2):
        ask("POST", "runs/log-model", {"run_id": run_id, "model_json": json.dumps(model)})
    kept = json.loads(tags(run_id)["mlflow.log-model.history"])
    assert kept == [
        {
            "run_id": run_id,
            "utc_time_created": "2026-11-09",
            "artifact_path": "model",
            "flavors": {"python_function": {"loader_module": "x"}},
        }
    ]
    for text in ("{", "[]", "{}", "7", json.dumps({**model, "flavors": 1})):
        told = refused("POST", "runs/log-model", {"run_id": run_id, "model_json": text})
        assert told[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_tags_are_deleted_and_a_missing_one_is_told(platform):
    run_id = begin(tags=[{"key": "k", "value": "v"}])
    ask("POST", "runs/delete-tag", {"run_id": run_id, "key": "k"})
    assert refused("POST", "runs/delete-tag", {"run_id": run_id, "key": "k"}) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"No tag with name: k in run with id {run_id}",
    )


def test_long_values_are_cut_and_a_run_that_outgrows_its_item_lives_on_in_s3(platform):
    run_id = begin()
    ask("POST", "runs/log-parameter", {"run_id": run_id, "key": "p", "value": "x" * 7000})
    ask("POST", "runs/set-tag", {"run_id": run_id, "key": "t", "value": "y" * 9000})
    assert len(params(run_id)["p"]) == 6000
    assert len(tags(run_id)["t"]) == 8000
    for batch in range(3):  # random letters, which no compression makes small
        noisy = [{"key": f"n{batch}-{n}", "value": _noise(batch * 60 + n, 6000)} for n in range(60)]
        ask("POST", "runs/log-batch", {"run_id": run_id, "params": noisy})
    log(run_id, "auc", 0.5)
    assert "moved_to" in platform.table.read(keys.run(run_id), keys.RUN).body
    assert len(params(run_id)) == 181
    assert params(run_id)["n2-59"] == _noise(179, 6000)
    assert metrics(run_id) == {"auc": 0.5}


def _noise(seed: int, length: int) -> str:
    import random

    return "".join(
        chr(code) for code in random.Random(seed).choices(range(0x100, 0x2000), k=length // 3)
    ).ljust(length, "z")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing value for required parameter 'run_id'." + SEE),
        ({"run_id": "r"}, "Missing value for required parameter 'key'." + SEE),
        ({"run_id": "r", "key": "k"}, "Missing value for required parameter 'value'." + SEE),
        (
            {"run_id": "r", "key": "k", "value": 1},
            "Missing value for required parameter 'timestamp'." + SEE,
        ),
        (
            {"run_id": "r", "key": "k", "value": "high", "timestamp": 1},
            "Invalid value \"high\" for parameter 'value' supplied:  Hint: Value was of type 'str'."
            + SEE,
        ),
        (
            {"run_id": "r", "key": "k", "value": 1, "timestamp": -1},
            "Invalid value -1 for parameter 'timestamp' supplied: metric 'k' (value=1.0). "
            "Timestamp must be a nonnegative long (64-bit integer) ",
        ),
        (
            {"run_id": "r", "key": "a,b", "value": 1, "timestamp": 1},
            f"Invalid value \"a,b\" for parameter 'name' supplied: {WORDS}",
        ),
        (
            {"run_id": "r", "key": "k" * 251, "value": 1, "timestamp": 1},
            "'Metric name' exceeds the maximum length of 250 characters",
        ),
    ],
)
def test_a_metric_that_breaks_a_rule_is_refused_in_mlflows_words(platform, body, message):
    told = refused("POST", "runs/log-metric", body)
    assert told == (400, "INVALID_PARAMETER_VALUE", message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"metrics": [{"key": "k", "value": 1}]},
            "Missing value for required parameter 'metrics[0].timestamp'." + SEE,
        ),
        (
            {"params": [{"value": "1"}]},
            "Missing value for required parameter 'params[0].key'." + SEE,
        ),
        ({"tags": [{"key": ""}]}, "Missing value for required parameter 'tags[0].key'." + SEE),
        (
            {"tags": "x"},
            "Invalid value \"x\" for parameter 'tags' supplied:  Hint: Value was of type 'str'."
            + SEE,
        ),
        (
            {"metrics": [{"key": "k", "value": 1, "timestamp": 1}] * 1001},
            "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics "
            "across multiple requests and try again.",
        ),
        (
            {"params": [{"key": f"p{n}", "value": "1"} for n in range(101)]},
            "A batch logging request can contain at most 100 params. Got 101 params. Please split up params across "
            "multiple requests and try again.",
        ),
        (
            {
                "metrics": [{"key": "k", "value": 1, "timestamp": 1}] * 999,
                "tags": [{"key": "a", "value": "1"}] * 2,
            },
            "A batch logging request can contain at most 1000 metrics, params, and tags. Got 1001 metrics, params, "
            "and tags. Please split up metrics, params, and tags across multiple requests and try again.",
        ),
        (
            {"params": [{"key": "a", "value": "1"}, {"key": "a", "value": "1"}]},
            "Duplicate parameter keys have been submitted: ['a']. Please ensure the request contains only one param "
            "value per param key.",
        ),
        (
            {"params": [{"key": "a/../b", "value": "1"}]},
            "Invalid value \"a/../b\" for parameter 'params[0].key' supplied: Names may be treated as files in certain "
            "cases, and must not resolve to other names when treated as such. This name would resolve to 'b'",
        ),
    ],
)
def test_a_batch_that_breaks_a_rule_is_refused_in_mlflows_words(platform, fields, message):
    told = refused("POST", "runs/log-batch", {"run_id": "r", **fields})
    assert told == (400, "INVALID_PARAMETER_VALUE", message)


def test_a_batch_of_more_than_a_megabyte_is_refused(platform):
    run_id = begin()
    body = json.dumps({"run_id": run_id, "tags": [{"key": "a", "value": "v" * 1_000_000}]})
    assert refused("POST", "runs/log-batch", body)[2] == (
        f"Batched logging API requests must be at most 1000000 bytes, got a request of size {len(body)}."
    )


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ({}, "Dataset name cannot be None"),
        ({"name": "n" * 501}, "Dataset digest cannot be None"),
        (
            {"name": "n" * 501, "digest": "d", "source_type": "s", "source": "s"},
            "'name' exceeds the maximum length of 500 characters",
        ),
    ],
)
def test_a_dataset_that_breaks_a_rule_is_refused(platform, dataset, message):
    body = {"run_id": begin(), "datasets": [{"dataset": dataset}]}
    assert refused("POST", "runs/log-inputs", body)[1:] == ("INVALID_PARAMETER_VALUE", message)


def test_what_is_asked_of_a_run_that_there_is_not_is_refused(platform):
    told = (404, "RESOURCE_DOES_NOT_EXIST", "Run with id=none not found")
    assert refused("GET", "runs/get", run_id="none") == told
    for path, body in (
        ("runs/update", {"status": "FINISHED"}),
        ("runs/delete", {}),
        ("runs/restore", {}),
        ("runs/log-metric", {"key": "k", "value": 1, "timestamp": 1}),
        ("runs/log-parameter", {"key": "k", "value": "1"}),
        ("runs/log-batch", {}),
        ("runs/set-tag", {"key": "k", "value": "1"}),
        ("runs/delete-tag", {"key": "k"}),
        ("runs/log-inputs", {}),
        ("runs/outputs", {"models": []}),
    ):
        assert refused("POST", path, {"run_id": "none", **body}) == told, path
    assert refused("POST", "runs/create", {"experiment_id": "77"})[:2] == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
    )
    assert refused("POST", "runs/log-batch", {"run_id": "../x"})[2] == (
        "Invalid value \"../x\" for parameter 'run_id' supplied."
    )
