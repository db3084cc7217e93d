"""Requests and definitions for the SageMaker tests, each sound until a test changes it."""

import json
from typing import Any

from tests.local.sagemaker_cloud import BUCKET, IMAGE, ROLE

Json = dict[str, Any]
WORK = "/opt/ml/processing"

TRAIN = """
import json, os, pathlib, sys
# One write each: the toolkit takes whatever has arrived for lines, and print writes its parts apart.
def say(*words):
    sys.stdout.write(" ".join(str(word) for word in words) + "\\n")
say("channel holds", sorted(os.listdir(os.environ["SM_CHANNEL_TRAIN"])))
say("host variable", os.environ.get("PLANTED_ON_HOST"))
say("job", os.environ["TRAINING_JOB_NAME"], "mood", os.environ.get("MOOD"))
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "model.json").write_text(json.dumps({"arguments": sys.argv[1:]}))
(pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"]) / "notes.txt").write_text("noted")
"""
SERVE = """
import json, os, signal, time
def model_fn(model_dir):
    return json.load(open(os.path.join(model_dir, "model.json")))
def transform_fn(model, body, content_type, accept):
    asked = json.loads(body)
    if asked.get("die"):
        os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    if "sleep" in asked:
        time.sleep(asked["sleep"])
    if "size" in asked:
        return "x" * asked["size"], "text/plain"
    told = {"model": model, "asked": asked, "environment": os.environ.get("MOOD"), "pid": os.getppid(),
            "host": os.environ.get("PLANTED_ON_HOST")}
    return json.dumps(told), "application/json"
"""


def training(**changes: Any) -> Json:
    """Return a CreateTrainingJob request less its name."""
    return {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "HyperParameters": {
            "alpha": "0.5",
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/code/sourcedir.tar.gz",
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in"}
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 100},
        **changes,
    }


def processing(*arguments: Any, output: Any = f"s3://{BUCKET}/reports", **changes: Any) -> Json:
    """Return a CreateProcessingJob request less its name; it runs `code/step.py`."""
    return {
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", f"{WORK}/code/step.py"],
            "ContainerArguments": [f"{WORK}/report", *arguments],
        },
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {
                "InputName": "code",
                "S3Input": {
                    "S3Uri": f"s3://{BUCKET}/code/step.py",
                    "LocalPath": f"{WORK}/code",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "report",
                    "S3Output": {
                        "S3Uri": output,
                        "LocalPath": f"{WORK}/report",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
            }
        },
        **changes,
    }


def package(group: str = "churn", **changes: Any) -> Json:
    """Return a CreateModelPackage request."""
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/models/model.tar.gz"}
    return {
        "ModelPackageGroupName": group,
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        **changes,
    }


def step(name: str, kind: str, arguments: Json, **more: Any) -> Json:
    """Return a step of a definition."""
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


def fail(name: str = "Stop", message: Any = "no", **more: Any) -> Json:
    """Return the shortest step there is."""
    return step(name, "Fail", {"ErrorMessage": message}, **more)


def equals(left: Any, right: Any) -> Json:
    """Return a condition."""
    return {"Type": "Equals", "LeftValue": left, "RightValue": right}


def condition(name: str, *conditions: Json, then: list[Json], otherwise: list[Json]) -> Json:
    """Return a Condition step."""
    arguments = {"Conditions": list(conditions), "IfSteps": then, "ElseSteps": otherwise}
    return step(name, "Condition", arguments)


def definition(*steps: Json, parameters: list[Json] | None = None, **more: Any) -> str:
    """Return a definition as the API takes it."""
    document = {"Version": "2020-12-01", "Parameters": parameters or [], "Steps": list(steps)}
    return json.dumps({**document, **more})
