"""Training and processing jobs on the local SageMaker: the container contract, failure, limits, stop."""

import io
import json
import tarfile
import time

import pytest

from local.sagemaker import storage
from tests.local.sagemaker_cloud import BUCKET, IMAGE, SageMakerCloud
from tests.local.sagemaker_requests import TRAIN, processing, training


@pytest.fixture(scope="module")
def cloud():
    cloud = SageMakerCloud()
    cloud.put_archive("code/sourcedir.tar.gz", {"train.py": TRAIN})
    cloud.put("in/a.csv", "1,2\n")
    cloud.put("in/more/b.csv", "3,4\n")
    cloud.put("inner/c.csv", "begins with in, too")
    yield cloud
    cloud.close()


def trained(cloud, name, **changes):
    cloud.sm.create_training_job(TrainingJobName=name, **training(**changes))
    return ended(lambda: cloud.sm.describe_training_job(TrainingJobName=name), "TrainingJobStatus")


def processed(cloud, name, script, *arguments, **changes):
    cloud.put("code/step.py", script)
    cloud.sm.create_processing_job(ProcessingJobName=name, **processing(*arguments, **changes))
    return ended(
        lambda: cloud.sm.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus"
    )


def ended(describe, status, seconds=30):
    deadline = time.monotonic() + seconds
    while (job := describe())[status] in ("InProgress", "Stopping"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def source(cloud, name, script):
    """Store a training script; return the hyperparameters that run it."""
    uri = cloud.put_archive(f"code/{name}.tar.gz", {"train.py": script})
    return {"sagemaker_program": "train.py", "sagemaker_submit_directory": uri}


def members(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        return {
            member.name: packed.extractfile(member).read()  # type: ignore[union-attr]
            for member in packed
            if member.isfile()
        }


def log_of(cloud, group, job):
    logs = cloud.client("logs")
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=job)["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])
    return "\n".join(event["message"] for event in events["events"])


def test_a_training_job_finds_its_contract_and_leaves_a_model(cloud):
    job = trained(cloud, "first", Environment={"MOOD": "calm"})
    assert job["TrainingJobStatus"] == "Completed", job
    artifact = f"s3://{BUCKET}/models/first/output/model.tar.gz"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == artifact
    model = members(cloud.get(artifact))
    assert json.loads(model["model.json"]) == {"arguments": ["--alpha", "0.5"]}
    notes = members(cloud.get(artifact.replace("model.tar.gz", "output.tar.gz")))
    assert notes == {"notes.txt": b"noted"}
    states = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert states == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    log = log_of(cloud, "/aws/sagemaker/TrainingJobs", "first")
    assert "channel holds ['a.csv', 'inner', 'more']" in log
    assert "host variable None" in log
    assert "job first mood calm" in log
    told = cloud.events(
        "SageMaker Training Job State Change",
        lambda events: any(e["detail"]["TrainingJobStatus"] == "Completed" for e in events),
    )
    assert told[-1]["detail"]["TrainingJobName"] == "first"


def test_a_training_script_that_raises_leaves_its_error_as_the_reason(cloud):
    script = "raise ValueError('column dep_time is missing')"
    job = trained(cloud, "raises", HyperParameters=source(cloud, "raises", script))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert "column dep_time is missing" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")


def test_the_failure_file_is_the_reason_cut_at_1024_characters(cloud):
    script = """
import os, sys
with open(os.path.join(os.environ["SM_OUTPUT_DIR"], "failure"), "w") as failure:
    failure.write("w" * 5000)
sys.exit(3)
"""
    job = trained(cloud, "explains", HyperParameters=source(cloud, "explains", script))
    assert len(job["FailureReason"]) <= 1024
    assert job["FailureReason"].startswith("AlgorithmError: wwww")


def test_an_empty_channel_fails_the_job_by_its_address(cloud):
    request = training()
    address = f"s3://{BUCKET}/nothing/here"
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = address
    job = trained(cloud, "empty", InputDataConfig=request["InputDataConfig"])
    assert job["TrainingJobStatus"] == "Failed"
    assert address in job["FailureReason"]


def test_a_job_over_its_time_is_stopped(cloud):
    hyperparameters = source(cloud, "slow", "import time; time.sleep(60)")
    job = trained(
        cloud,
        "slow",
        HyperParameters=hyperparameters,
        StoppingCondition={"MaxRuntimeInSeconds": 2},
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_stopped_job_ends_as_stopped(cloud):
    hyperparameters = source(cloud, "stopped", "import time; time.sleep(60)")
    request = training(HyperParameters=hyperparameters)
    cloud.sm.create_training_job(TrainingJobName="stopped", **request)
    cloud.sm.stop_training_job(TrainingJobName="stopped")
    job = ended(
        lambda: cloud.sm.describe_training_job(TrainingJobName="stopped"), "TrainingJobStatus"
    )
    assert job["TrainingJobStatus"] == "Stopped"
    with pytest.raises(cloud.sm.exceptions.ClientError, match="status Stopped"):
        cloud.sm.stop_training_job(TrainingJobName="stopped")


def test_a_job_name_is_used_once(cloud):
    trained(cloud, "unique")
    with pytest.raises(cloud.sm.exceptions.ResourceInUse, match="must be unique"):
        trained(cloud, "unique")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"EnableManagedSpotTraining": True}, "EnableManagedSpotTraining is not supported"),
        ({"HyperParameters": {"alpha": "1"}}, "without script mode"),
        (
            {
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 2,
                    "VolumeSizeInGB": 1,
                }
            },
            "more than one instance",
        ),
        ({"RoleArn": "arn:aws:iam::000000000000:role/ghost"}, "role/ghost"),
    ],
)
def test_what_a_training_job_cannot_have_here_is_refused_by_name(cloud, changes, words):
    with pytest.raises(cloud.sm.exceptions.ClientError, match=words):
        trained(cloud, "refused", **changes)


