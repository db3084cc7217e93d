"""What we write as plain values is what the SageMaker Python SDK would have sent of the same facts."""

import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import definition, images
from tests.pipelines.sweeps import OWN_IMAGE, RANGES, on_spot, sweeping
from tests.pipelines.test_definition import WIRING, step

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]

# What the SDK writes whether or not it was told so, and SageMaker does without.
SDK_ONLY = {
    "MlflowConfig",  # null: no server of SageMaker's own
    "PipelineExperimentConfig",  # SageMaker's default, said
}
SDK_ONLY_METRICS = {"Bias", "Explainability"}  # empty
SDK_ONLY_ENVIRONMENT = {"SAGEMAKER_CONTAINER_LOG_LEVEL", "SAGEMAKER_REGION"}
SDK_ONLY_PACKAGE = {"SkipModelValidation"}  # "None", SageMaker's default

WORDS = {"max-leaf-nodes": RANGES["max-leaf-nodes"]}
XGBOOST = images.image("eu-west-1", "xgboost")


def wired(**other: Any) -> definition.Wiring:
    return definition.Wiring(**{**vars(WIRING), **other})


# Few, since the SDK needs five seconds for each: together they have every step, strategy's shape and kind of image.
DEFINITIONS = {
    "trained once on spare machines, by XGBoost, with metrics": definition.build(
        on_spot(sweeping()), wired(image_uri=XGBOOST)
    ),
    "a warm sweep in an image of one's own": definition.build(
        on_spot(sweeping(early_stopping=True)), wired(image_uri=OWN_IMAGE), "sweep-warm"
    ),
    "a grid, without a key": definition.build(
        sweeping(WORDS, strategy="grid"), wired(kms_key_arn=None), "sweep"
    ),
}
IMAGES = [
    (framework, region, version)
    for framework, versions in images.VERSIONS.items()
    for version in versions
    for region in ("eu-west-1", "us-east-1", "cn-north-1")
]


def with_numbers(built: Json) -> Json:
    """Put a sweep's numbers in the place of its parameters: there the SDK takes no variable."""
    told = copy.deepcopy(built)
    numbers = {each["Name"]: each.get("DefaultValue") for each in told["Parameters"]}
    for config in _tuning_configs(told):
        for holder, name in (
            *((config["ResourceLimits"], each) for each in config["ResourceLimits"]),
            (config, "RandomSeed"),
        ):
            holder[name] = numbers[holder[name]["Get"].removeprefix("Parameters.")]
    return told


def _tuning_configs(built: Json) -> Iterator[Json]:
    for each in step(built, "Check")["Arguments"]["IfSteps"]:
        if each["Type"] == "Tuning":
            yield each["Arguments"]["HyperParameterTuningJobConfig"]


@pytest.fixture(scope="module")
def theirs() -> Json:
    """Our definitions and images, made again by the SDK in its own environment."""
    ours = [with_numbers(each) for each in DEFINITIONS.values()]
    made = subprocess.run(
        [ROOT / ".venv-sagemaker/bin/python", ROOT / "tests/pipelines/sdk_definition.py"],
        input=json.dumps({"definitions": ours, "images": IMAGES}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    answer: Json = json.loads(made.stdout.splitlines()[-1])
    return {**answer, "definitions": dict(zip(DEFINITIONS, answer["definitions"], strict=True))}


@pytest.mark.parametrize("which", DEFINITIONS)
def test_the_sdk_says_of_each_step_what_we_say(theirs: Json, which: str):
    said, told = with_numbers(DEFINITIONS[which]), theirs["definitions"][which]
    assert told.keys() - said.keys() == SDK_ONLY
    for name in ("Register", "RegisterRefused"):
        package = step(told, name)["Arguments"]
        (container,) = package["InferenceSpecification"]["Containers"]
        for holder, extra in (
            (package, SDK_ONLY_PACKAGE),
            (package["ModelMetrics"], SDK_ONLY_METRICS),
            (container["Environment"], SDK_ONLY_ENVIRONMENT),
        ):
            assert extra <= holder.keys()
            for each in extra:
                del holder[each]
    assert {key: told[key] for key in said} == said


def test_the_sdk_looks_for_each_framework_s_image_where_we_do(theirs: Json):
    ours = [images.image(region, framework, version) for framework, region, version in IMAGES]
    assert theirs["images"] == ours
