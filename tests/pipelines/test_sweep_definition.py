"""The pipelines of a model that sweeps: what they tune, in which trials, and which model goes on to the gate."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from pipelines import definition
from pipelines.definition_check import problems
from pipelines.spec import MOST_HYPERPARAMETERS
from tests.pipelines.sweeps import AUC, OWN_IMAGE, RANGES, on_spot, spec, sweeping
from tests.pipelines.test_definition import WIRING, step

Json = dict[str, Any]

GRID = {"max-leaf-nodes": RANGES["max-leaf-nodes"]}


def told(name: str) -> Json:
    return {"Get": f"Parameters.{name}"}


@pytest.fixture
def built() -> Json:
    return definition.build(sweeping(), WIRING, "sweep")


def tuned(built: Json) -> Json:
    arguments: Json = step(built, "Tune")["Arguments"]
    return arguments


def test_a_model_with_a_sweep_has_two_more_pipelines_and_a_grid_nothing_to_go_on_with():
    assert definition.variants(spec()) == ("train",)
    assert definition.variants(sweeping()) == ("train", "sweep", "sweep-warm")
    assert definition.variants(sweeping(GRID, strategy="grid")) == ("train", "sweep")
    with pytest.raises(ValueError, match="flight-delays has no pipeline of variant sweep"):
        definition.build(spec(), WIRING, "sweep")


@pytest.mark.parametrize(
    ("model", "variant"),
    [
        (sweeping(), "train"),
        (sweeping(), "sweep"),
        (sweeping(), "sweep-warm"),
        (sweeping(strategy="random", early_stopping=True), "sweep"),
        (sweeping(GRID, strategy="grid"), "sweep"),
        (spec(framework="xgboost", framework_version="3.2-0"), "train"),
    ],
)
def test_every_pipeline_of_a_model_is_sound(model, variant):
    assert problems(definition.build(model, WIRING, variant)) == []


def test_a_sweep_tunes_in_place_of_training_once(built: Json):
    check = step(built, "Check")["Arguments"]
    kinds = [(each["Name"], each["Type"]) for each in check["IfSteps"]]
    assert kinds == [("Tune", "Tuning"), ("Evaluate", "Processing")]
    plain = definition.build(sweeping(), WIRING)
    for name in ("CheckRefused", "GateRefused"):
        assert step(built, name) == step(plain, name)


def test_a_sweep_searches_its_ranges_for_its_objective(built: Json):
    assert tuned(built)["HyperParameterTuningJobConfig"] == {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": told("Trials"),
            "MaxParallelTrainingJobs": told("ParallelTrials"),
        },
        "ParameterRanges": {
            "IntegerParameterRanges": [
                {
                    "Name": "max-iter",
                    "MinValue": told("Min-max-iter"),
                    "MaxValue": told("Max-max-iter"),
                    "ScalingType": "Logarithmic",
                }
            ],
            "ContinuousParameterRanges": [
                {
                    "Name": "learning-rate",
                    "MinValue": told("Min-learning-rate"),
                    "MaxValue": told("Max-learning-rate"),
                    "ScalingType": "Auto",
                }
            ],
            "CategoricalParameterRanges": [{"Name": "max-leaf-nodes", "Values": ["4", "8", "16"]}],
        },
        "TrainingJobEarlyStoppingType": "Off",
        "RandomSeed": told("Seed"),
    }


def test_a_trial_is_a_training_but_for_what_the_sweep_chooses(built: Json):
    train = step(definition.build(sweeping(), WIRING), "Train")["Arguments"]
    trial = tuned(built)["TrainingJobDefinition"]
    static = trial.pop("StaticHyperParameters")
    usual = train.pop("HyperParameters")
    assert trial == train
    assert trial["AlgorithmSpecification"]["MetricDefinitions"] == [
        {"Name": "validation:auc", "Regex": AUC}
    ]
    assert usual.keys() - static.keys() == RANGES.keys()
    # The seed is a number there, and every hyperparameter text.
    assert static.pop("seed") == {"Std:Join": {"On": "", "Values": [told("Seed")]}}
    assert static.items() <= usual.items()


def test_the_parameters_that_sagemaker_counts_with_are_numbers(built: Json):
    declared = {each["Name"]: each for each in built["Parameters"]}
    whole = {
        name: each["DefaultValue"] for name, each in declared.items() if each["Type"] == "Integer"
    }
    assert whole == {"Seed": 2013, "Trials": 20, "ParallelTrials": 2}
    assert "Hyper-max-iter" not in declared


def test_a_grid_leaves_out_its_number_of_trials_and_what_it_does_not_search():
    config = tuned(definition.build(sweeping(GRID, strategy="grid"), WIRING, "sweep"))[
        "HyperParameterTuningJobConfig"
    ]
    assert config["ResourceLimits"] == {"MaxParallelTrainingJobs": told("ParallelTrials")}
    assert config["ParameterRanges"].keys() == {"CategoricalParameterRanges"}


def test_a_warm_sweep_goes_on_from_the_tuning_job_that_it_is_told(built: Json):
    warm = definition.build(sweeping(), WIRING, "sweep-warm")
    assert tuned(warm).pop("WarmStartConfig") == {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": told("WarmStartFrom")}],
        "WarmStartType": "TransferLearning",
    }
    assert warm["Parameters"].pop(5) == {"Name": "WarmStartFrom", "Type": "String"}
    assert warm == built


def test_the_best_trials_model_is_evaluated_and_registered(built: Json):
    best = {
        "Std:Join": {
            "On": "",
            "Values": [
                "s3://data-bucket/artifacts/flight-delays/",
                {"Get": "Execution.PipelineExecutionId"},
                "/model/",
                {"Get": "Steps.Tune.BestTrainingJob.TrainingJobName"},
                "/output/model.tar.gz",
            ],
        }
    }
    inputs = step(built, "Evaluate")["Arguments"]["ProcessingInputs"]
    assert {each["InputName"]: each["S3Input"]["S3Uri"] for each in inputs}["challenger"] == best
    for name in ("Register", "RegisterRefused"):
        (container,) = step(built, name)["Arguments"]["InferenceSpecification"]["Containers"]
        assert container["ModelDataUrl"] == best


def test_the_check_weighs_the_largest_numbers_that_a_trial_may_take(built: Json):
    arguments = step(built, "Prepare")["Arguments"]["AppSpecification"]["ContainerArguments"]
    weighed = arguments[arguments.index("--set") + 1 :]
    assert [each["Std:Join"]["Values"] for each in weighed] == [
        ["max-iter=", told("Max-max-iter")],
        ["min-samples-leaf=", told("Hyper-min-samples-leaf")],
    ]


def test_the_most_that_a_sweep_may_say_stays_under_sagemakers_limits():
    """80 hyperparameters, 30 of them searched, 20 metrics, each with the longest names: in every pipeline."""
    names = [f"{n:02}{'h' * 48}" for n in range(MOST_HYPERPARAMETERS)]
    ranges = {name: {"type": "integer", "minimum": 1, "maximum": 9} for name in names[:30]}
    plain = sweeping(ranges)
    most = plain.training.model_copy(
        update={
            "hyperparameters": dict.fromkeys(names, 5),
            "metrics": {"validation:auc": AUC}
            | {f"{n:02}{'m' * 248}": "(" + "x" * 498 + ")" for n in range(19)},
        }
    )
    model = plain.model_copy(update={"training": most})
    for variant in definition.variants(model):
        built = definition.build(model, WIRING, variant)
        assert problems(built) == []
        assert len(built["Parameters"]) <= 200
        # What an execution, and with it a plan, may set.
        assert sum("DefaultValue" in each for each in built["Parameters"]) <= 150
        assert len(json.dumps(built)) < 1_048_576
        if variant != "train":
            static = tuned(built)["TrainingJobDefinition"]["StaticHyperParameters"]
            assert len(static) + len(ranges) <= 100


def test_an_image_of_ones_own_is_that_of_every_job():
    wiring = definition.Wiring(**{**vars(WIRING), "image_uri": OWN_IMAGE})
    built = definition.build(spec(framework="sklearn", image=OWN_IMAGE), wiring)
    images = [each["DefaultValue"] for each in built["Parameters"] if each["Name"] == "ImageUri"]
    assert images == [OWN_IMAGE]
    assert OWN_IMAGE not in json.dumps(built["Steps"])


def test_on_spare_machines_a_job_may_wait_and_a_training_goes_on_where_it_was():
    model = on_spot(sweeping())
    for variant, name in (("train", "Train"), ("sweep", "Tune")):
        built = definition.build(model, WIRING, variant)
        assert problems(built) == []
        arguments = step(built, name)["Arguments"]
        job = arguments.get("TrainingJobDefinition", arguments)
        assert job["EnableManagedSpotTraining"] is True
        limits = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 5400}
        assert job["StoppingCondition"] == limits
        # Trials would find each other's.
        assert ("CheckpointConfig" in job) is (variant == "train")
        job["StoppingCondition"] = {"MaxRuntimeInSeconds": 3600}
        assert "MaxWaitTimeInSeconds go together" in "".join(problems(built))
    plain = step(definition.build(sweeping(), WIRING), "Train")["Arguments"]
    assert not plain.keys() & {"EnableManagedSpotTraining", "CheckpointConfig"}


def _no_trials(built: Json) -> None:
    del tuned(built)["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]


def _grid(built: Json) -> None:
    tuned(built)["HyperParameterTuningJobConfig"]["Strategy"] = "Grid"


def _empty_list(built: Json) -> None:
    ranges = tuned(built)["HyperParameterTuningJobConfig"]["ParameterRanges"]
    ranges["CategoricalParameterRanges"] = []


def _twice(built: Json) -> None:
    tuned(built)["TrainingJobDefinition"]["StaticHyperParameters"]["max-iter"] = "3"


def _no_range(built: Json) -> None:
    tuned(built)["HyperParameterTuningJobConfig"]["ParameterRanges"] = {}


def _other_objective(built: Json) -> None:
    tuned(built)["TrainingJobDefinition"]["AlgorithmSpecification"]["MetricDefinitions"] = []


def _text_as_count(built: Json) -> None:
    (seed,) = (each for each in built["Parameters"] if each["Name"] == "Seed")
    seed["Type"] = "String"


def _number_as_end(built: Json) -> None:
    ranges = tuned(built)["HyperParameterTuningJobConfig"]["ParameterRanges"]
    ranges["IntegerParameterRanges"][0]["MinValue"] = 3


def _no_such_answer(built: Json) -> None:
    for name in ("Register", "RegisterRefused"):
        (container,) = step(built, name)["Arguments"]["InferenceSpecification"]["Containers"]
        container["ModelDataUrl"] = {"Get": "Steps.Tune.ModelArtifacts.S3ModelArtifacts"}


FAULTS: list[tuple[Callable[[Json], None], str]] = [
    (_no_trials, "ResourceLimits: MaxNumberOfTrainingJobs is needed"),
    (_grid, "leave MaxNumberOfTrainingJobs out"),
    (_grid, "ParameterRanges: a grid takes categorical ranges only"),
    (_empty_list, "CategoricalParameterRanges: an empty list; leave it out"),
    (_twice, "hyperparameter 'max-iter' is given twice"),
    (_no_range, "ParameterRanges: there is none"),
    (_other_objective, "objective 'validation:auc' is in no MetricDefinitions"),
    (_text_as_count, "Invalid type for parameter HyperParameterTuningJobConfig.RandomSeed"),
    (_number_as_end, "Invalid type for parameter HyperParameterTuningJobConfig.ParameterRanges"),
    (_no_such_answer, "DescribeHyperParameterTuningJob answers no 'ModelArtifacts."),
]


@pytest.mark.parametrize(("plant", "found"), FAULTS, ids=[found[:30] for _, found in FAULTS])
def test_a_planted_fault_of_a_sweep_is_found(
    built: Json, plant: Callable[[Json], None], found: str
):
    spoilt = copy.deepcopy(built)
    plant(spoilt)
    said = problems(spoilt)
    assert any(found in each for each in said), said
