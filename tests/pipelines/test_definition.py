"""The pipeline definition: its shape, and that SageMaker would take it."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from pipelines import definition
from pipelines.definition_check import problems
from pipelines.spec import MOST_HYPERPARAMETERS, load
from tests.pipelines.jobs import FLIGHT_DELAYS

WIRING = definition.Wiring(
    image_uri="000000000000.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
    role_arn="arn:aws:iam::000000000000:role/trimtab-dev-pipeline",
    bucket="data-bucket",
    package_group="trimtab-dev-flight-delays",
    source_uri="s3://assets/0123.gz",
    steps_uri="s3://assets/4567.pyz",
    code_uri="s3://assets/89ab.json",
    kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/1",
)
Json = dict[str, Any]


@pytest.fixture
def built() -> Json:
    return definition.build(load(FLIGHT_DELAYS / "model.yaml"), WIRING)


def step(built: Json, name: str) -> Json:
    branches = [each["Arguments"] for each in built["Steps"] if each["Type"] == "Condition"]
    within = [each for one in branches for each in (*one["IfSteps"], *one["ElseSteps"])]
    steps = [*built["Steps"], *within]
    return next(each for each in steps if each["Name"] == name)


def test_the_definition_is_sound(built: Json):
    assert problems(built) == []


def test_the_definition_is_sound_without_a_key_of_our_own():
    wiring = definition.Wiring(**{**vars(WIRING), "kms_key_arn": None})
    built = definition.build(load(FLIGHT_DELAYS / "model.yaml"), wiring)
    assert problems(built) == []
    assert "KmsKeyId" not in json.dumps(built)


def test_the_most_that_a_model_may_say_stays_under_sagemakers_limits():
    """80 hyperparameters, which pipelines.spec takes at most, with the longest names, each weighed by the check."""
    spec = load(FLIGHT_DELAYS / "model.yaml")
    most = {f"{n:02}{'h' * 48}": n for n in range(MOST_HYPERPARAMETERS)}
    training = spec.training.model_copy(update={"hyperparameters": most})
    built = definition.build(spec.model_copy(update={"training": training}), WIRING)
    assert problems(built) == []
    assert len(built["Parameters"]) <= 200
    assert len(step(built, "Train")["Arguments"]["HyperParameters"]) <= 100
    arguments = step(built, "Prepare")["Arguments"]["AppSpecification"]["ContainerArguments"]
    assert len(arguments) <= 100
    assert len(json.dumps(built)) < 1_048_576


def test_the_same_spec_gives_the_same_definition(built: Json):
    again = definition.build(load(FLIGHT_DELAYS / "model.yaml"), WIRING)
    assert json.dumps(built) == json.dumps(again)


def outline(steps: list[Json]) -> list[tuple[str, str]]:
    return [(each["Name"], each["Type"]) for each in steps]


def test_what_is_checked_is_trained_and_evaluated_and_what_passes_the_gate_is_registered(
    built: Json,
):
    assert outline(built["Steps"]) == [
        ("Prepare", "Processing"),
        ("Check", "Condition"),
        ("Gate", "Condition"),
    ]
    check, gate = (step(built, name)["Arguments"] for name in ("Check", "Gate"))
    assert outline(check["IfSteps"]) == [("Train", "Training"), ("Evaluate", "Processing")]
    assert outline(check["ElseSteps"]) == [("CheckRefused", "Fail")]
    assert outline(gate["IfSteps"]) == [("Register", "RegisterModel")]
    assert outline(gate["ElseSteps"]) == [
        ("RegisterRefused", "RegisterModel"),
        ("GateRefused", "Fail"),
    ]


def test_no_condition_stands_within_a_branch_of_another(built: Json):
    """SageMaker runs no nested conditions; that Gate waits for Evaluate follows from what it reads."""
    for name in ("Check", "Gate"):
        arguments = step(built, name)["Arguments"]
        kinds = {kind for _, kind in outline([*arguments["IfSteps"], *arguments["ElseSteps"]])}
        assert "Condition" not in kinds


def test_a_request_sets_five_parameters_and_the_rest_says_what_model_yaml_says(built: Json):
    decided = [each["Name"] for each in built["Parameters"] if "DefaultValue" not in each]
    assert decided == [
        "DatasetVersion",
        "ManifestUri",
        "RequestId",
        "ChampionVersion",
        "ChampionModelUri",
    ]
    defaults = {
        each["Name"]: each["DefaultValue"] for each in built["Parameters"] if "DefaultValue" in each
    }
    assert defaults == {
        "SourceUri": "s3://assets/0123.gz",
        "CodeUri": "s3://assets/89ab.json",
        "ImageUri": WIRING.image_uri,
        "Seed": "2013",
        "Hyper-max-iter": "100",
        "Hyper-learning-rate": "0.05",
        "Hyper-max-leaf-nodes": "8",
        "Hyper-min-samples-leaf": "200",
    }
    assert {each["Type"] for each in built["Parameters"]} == {"String"}


def test_everything_is_written_below_the_execution_s_own_prefix(built: Json):
    def written(path: str) -> Json:
        values = [
            "s3://data-bucket/artifacts/flight-delays/",
            {"Get": "Execution.PipelineExecutionId"},
            f"/{path}",
        ]
        return {"Std:Join": {"On": "", "Values": values}}

    def outputs(name: str) -> list[Json]:
        config = step(built, name)["Arguments"]["ProcessingOutputConfig"]["Outputs"]
        return [each["S3Output"]["S3Uri"] for each in config]

    model = step(built, "Train")["Arguments"]["OutputDataConfig"]["S3OutputPath"]
    assert outputs("Prepare") == [
        written(f"prepared/{name}") for name in ("train", "evaluation", "check")
    ]
    assert model == written("model")
    assert outputs("Evaluate") == [written("evaluation")]


def test_code_image_seed_and_hyperparameters_are_those_of_the_execution(built: Json):
    def told(name: str) -> Json:
        return {"Get": f"Parameters.{name}"}

    train = step(built, "Train")["Arguments"]
    assert train["HyperParameters"] == {
        "max-iter": told("Hyper-max-iter"),
        "learning-rate": told("Hyper-learning-rate"),
        "max-leaf-nodes": told("Hyper-max-leaf-nodes"),
        "min-samples-leaf": told("Hyper-min-samples-leaf"),
        "seed": told("Seed"),
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": told("SourceUri"),
    }
    assert train["AlgorithmSpecification"]["TrainingImage"] == told("ImageUri")
    for name in ("Prepare", "Evaluate"):
        arguments = step(built, name)["Arguments"]
        source = {
            each["InputName"]: each["S3Input"]["S3Uri"] for each in arguments["ProcessingInputs"]
        }
        assert arguments["AppSpecification"]["ImageUri"] == told("ImageUri")
        assert source["source"] == told("SourceUri")


def test_the_check_weighs_the_whole_numbers_of_the_execution(built: Json):
    arguments = step(built, "Prepare")["Arguments"]["AppSpecification"]["ContainerArguments"]
    weighed = arguments[arguments.index("--set") + 1 :]
    assert [each["Std:Join"]["Values"] for each in weighed] == [
        [f"{name}=", {"Get": f"Parameters.Hyper-{name}"}]
        for name in ("max-iter", "max-leaf-nodes", "min-samples-leaf")
    ]


def test_a_refusal_carries_the_gate_s_sentence(built: Json):
    message = step(built, "GateRefused")["Arguments"]["ErrorMessage"]
    said = message["Std:Join"]["Values"][-1]["Std:JsonGet"]
    assert said["Path"] == "gate.sentence"
    assert said["PropertyFile"] == {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"}


def test_a_refusal_before_training_carries_the_check_s_sentence(built: Json):
    message = step(built, "CheckRefused")["Arguments"]["ErrorMessage"]
    said = message["Std:Join"]["Values"][-1]["Std:JsonGet"]
    assert said["Path"] == "sentence"
    assert said["PropertyFile"] == {"Get": "Steps.Prepare.PropertyFiles.Check"}


def test_a_version_waits_for_approval_and_says_what_it_was_made_from(built: Json):
    arguments = step(built, "Register")["Arguments"]
    assert arguments["ModelApprovalStatus"] == "PendingManualApproval"
    assert arguments["CustomerMetadataProperties"] == {
        "request_id": {"Get": "Parameters.RequestId"},
        "dataset_version": {"Get": "Parameters.DatasetVersion"},
        "execution_id": {"Get": "Execution.PipelineExecutionId"},
    }


def test_what_the_gate_refused_is_kept_as_a_version_that_was_rejected_before_the_run_fails(
    built: Json,
):
    refused, passed = (step(built, name) for name in ("RegisterRefused", "Register"))
    assert refused["Arguments"] == passed["Arguments"] | {"ModelApprovalStatus": "Rejected"}
    assert step(built, "GateRefused")["DependsOn"] == ["RegisterRefused"]


def test_the_steps_archive_is_run_under_the_name_it_is_fetched_as(built: Json):
    app = step(built, "Prepare")["Arguments"]["AppSpecification"]
    assert app["ContainerEntrypoint"] == ["python3", "/opt/ml/processing/code/4567.pyz"]


def _misspell(built: Json) -> None:
    step(built, "Train")["Arguments"]["ResourceConfig"]["InstanceTyp"] = "ml.m5.large"


def _no_output(built: Json) -> None:
    del step(built, "Train")["Arguments"]["OutputDataConfig"]


def _number_as_hyperparameter(built: Json) -> None:
    step(built, "Train")["Arguments"]["HyperParameters"]["depth"] = 3


def _long_hyperparameter(built: Json) -> None:
    step(built, "Train")["Arguments"]["HyperParameters"]["columns"] = "x" * 2501


def _long_environment(built: Json) -> None:
    step(built, "Prepare")["Arguments"]["Environment"] = {"COLUMNS": "x" * 513}


def _long_argument(built: Json) -> None:
    arguments = step(built, "Prepare")["Arguments"]["AppSpecification"]["ContainerArguments"]
    arguments.append("x" * 257)


def _unknown_instance(built: Json) -> None:
    step(built, "Train")["Arguments"]["ResourceConfig"]["InstanceType"] = "ml.m5.larg"


def _unknown_parameter(built: Json) -> None:
    built["Parameters"] = [each for each in built["Parameters"] if each["Name"] != "RequestId"]


def _unknown_step(built: Json) -> None:
    step(built, "Prepare")["Name"] = "Split"


def _unknown_output(built: Json) -> None:
    outputs = step(built, "Prepare")["Arguments"]["ProcessingOutputConfig"]["Outputs"]
    outputs[0]["OutputName"] = "rows"


def _unknown_property_file(built: Json) -> None:
    step(built, "Evaluate")["PropertyFiles"][0]["PropertyFileName"] = "Report"


def _unknown_property(built: Json) -> None:
    container = step(built, "Register")["Arguments"]["InferenceSpecification"]["Containers"][0]
    container["ModelDataUrl"] = {"Get": "Steps.Train.ModelArtifact.S3ModelArtifacts"}


def _loop(built: Json) -> None:
    step(built, "Prepare")["DependsOn"] = ["Evaluate"]


def _bad_name(built: Json) -> None:
    step(built, "GateRefused")["Name"] = "Gate refused!"


def _twice(built: Json) -> None:
    step(built, "GateRefused")["Name"] = "Register"


def _bad_version(built: Json) -> None:
    built["Version"] = "2021-01-01"


def _retry_register(built: Json) -> None:
    step(built, "Register")["RetryPolicies"][0]["ExceptionType"] = ["SageMaker.CAPACITY_ERROR"]


def _half_condition(built: Json) -> None:
    del step(built, "Gate")["Arguments"]["Conditions"][0]["RightValue"]


FAULTS: list[tuple[Callable[[Json], None], str]] = [
    (_misspell, 'Unknown parameter in ResourceConfig: "InstanceTyp"'),
    (_no_output, 'Missing required parameter in input: "OutputDataConfig"'),
    (_number_as_hyperparameter, "Invalid type for parameter HyperParameters.depth"),
    (_long_hyperparameter, "HyperParameters.columns: 2501 characters, at most 2500"),
    (_long_environment, "Environment.COLUMNS: 513 characters, at most 512"),
    (_long_argument, "has 257 characters, at most 256"),
    (_unknown_instance, "'ml.m5.larg' is not a word SageMaker knows"),
    (_unknown_parameter, "Get 'Parameters.RequestId': there is no such parameter"),
    (_unknown_step, "there is no step 'Prepare'"),
    (_unknown_output, "it has no output 'train'"),
    (_unknown_property_file, "it writes no property file 'Evaluation'"),
    (_unknown_property, "DescribeTrainingJob answers no 'ModelArtifact.S3ModelArtifacts'"),
    (
        _loop,
        "steps wait for each other: Check, CheckRefused, Evaluate, Gate, GateRefused, Prepare,",
    ),
    (_bad_name, "step 'Gate refused!': the name does not match"),
    (_twice, "two steps are named 'Register'"),
    (_bad_version, "Version must be '2020-12-01'"),
    (_retry_register, "'SageMaker.CAPACITY_ERROR' is not for a RegisterModel step"),
    (_half_condition, "condition Equals needs LeftValue and RightValue"),
]


@pytest.mark.parametrize(("plant", "found"), FAULTS, ids=[plant.__name__ for plant, _ in FAULTS])
def test_a_planted_fault_is_found(built: Json, plant: Callable[[Json], None], found: str):
    spoilt = copy.deepcopy(built)
    plant(spoilt)
    said = problems(spoilt)
    assert any(found in each for each in said), said
