"""What we write as plain values is what the SageMaker Python SDK would have sent of the same facts."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipelines import definition
from pipelines.spec import load
from tests.pipelines.jobs import FLIGHT_DELAYS
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


@pytest.fixture(scope="module")
def ours() -> list[Json]:
    """The definition with a key of our own, and without."""
    spec = load(FLIGHT_DELAYS / "model.yaml")
    keys = (WIRING.kms_key_arn, None)
    wirings = [definition.Wiring(**{**vars(WIRING), "kms_key_arn": key}) for key in keys]
    return [definition.build(spec, wiring) for wiring in wirings]


@pytest.fixture(scope="module")
def theirs(ours: list[Json]) -> list[Json]:
    """Our definitions, made again by the SDK in its own environment."""
    made = subprocess.run(
        [ROOT / ".venv-sagemaker/bin/python", ROOT / "tests/pipelines/sdk_definition.py"],
        input=json.dumps(ours),
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    definitions: list[Json] = json.loads(made.stdout.splitlines()[-1])
    return definitions


@pytest.mark.parametrize("which", [0, 1], ids=["with a key", "without"])
def test_the_sdk_says_of_each_step_what_we_say(ours: list[Json], theirs: list[Json], which: int):
    said, told = ours[which], theirs[which]
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
