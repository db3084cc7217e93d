"""MLflow's searches: filters, orders, views and pages of runs and experiments."""

import pytest

from tests.functions.mlflow_wire import ask, refused
from tests.functions.test_mlflow_experiments import create
from tests.functions.test_mlflow_runs import begin, log


def finish(run_id: str) -> None:
    """End a run, which puts its metrics into the indexes."""
    ask("POST", "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 9000})


def ended(auc: float | str | None, start: int, **fields) -> str:
    """Begin and end a run with a metric."""
    run_id = begin(start_time=start, **fields)
    if auc is not None:
        log(run_id, "auc", auc)
    finish(run_id)
    return run_id


def search(text: str = "", *order_by: str, ids: tuple[str, ...] = ("0",), **fields) -> list[str]:
    """Return the ids of the runs that are found, all pages of them."""
    found: list[str] = []
    body = {"experiment_ids": list(ids), "filter": text, "order_by": list(order_by), **fields}
    while True:
        page = ask("POST", "runs/search", body)
        found += [one["info"]["run_id"] for one in page["runs"]]
        if "next_page_token" not in page:
            return found
        body["page_token"] = page["next_page_token"]


def test_runs_come_last_begun_first_unless_asked_otherwise(platform):
    runs = [begin(start_time=start) for start in (100, 300, 200)]
    assert search() == [runs[1], runs[2], runs[0]]
    assert search("", "start_time ASC") == [runs[0], runs[2], runs[1]]
    assert search(max_results=1) == [runs[1], runs[2], runs[0]]
    other = begin(experiment_id=create(), start_time=250)
    experiment = ask("GET", "runs/get", run_id=other)["run"]["info"]["experiment_id"]
    both = ("0", experiment)
    assert search(ids=both, max_results=2) == [runs[1], other, runs[2], runs[0]]


def test_runs_come_in_order_of_a_metric_with_nan_and_missing_last_either_way(platform):
    half = ended(0.5, 1)
    nine = ended(0.9, 2)
    same = ended(0.5, 3)
    nan = ended("NaN", 4)
    without = ended(None, 5)
    running = begin(start_time=6)
    log(running, "auc", 0.7)
    for size in (1, 2, 3, 100):
        up = search("", "metrics.auc ASC", max_results=size)
        assert up == [same, half, running, nine, nan, without]
        down = search("", "metrics.auc DESC", max_results=size)
        assert down == [nine, running, same, half, nan, without]


def test_a_filter_of_the_metric_that_orders_bounds_what_is_read(platform):
    good, best = ended(0.8, 1), ended(0.9, 2)
    ended(0.3, 3)
    ended(None, 4)
    assert search("metrics.auc > 0.5", "metrics.auc DESC") == [best, good]
    assert search("metrics.auc <= 0.8 and metrics.auc >= 0.8", "metrics.auc") == [good]
    assert search("metrics.auc > 0.5") == [best, good]


def test_a_metric_that_is_logged_after_the_end_moves_the_run_in_its_order(platform):
    first, second = ended(0.1, 1), ended(0.5, 2)
    log(first, "auc", 0.9, timestamp=2, step=2)
    assert search("", "metrics.auc DESC") == [first, second]
    log(first, "f1", 0.3)
    assert search("", "metrics.f1 DESC") == [first, second]


def test_runs_with_more_metrics_than_a_transaction_takes_are_found_all_the_same(platform):
    many = begin(start_time=1)
    batch = [{"key": f"m{n}", "value": n, "timestamp": 1} for n in range(60)]
    ask("POST", "runs/log-batch", {"run_id": many, "metrics": batch})
    finish(many)
    few = begin(start_time=2)
    log(few, "m7", 3)
    finish(few)
    assert search("", "metrics.m7 DESC") == [many, few]


def test_filters_read_parameters_tags_attributes_and_datasets(platform):
    tree = begin(run_name="tree", user_id="ana", tags=[{"key": "team", "value": "x"}])
    ask("POST", "runs/log-parameter", {"run_id": tree, "key": "depth", "value": "3"})
    dataset = {"name": "flights", "digest": "d1", "source_type": "s3", "source": "s"}
    ask("POST", "runs/log-inputs", {"run_id": tree, "datasets": [{"dataset": dataset}]})
    begin(run_name="other")
    for text in (
        "params.depth = '3'",
        "tags.team LIKE 'x%'",
        "attributes.run_name ILIKE 'TREE'",
        "user_id = 'ana' and status = 'RUNNING'",
        "datasets.digest = 'd1'",
        f"run_id IN ('{tree}', 'none')",
        f"run_id = '{tree}' and params.depth = '3'",
    ):
        assert search(text) == [tree], text
    assert search("params.depth = '4'") == []
    assert search(f"run_id = '{tree}'", ids=()) == []


def test_an_order_that_no_index_has_is_answered_too(platform):
    names = ["b", "a", "d", "c"]
    runs = {name: begin(run_name=name, start_time=place) for place, name in enumerate(names)}
    wanted = [runs[name] for name in "abcd"]
    for size in (1, 3, 10):
        assert search("", "attributes.run_name ASC", max_results=size) == wanted
    assert search("", "params.none", "run_name DESC") == wanted[::-1]


def test_a_view_shows_active_deleted_or_all_runs(platform):
    kept, gone = begin(start_time=1), begin(start_time=2)
    ask("POST", "runs/delete", {"run_id": gone})
    assert search() == search(run_view_type="ACTIVE_ONLY") == [kept]
    assert search(run_view_type="DELETED_ONLY") == [gone]
    assert search(run_view_type=3) == [gone, kept]


def test_a_page_holds_less_than_was_asked_for_where_an_answer_would_grow_too_large(platform):
    for start in range(4):
        run_id = begin(start_time=start)
        for batch in range(2):
            params = [{"key": f"p{batch}-{n}", "value": "x" * 6000} for n in range(100)]
            ask("POST", "runs/log-batch", {"run_id": run_id, "params": params})
    first = ask("POST", "runs/search", {"experiment_ids": ["0"]})
    assert 1 <= len(first["runs"]) < 4
    assert len(search()) == 4


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"max_results": 0},
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer",
        ),
        (
            {"max_results": 50_001},
            "Invalid value 50001 for parameter 'max_results' supplied:  Hint: Value was of type 'int'. See the API "
            "docs for more information about request parameters.",
        ),
        (
            {"experiment_ids": ["x"]},
            "Invalid experiment ID 'x'. Experiment ID must be a valid integer.",
        ),
        (
            {"order_by": "metrics.auc"},
            "Invalid value \"metrics.auc\" for parameter 'order_by' supplied:  Hint: Value was of type 'str'. See "
            "the API docs for more information about request parameters.",
        ),
        ({"page_token": "made up"}, "Invalid page token, could not base64-decode"),
    ],
)
def test_a_search_that_breaks_a_rule_is_refused(platform, fields, message):
    told = refused("POST", "runs/search", {"experiment_ids": ["0"], **fields})
    assert told == (400, "INVALID_PARAMETER_VALUE", message)


