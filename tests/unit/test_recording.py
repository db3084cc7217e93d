"""Recipes, costs and pictures of recorded runs, and when a rerun counts as reproduced."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.endings import Outcome
from trimtab.domain.plans import Plan
from trimtab.domain.recording import prices
from trimtab.domain.recording.facts import ExecutionFacts, Job, MetricValue, Step, Trial
from trimtab.domain.recording.ids import run_id_of
from trimtab.domain.recording.metric_lines import metric_values
from trimtab.domain.recording.plots import plots_of
from trimtab.domain.recording.recipe import (
    CodeFacts,
    DataPin,
    Environment,
    Package,
    Recipe,
    differences,
    environment_of,
    of_trial,
)
from trimtab.domain.recording.record import record_of
from trimtab.domain.recording.reproduction import Made, Spread, compare, made_by
from trimtab.domain.recording.runs import (
    brought_up,
    metrics_of,
    run_of,
    run_of_version,
    trial_run,
)
from trimtab.domain.tracking.experiments import ACTIVE, Experiment
from trimtab.domain.tracking.runs import Run
from trimtab.domain.training import CauseKind, TrainingRequest

NOW = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:1:pipeline/trimtab-dev-churn/execution/e1"
EXPERIMENT = Experiment("7", "churn", "s3://b/artifacts/7", ACTIVE, 0, 0, {})
REPORT = {"metrics": {"auc": {"value": 0.7, "low": 0.6, "high": 0.8}}, "gate": {"passed": True}}
JOB = Job(name="t", kind="training", instance_type="ml.m5.large", seconds=36.0)


def facts(**changed) -> ExecutionFacts:
    told = {
        "arn": ARN,
        "model": "churn",
        "variant": "train",
        "status": "Succeeded",
        "started_at": NOW,
        "ended_at": NOW + timedelta(seconds=90),
        "request_id": "r-1",
        "parameters": {"DatasetVersion": "1"},
    }
    return ExecutionFacts(**{**told, **changed})


def step(name: str = "Train", status: str = "Succeeded", **told) -> Step:
    return Step(name=name, status=status, **told)


def recipe(**changed) -> Recipe:
    told = {
        "model": "churn",
        "variant": "train",
        "source": Package(uri="s3://a/x", kept_uri="s3://b/x", sha256="a" * 64),
        "steps": None,
        "code": CodeFacts(),
        "image": "image:1",
        "data": DataPin(
            manifest_uri="s3://b/m", digest="d" * 64, dataset_version=1, rows=10, batches=1
        ),
        "parameters": {"DatasetVersion": "1", "RequestId": "r-1", "Seed": "1"},
        "hyperparameters": {"depth": "3", "seed": "1"},
        "seed": "1",
        "environment": Environment(python="3.12", packages={"numpy": "2.4.1"}),
    }
    return Recipe(**{**told, **changed})


def run(told: ExecutionFacts, **changed) -> Run:
    given = {
        "artifact_uri": "s3://b/artifacts/churn/e1",
        "recipe": None,
        "report": REPORT,
        "outcome": Outcome(ending="successful", reason="good"),
        "tags": {},
        "user": "ann",
    }
    return run_of(EXPERIMENT, told, **{**given, **changed})


def test_a_job_costs_instances_times_seconds_by_the_list():
    assert prices.cost("ml.m5.large", 2, 1800) == 0.115
    assert prices.cost("ml.p99.large", 1, 60) is None
    assert prices.cost(None, 1, 60) is None


def test_an_execution_costs_nothing_for_what_it_took_from_the_cache():
    ran, cached = step(job=JOB), step("Prepare", job=JOB, cached=True)
    assert facts(steps=(ran, cached)).cost_usd == JOB.cost_usd == 0.00115
    told = record_of(facts(steps=(ran, cached)), None)
    assert [one.cost_usd for one in told.steps] == [0.00115, 0.0]
    assert told.reason == ""


def test_an_execution_with_a_job_of_unknown_price_has_no_estimate():
    other = JOB.model_copy(update={"instance_type": "ml.p99.large"})
    told = facts(steps=(step(job=JOB), step("Tune", job=other)))
    assert told.cost_usd is None
    assert "cost_usd" not in run(told).metrics


def test_a_record_names_the_step_that_failed_and_what_ran_no_job():
    failed = step("Gate", "Failed", reason="no", started_at=NOW, ended_at=NOW, is_verdict=True)
    told = record_of(
        facts(steps=(failed, step("Check"))), Outcome(ending="failed", reason="auc low")
    )
    assert (told.failed_step, told.reason) == ("Gate", "auc low")
    assert told.steps[0].seconds == 0
    assert told.steps[1].seconds is None
    assert told.steps[1].cost_usd is None
    assert record_of(facts(ended_at=None), None).seconds is None


@pytest.mark.parametrize(
    ("status", "ending", "report", "expected"),
    [
        ("Succeeded", "successful", REPORT, "FINISHED"),
        ("Failed", "failed", REPORT, "FINISHED"),
        ("Failed", "failed", None, "FAILED"),
        ("Failed", "error", REPORT, "FAILED"),
        ("Stopped", "error", None, "KILLED"),
    ],
)
def test_a_run_ends_as_its_execution_did(status, ending, report, expected):
    told = run(facts(status=status), report=report, outcome=Outcome(ending=ending, reason="x"))
    assert told.status == expected


def test_a_run_under_way_has_neither_end_nor_metrics():
    told = run(facts(status="Executing", ended_at=None), outcome=None, report=None)
    assert (told.status, told.end_ms, told.metrics) == ("RUNNING", None, {})
    assert told.tags["mlflow.runName"] == told.name == "train-r-1"


def test_a_run_of_nobodys_request_is_named_by_its_execution():
    assert run(facts(request_id=None, parameters={})).name == "train-e1"


def test_code_is_told_in_the_tags_that_mlflow_knows():
    code = CodeFacts(commit="c0ffee", branch="main", dirty=True, diff="-a")
    tags = run(facts(), recipe=recipe(code=code)).tags
    assert (tags["mlflow.source.git.commit"], tags["trimtab.code.dirty"]) == ("c0ffee", "true")
    assert tags["trimtab.code.diff"] == "recipe/code.diff"
    unknown = run(facts(), recipe=recipe(source=None)).tags
    assert "trimtab.code.digest" not in unknown
    assert "trimtab.code.dirty" not in unknown


def test_metrics_of_a_job_are_those_of_training_and_nan_is_left_out():
    values = (
        MetricValue(name="validation:auc", value=0.7, at=NOW),
        MetricValue(name="loss(%)", value=float("nan"), at=NOW),
    )
    job = JOB.model_copy(update={"metrics": values, "hyperparameters": {"depth": "3"}})
    told = run(facts(steps=(step(job=job),)))
    assert told.metrics["train/validation:auc"].value == 0.7
    assert not any(key.startswith("train/loss") for key in told.metrics)
    assert told.params == {"pipeline/DatasetVersion": "1", "depth": "3"}


def test_a_log_tells_metrics_by_the_expressions_that_can_be_read():
    lines = [(NOW, "auc=0.5 loss=nothing"), (NOW, "no number"), (NOW, "auc=0.6")]
    patterns = {"auc": "auc=([0-9.]+)", "loss": "loss=(.*)", "bare": "auc", "odd": "("}
    told = metric_values(lines, patterns)
    assert [(one.name, one.step, one.value) for one in told] == [("auc", 0, 0.5), ("auc", 1, 0.6)]
    assert told[0].at == NOW
    assert metric_values([], patterns) == metric_values(lines, {}) == ()


def test_what_a_report_does_not_tell_as_numbers_is_no_metric():
    assert metrics_of(None) == {}
    assert metrics_of({"metrics": 3}) == {}
    assert metrics_of({"metrics": {"auc": 3, "f1": {"value": None, "low": 0.1}}}) == {
        "f1": {"low": 0.1}
    }
    champion = {"version": 1, "metrics": {"auc": {"low": 0.1}, "f1": {"value": 0.2}}}
    told = run(facts(), report={**REPORT, "champion": champion}).metrics
    assert "champion.auc" not in told
    assert told["champion.f1"].value == 0.2
    assert "trimtab.gate" not in run(facts(), report={"metrics": {}}).tags
    assert run(facts(), report={"gate": {"passed": False}}).tags["trimtab.gate"] == "refused"


def test_of_a_sweep_the_best_trial_has_the_evaluations_metrics_and_the_parent_has_not():
    tuning = Job(name="tune", kind="tuning", seconds=10, usd=0.5)
    parent = run(facts(steps=(step("Tune", job=tuning),)))
    assert "auc" not in parent.metrics
    assert parent.metrics["cost_usd"].value == 0.5
    told = Trial(job=JOB, status="Completed", started_at=NOW, ended_at=NOW, is_best=True)
    best = trial(told)
    assert (best.metrics["auc"].value, best.tags["trimtab.best_trial"]) == (0.7, "true")
    assert best.tags["mlflow.parentRunId"] == run_id_of("e1")


def trial(told: Trial) -> Run:
    return trial_run(
        EXPERIMENT, facts(), told, artifact_uri="s3://b/a", report=REPORT, tags={}, user="ann"
    )


def test_a_trial_that_runs_or_has_no_objective_is_told_as_far_as_it_came():
    unknown = JOB.model_copy(update={"instance_type": None})
    told = trial(Trial(job=unknown, status="InProgress", started_at=NOW))
    assert (told.status, told.end_ms) == ("RUNNING", None)
    assert set(told.metrics) == {"duration_seconds"}
    objective = MetricValue(name="auc", value=0.7, at=NOW)
    ended = Trial(job=JOB, status="Failed", started_at=NOW, ended_at=NOW, objective=objective)
    assert trial(ended).status == "FAILED"
    assert trial(ended).metrics["objective"].value == 0.7


def test_a_run_that_ended_does_not_go_back_to_its_beginning():
    begun = run(facts(status="Executing", ended_at=None), outcome=None, report=None)
    ended = run(facts())
    assert brought_up(ended, begun) == ended
    assert brought_up(begun, ended) == ended
    assert brought_up(ended, ended) == ended


def test_a_version_of_a_sweep_was_made_by_the_trial_in_its_models_address():
    uri = "s3://b/artifacts/churn/e1/model/tune-7/output/model.tar.gz"
    assert run_of_version("e1", uri, None) == run_id_of("e1")
    assert run_of_version("e1", uri, request(Plan())) == run_id_of("e1")
    assert run_of_version("e1", uri, request(Plan(variant="sweep"))) == run_id_of("e1", "tune-7")


def request(plan: Plan) -> TrainingRequest:
    return TrainingRequest(
        request_id="r-1",
        cause=CauseKind.person,
        actor="ann",
        reason="why",
        dataset_version=1,
        rows=1,
        manifest_uri="s3://b/m",
        champion_version=None,
        champion_model_uri=None,
        requested_at=NOW,
        plan=plan,
    )


def test_equal_recipes_do_not_differ():
    assert differences(recipe(), recipe()) == ()


def test_what_differs_is_named_with_both_values():
    newer = Environment(python="3.13", packages={"numpy": "2.4.2", "pandas": "3.1"})
    data = DataPin(manifest_uri="m", digest="e" * 64, dataset_version=None, rows=9, batches=1)
    after = recipe(
        source=Package(uri="u", kept_uri="k", sha256="b" * 64),
        image="image:2",
        data=data,
        hyperparameters={"depth": "4", "width": "1", "seed": "2"},
        seed="2",
        environment=newer,
    )
    told = {one.what: one.sentence() for one in differences(recipe(), after)}
    assert list(told) == [
        "code", "image", "data", "seed", "parameter depth", "parameter width",
        "python", "package numpy", "package pandas",
    ]  # fmt: skip
    assert told["package numpy"] == "package numpy 2.4.1 → 2.4.2"
    assert told["parameter width"] == "parameter width none → 1"
    assert "9 rows" in told["data"]


def test_what_is_not_known_of_one_recipe_is_no_difference():
    unknown = recipe(source=None, data=None, image=None, seed=None, environment=None)
    assert differences(recipe(), unknown) == ()


def test_what_a_request_gives_anew_is_no_part_of_the_own_parameters():
    assert recipe().own_parameters == {"DatasetVersion": "1", "Seed": "1"}


def test_a_trials_recipe_trains_once_with_the_trials_parameters():
    told = of_trial(recipe(variant="sweep"), {"depth": "9"})
    assert (told.variant, told.hyperparameters, told.seed) == ("train", {"depth": "9"}, "1")
    assert of_trial(recipe(), {"seed": "5"}).seed == "5"


def test_an_environment_is_read_as_far_as_it_is_told():
    assert environment_of(None) is None
    assert environment_of({"environment": {"packages": {}}}) is None
    assert environment_of({"environment": {"python": "3.12"}}) == Environment(python="3.12")


def made(value: float | None, digest: str | None = None, run_id: str = "o") -> Made:
    return Made(run_id=run_id, digest=digest, value=value)


def told_of(origin: Made, rerun: Made, *, seeds=(), left=0, differences=()):
    return compare(
        origin, rerun, metric="auc", seeds=seeds, left=left, differences=tuple(differences)
    )


def test_the_same_bytes_are_reproduced_whatever_the_seeds():
    told = told_of(made(0.7, "aa"), made(0.7, "aa"), left=3)
    assert (told.result, told.reproduced) == ("bit-equal", True)
    assert told.sentence == "reproduced: bit-equal, artifact digest aa; the recipes are the same"


def test_other_bytes_wait_for_runs_with_other_seeds():
    told = told_of(made(0.7, "aa"), made(0.71, "bb"), left=2)
    assert (told.result, told.reproduced) == ("measuring", False)
    assert "2 runs with other seeds" in told.sentence


def test_other_bytes_with_the_same_metric_need_no_further_runs():
    told = told_of(made(0.7, "aa"), made(0.7, "bb"), left=3)
    assert (told.result, told.spread) == ("within spread", None)
    assert "the bytes differ and auc is the same, 0.7" in told.sentence


def test_a_rerun_within_what_seeds_differ_by_is_reproduced_and_says_how_far():
    seeds = [made(0.705), made(0.695), made(0.70)]
    told = told_of(made(0.70, "aa"), made(0.706, "bb"), seeds=seeds)
    assert told.result == "within spread"
    assert "0.006 apart <= 0.018" in told.sentence
    assert "measured on 4 seeds" in told.sentence


def test_a_rerun_beyond_what_seeds_differ_by_is_not_and_names_the_differences():
    seeds = [made(0.701), made(0.699), made(None)]
    wrong = differences(recipe(), recipe(image="image:2"))
    told = told_of(made(0.70, "aa"), made(0.65, None), seeds=seeds, differences=wrong)
    assert (told.result, told.reproduced) == ("not", False)
    assert told.sentence.startswith("not reproduced: auc 0.65 against 0.7, 0.05 apart >")
    assert told.sentence.endswith("differs: image image:1 → image:2")


def test_without_numbers_nothing_can_be_called_reproduced():
    assert "the rerun has no evaluation" in told_of(made(0.7), made(None)).sentence
    assert "the origin has no evaluation" in told_of(made(None), made(0.7)).sentence
    told = told_of(made(0.7, None), made(0.71, None), seeds=[made(None)])
    assert (told.result, told.spread) == ("not", Spread(values=(0.7,), limit=None))


def test_a_sentence_names_some_differences_and_counts_the_others():
    packages = {f"p{number}": "1" for number in range(11)}
    newer = recipe(environment=Environment(python="3.12", packages={"numpy": "2.4.1", **packages}))
    told = told_of(made(0.7, "a"), made(0.7, "a"), differences=differences(recipe(), newer))
    assert told.sentence.endswith("and 3 more")
    assert len(told.differences) == 11


def test_what_was_made_is_read_from_the_evaluation():
    report = {**REPORT, "artifact": {"digest": "d", "bytes": 3}}
    assert made_by("r", report, "auc") == Made(run_id="r", digest="d", value=0.7)
    assert made_by("r", {"artifact": {"digest": 3}}, "auc") == Made(
        run_id="r", digest=None, value=None
    )
    assert made_by("r", None, "auc").value is None


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=9))
def test_a_seed_itself_is_within_the_spread_that_it_measured(thousandths):
    values = [one / 1000 for one in thousandths]
    limit = Spread.of(values).limit
    assert limit is not None
    assert limit >= 0
    seeds = [made(value) for value in values[1:]]
    told = told_of(made(values[0], "a"), made(values[1], "b"), seeds=seeds)
    assert told.result == "within spread"


def test_each_curve_of_a_report_is_one_picture_that_needs_nothing_else():
    curves = {
        "roc": {"challenger": [[0, 0], [0.2, 0.8], [1, 1]], "champion": [[0, 0], [1, 1]]},
        "residuals": {"<b>": [[10, -2], [12, 1.5], ["x", 1], [1]]},
        "calibration": {"challenger": [], "champion": None},
        "other": {"challenger": [[0, 0]]},
    }
    found = plots_of({"curves": curves})
    assert set(found) == {"roc", "residuals"}
    assert found["roc"].startswith("<svg xmlns=")
    assert found["roc"].count('stroke-width="2"') == 2
    assert found["residuals"].count("<circle") == 2
    assert "&lt;b&gt;" in found["residuals"]
    assert "href" not in found["roc"]


def test_one_point_alone_and_no_curves_make_no_fault():
    assert plots_of(None) == plots_of({"curves": 3}) == plots_of({"curves": {"roc": 3}}) == {}
    assert "<circle" in plots_of({"curves": {"residuals": {"a": [[1, 0]]}}})["residuals"]
