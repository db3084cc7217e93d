"""What docs/costs.md says of each operation is what the operation costs: round trips and capacity units."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dynamodb_meter import Cost, Meter
from tests.functions.mlflow_wire import ask
from tests.moto_platform import MotoPlatform

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"
Operation = Callable[[int], object]
NAME = "pines"  # a model that only MLflow's clients made


def _model() -> None:
    ask("POST", "registered-models/create", {"name": NAME})
    for number in range(3):
        _version(number)
    ask("POST", "registered-models/alias", {"name": NAME, "alias": "best", "version": "1"})


def _version(_: int) -> object:
    return ask("POST", "model-versions/create", {"name": NAME, "source": "s3://somewhere/model"})


def _moved(turn: int) -> object:
    moved = {"name": NAME, "alias": "best", "version": str(1 + turn % 3)}
    return ask("POST", "registered-models/alias", moved)


def _create_experiment(turn: int) -> object:
    return ask("POST", "experiments/create", {"name": f"trees {turn}"})


def _tagged_experiment(turn: int) -> object:
    tagged = {"experiment_id": "0", "key": "team", "value": f"team {turn}"}
    return ask("POST", "experiments/set-experiment-tag", tagged)


def _begun(key: str) -> str:
    """Return the run that was created under this key, now or before."""
    body = {"experiment_id": "0", "start_time": 1, "run_name": "quiet oak"}
    made = ask("POST", "runs/create", body, headers={"x-trimtab-request-key": key})
    run_id: str = made["run"]["info"]["run_id"]
    return run_id


def _metric(key: str, turn: int, step: int = 0) -> dict:
    return {"key": key, "value": turn / 7, "timestamp": 1000 * turn + step, "step": step}


def _batch(turn: int) -> object:
    metrics = [_metric(f"m{n}", turn) for n in range(10)]
    params = [{"key": f"p{n} of {turn}", "value": "6"} for n in range(10)]
    body = {"run_id": RUN, "metrics": metrics, "params": params}
    return ask("POST", "runs/log-batch", body)


def _thousand(turn: int) -> object:
    metrics = [_metric(f"m{n % 10}", turn, step=n) for n in range(1000)]
    return ask("POST", "runs/log-batch", {"run_id": RUN, "metrics": metrics})


def _ended(turn: int) -> object:
    run_id = RUN if turn == 1 else SECOND
    return ask("POST", "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": turn})


def _ten_metrics(key: str) -> str:
    """Begin a run that has logged 10 metrics."""
    run_id = _begun(key)
    metrics = [_metric(f"m{n}", 0) for n in range(10)]
    ask("POST", "runs/log-batch", {"run_id": run_id, "metrics": metrics})
    return run_id


def _search(experiment_id: str) -> list[str]:
    body = {
        "experiment_ids": [experiment_id],
        "filter": "metrics.m0 > 0.5",
        "order_by": ["metrics.m0 DESC"],
        "max_results": 10,
    }
    return [run["info"]["run_id"] for run in ask("POST", "runs/search", body)["runs"]]


def _many_ended(experiment_id: str, numbers: range) -> None:
    for number in numbers:
        body = {"experiment_id": experiment_id, "start_time": number}
        run_id = ask("POST", "runs/create", body)["run"]["info"]["run_id"]
        point = {"run_id": run_id, **_metric("m0", number)}
        ask("POST", "runs/log-metric", point)
        ask("POST", "runs/update", {"run_id": run_id, "status": "FINISHED"})


def _logged(name: str) -> str:
    """Make a logged model; return its id."""
    made = ask("POST", "logged-models", {"experiment_id": "0", "name": name})
    model_id: str = made["model"]["info"]["model_id"]
    return model_id


RUN = SECOND = LOGGED = (
    ""  # ids of runs with 10 metrics and of a logged model; known once they are made
)

OPERATIONS: dict[str, Operation] = {
    "create a run": lambda turn: _begun(f"run {turn}"),
    "log a metric": lambda turn: ask(
        "POST", "runs/log-metric", {"run_id": RUN, **_metric("m0", 10 + turn)}
    ),
    "log a param": lambda turn: ask(
        "POST", "runs/log-parameter", {"run_id": RUN, "key": f"q{turn}", "value": "6"}
    ),
    "tag a run": lambda turn: ask(
        "POST", "runs/set-tag", {"run_id": RUN, "key": "phase", "value": f"{turn}"}
    ),
    "log 10 metrics and 10 params": _batch,
    "log 1,000 metrics": _thousand,
    "end a run of 10 metrics": _ended,
    "run by id": lambda _: ask("GET", "runs/get", run_id=RUN),
    "history of a metric": lambda _: ask("GET", "metrics/get-history", run_id=RUN, metric_key="m0"),
    "create an experiment": _create_experiment,
    "experiment by id": lambda _: ask("GET", "experiments/get", experiment_id="0"),
    "experiment by name": lambda _: ask(
        "GET", "experiments/get-by-name", experiment_name="Default"
    ),
    "tag an experiment": _tagged_experiment,
    "create a logged model": lambda turn: _logged(f"trees {turn}"),
    "logged model by id": lambda _: ask("GET", f"logged-models/{LOGGED}"),
    "end a logged model": lambda turn: ask(
        "PATCH", f"logged-models/{LOGGED}", {"model_id": LOGGED, "status": 1 + turn}
    ),
    "log a metric of a logged model": lambda turn: ask(
        "POST",
        "runs/log-metric",
        {"run_id": RUN, **_metric("m0", 20 + turn), "model_id": LOGGED},
    ),
    "list the newest logged models": lambda _: ask(
        "POST", "logged-models/search", {"experiment_ids": ["0"], "max_results": 10}
    ),
    "create a registered model": lambda turn: ask(
        "POST", "registered-models/create", {"name": f"oaks {turn}"}
    ),
    "registered model by name": lambda _: ask("GET", "registered-models/get", name=NAME),
    "create a model version": _version,
    "model version by number": lambda _: ask("GET", "model-versions/get", name=NAME, version="1"),
    "set an alias": _moved,
    "model version by alias": lambda _: ask(
        "GET", "registered-models/alias", name=NAME, alias="best"
    ),
}


OF_TWO = {"log a metric of a logged model"}  # operations on a run and a model


def said() -> dict[str, str]:
    """The lines of the page's tables, by operation."""
    lines = [
        line for line in PAGE.read_text().splitlines() if re.match(r"\| (?!operation|---)", line)
    ]
    return {line.split("|")[1].strip(): line for line in lines}