def test_a_filter_that_cannot_be_read_and_a_token_of_another_search_are_refused(platform):
    for text in ("metrics.auc >", "auc = 1", "x" * 10_000, "metrics.auc > 'high'"):
        told = refused("POST", "runs/search", {"experiment_ids": ["0"], "filter": text})
        assert told[:2] == (400, "INVALID_PARAMETER_VALUE"), text
    for start in range(3):
        begin(start_time=start)
    page = ask("POST", "runs/search", {"experiment_ids": ["0"], "max_results": 1})
    other = {
        "experiment_ids": ["0"],
        "order_by": ["start_time"],
        "page_token": page["next_page_token"],
    }
    assert refused("POST", "runs/search", other)[2] == (
        "Invalid page token, it belongs to another search"
    )


def experiments(text: str = "", *order_by: str, method: str = "POST", **fields) -> list[str]:
    """Return the names of the experiments that are found, all pages of them."""
    found: list[str] = []
    asked = {"filter": text, "order_by": list(order_by), "max_results": 100, **fields}
    while True:
        page = (
            ask("GET", "experiments/search", **asked)
            if method == "GET"
            else ask("POST", "experiments/search", asked)
        )
        found += [one["name"] for one in page["experiments"]]
        if "next_page_token" not in page:
            return found
        asked["page_token"] = page["next_page_token"]


def test_experiments_are_found_by_name_tag_and_time_in_pages(platform):
    ask("GET", "experiments/get", experiment_id="0")
    for name in ("b", "a", "c"):
        platform.clock.advance(seconds=1)
        create(name, tags=[{"key": "k", "value": name}])
    assert experiments() == ["c", "a", "b", "Default"]
    assert experiments("", "name ASC", max_results=1) == ["Default", "a", "b", "c"]
    assert experiments("tags.k = 'a'") == ["a"]
    assert experiments("name LIKE 'b%'", method="GET") == ["b"]
    gone = ask("GET", "experiments/get-by-name", experiment_name="a")["experiment"]
    ask("POST", "experiments/delete", {"experiment_id": gone["experiment_id"]})
    assert experiments() == ["c", "b", "Default"]
    assert experiments(view_type="DELETED_ONLY") == ["a"]
    assert experiments(view_type="ALL") == ["c", "a", "b", "Default"]


def test_a_search_of_experiments_that_breaks_a_rule_is_refused(platform):
    path = "experiments/search"
    assert refused("POST", path, {})[2] == (
        "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"
    )
    assert refused("POST", path, {"max_results": 50_001})[2] == (
        "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000"
    )
    for fields in ({"filter": "foo = 1"}, {"order_by": ["foo"]}, {"page_token": "x"}):
        assert refused("POST", path, {"max_results": 5, **fields})[:2] == (
            400,
            "INVALID_PARAMETER_VALUE",
        )