def test_a_processing_job_maps_its_paths_and_uploads_its_outputs(cloud):
    script = """
import json, os, pathlib, sys
assert not sys.argv[1].startswith("/opt/ml"), sys.argv
config = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "config/processingjobconfig.json")
name = json.loads(config.read_text())["ProcessingJobName"]
pathlib.Path(sys.argv[1], "deep").mkdir()
pathlib.Path(sys.argv[1], "deep/out.txt").write_text(name + " " + os.environ["MOOD"] + " " + sys.argv[2])
"""
    job = processed(
        cloud, "paths", script, "--at=/opt/ml/processing/code", Environment={"MOOD": "calm"}
    )
    assert job["ProcessingJobStatus"] == "Completed", job
    said = cloud.get(f"s3://{BUCKET}/reports/deep/out.txt").decode()
    assert said.startswith("paths calm --at=/")
    assert "/opt/ml" not in said


def test_a_failed_processing_job_tells_its_exit_message_and_uploads_nothing(cloud):
    script = """
import os, pathlib, sys
pathlib.Path(sys.argv[1], "half.txt").write_text("half")
pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"], "output/message").write_text("12 rows lack a target")
sys.exit(4)
"""
    output = f"s3://{BUCKET}/failed"
    job = processed(cloud, "message", script, output=output)
    assert job["ExitMessage"] == "12 rows lack a target"
    assert job["FailureReason"] == "AlgorithmError: 12 rows lack a target, exit code: 4"
    assert "Contents" not in cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="failed/")


def test_a_job_acts_as_its_role_and_as_nobody_else(cloud):
    script = """
import boto3
print("caller", boto3.client("sts").get_caller_identity()["Arn"])
"""
    assert processed(cloud, "caller", script)["ProcessingJobStatus"] == "Completed"
    log = log_of(cloud, "/aws/sagemaker/ProcessingJobs", "caller")
    assert "caller arn:aws:sts::000000000000:assumed-role/jobs/" in log


def test_an_output_outside_of_opt_ml_processing_is_refused(cloud):
    request = processing()
    request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["LocalPath"] = "/etc"
    with pytest.raises(cloud.sm.exceptions.ClientError, match="must lie in /opt/ml/processing"):
        cloud.sm.create_processing_job(ProcessingJobName="etc", **request)


@pytest.mark.parametrize(
    ("uri", "files"),
    [
        ("in", ["a.csv", "inner/c.csv", "more/b.csv"]),
        ("in/", ["a.csv", "more/b.csv"]),
        ("in/m", ["more/b.csv"]),
        ("in/a.csv", ["a.csv"]),
        ("inner/c.csv", ["c.csv"]),
    ],
)
def test_an_input_is_every_object_whose_key_begins_with_its_prefix(cloud, tmp_path, uri, files):
    assert storage.download(cloud.s3, f"s3://{BUCKET}/{uri}", tmp_path) == len(files)
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in found) == files


@pytest.mark.parametrize(
    "changes",
    [
        {"AlgorithmSpecification": {"TrainingImage": "nginx", "TrainingInputMode": "File"}},
        {"InputDataConfig": training()["InputDataConfig"] * 2},
    ],
    ids=["image", "channels"],
)
def test_a_training_job_that_could_not_run_is_refused(cloud, changes):
    with pytest.raises(
        cloud.sm.exceptions.ClientError, match=r"image nginx|channel names must be unique"
    ):
        cloud.sm.create_training_job(TrainingJobName="refused", **training(**changes))


def test_a_processing_job_in_an_unknown_image_is_refused(cloud):
    request = processing()
    request["AppSpecification"]["ImageUri"] = IMAGE.replace("1.9-0", "0.20.0")
    with pytest.raises(cloud.sm.exceptions.ClientError, match="scikit-learn:0.20.0"):
        cloud.sm.create_processing_job(ProcessingJobName="refused", **request)