@pytest.fixture
def meter(platform: MotoPlatform) -> Meter:
    global RUN, SECOND, LOGGED
    _model()
    ask("GET", "experiments/get", experiment_id="0")
    RUN, SECOND, LOGGED = _ten_metrics("first"), _ten_metrics("second"), _logged("trees")
    return Meter()


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_costs_what_the_page_says(platform: MotoPlatform, meter: Meter, name: str):
    cold = _cost(meter, OPERATIONS[name], 1, platform.restart)
    ask("POST", "runs/set-tag", {"run_id": SECOND, "key": "warm", "value": "yes"})
    ask("PATCH", f"logged-models/{LOGGED}/tags", {"tags": [{"key": "warm", "value": "yes"}]})
    warm = _cost(meter, OPERATIONS[name], 2)
    trips = f"{cold.round_trips} | {warm.round_trips}"
    measured = f"| {name} | {trips} | {warm.reads:g} | {warm.writes:g} |"
    assert said().get(name, "not on the page") == measured
    things = 2 if name in OF_TWO else 1
    assert cold.round_trips <= 2 * things, "the most that an operation on one thing may take"


def _cost(
    meter: Meter, operation: Operation, turn: int, before: Callable[[], None] = lambda: None
) -> Cost:
    before()
    with meter.measured() as cost:
        operation(turn)
    return cost


def test_the_page_lists_no_operation_that_is_not_measured():
    assert set(said()) == set(OPERATIONS)


def test_a_search_by_metric_costs_what_its_page_shows_however_many_runs_there_are(meter: Meter):
    experiment_id = ask("POST", "experiments/create", {"name": "many"})["experiment_id"]
    costs = []
    for numbers in (range(20, 50), range(50, 110)):
        _many_ended(experiment_id, numbers)
        with meter.measured() as cost:
            found = _search(experiment_id)
        assert len(found) == 10
        costs.append(cost)
    fewer, more = costs
    assert (fewer.round_trips, fewer.reads) == (more.round_trips, more.reads)
    assert more.round_trips <= 3


def test_a_thousand_metrics_take_five_round_trips_at_most(platform: MotoPlatform, meter: Meter):
    cost = _cost(meter, _thousand, 1, platform.restart)
    assert cost.round_trips <= 5
    assert len(ask("GET", "metrics/get-history", run_id=RUN, metric_key="m0")["metrics"]) == 101
