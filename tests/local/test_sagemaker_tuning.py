"""Tuning jobs on the local SageMaker: trials, the best of them, early stop, warm start, refusals, pipeline steps."""

import copy
import time

import pytest

from tests.local.sagemaker_cloud import BUCKET, RIGHTS, ROLE, TRUST, SageMakerCloud
from tests.local.sagemaker_requests import definition, fail, step, training

SCORE = r"score=(\S+)"
# The score is highest, 0, at x = 3; what is told on the way can be had worse than it ends.
TRIAL = """
import json, os, pathlib, sys, time
told = {name.strip("-"): value for name, value in zip(sys.argv[1::2], sys.argv[2::2])}
def say(text):
    sys.stdout.write(text + "\\n"); sys.stdout.flush()
x = float(told["x"])
if told.get("mood") == "broken":
    raise ValueError("a broken mood")
for step in range(int(told.get("steps", 1))):
    if told.get("mood") != "silent":
        say("score=%s" % -abs(x - 3))
    time.sleep(float(told.get("pause", 0)))
    if x == 9 and step == 2:
        time.sleep(60)
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "x").write_text(told["x"])
"""


@pytest.fixture(scope="module")
def cloud():
    cloud = SageMakerCloud()
    cloud.put_archive("code/sourcedir.tar.gz", {"train.py": TRIAL})
    cloud.put("in/a.csv", "1,2\n")
    yield cloud
    cloud.close()


def integers(name, low, high):
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high)}


def tuning(*, count=3, parallel=2, ranges=None, static=None, config=None, **changes):
    """Return a request less its name."""
    request = training()
    given = request.pop("HyperParameters")
    request["AlgorithmSpecification"] = {
        **request["AlgorithmSpecification"],
        "MetricDefinitions": [{"Name": "score", "Regex": SCORE}],
    }
    limits = {"MaxParallelTrainingJobs": parallel}
    if count is not None:
        limits["MaxNumberOfTrainingJobs"] = count
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
            "ResourceLimits": limits,
            "ParameterRanges": ranges or {"IntegerParameterRanges": [integers("x", 1, 6)]},
            "RandomSeed": 1,
            **(config or {}),
        },
        "TrainingJobDefinition": {
            **request,
            "StaticHyperParameters": {**given, **(static or {})},
        },
        **changes,
    }


def of(*options, name="x"):
    return {"CategoricalParameterRanges": [{"Name": name, "Values": list(options)}]}


def begun(cloud, name, request):
    cloud.sm.create_hyper_parameter_tuning_job(HyperParameterTuningJobName=name, **request)
    return lambda: cloud.sm.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def ended(describe, seconds=60):
    deadline = time.monotonic() + seconds
    while (job := describe())["HyperParameterTuningJobStatus"] in ("InProgress", "Stopping"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def trials(cloud, name, **asked):
    return cloud.sm.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, **asked
    )["TrainingJobSummaries"]


def warm(request, *parents, kind="IdenticalDataAndAlgorithm"):
    named = [{"HyperParameterTuningJobName": parent} for parent in parents]
    config = {"ParentHyperParameterTuningJobs": named, "WarmStartType": kind}
    return {**request, "WarmStartConfig": config}


@pytest.fixture(scope="module")
def first(cloud):
    """A sweep of three trials, seen while it ran and when it had ended."""
    describe = begun(cloud, "first", tuning())
    meanwhile = describe()
    return meanwhile, ended(describe)


def test_a_sweep_runs_its_trials_and_names_the_one_with_the_best_objective(cloud, first):
    meanwhile, job = first
    assert meanwhile["HyperParameterTuningJobStatus"] == "InProgress"
    assert "BestTrainingJob" not in meanwhile
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    told = trials(cloud, "first")
    assert len({each["TunedHyperParameters"]["x"] for each in told}) == 3
    for each in told:
        objective = each["FinalHyperParameterTuningJobObjectiveMetric"]
        x = int(each["TunedHyperParameters"]["x"])
        assert (objective["MetricName"], objective["Value"]) == ("score", -abs(x - 3))
    best = max(told, key=lambda each: each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])
    assert job["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 3,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}
    sorted_by = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
    assert trials(cloud, "first", **sorted_by)[0]["TrainingJobName"] == best["TrainingJobName"]


def test_a_trial_is_a_training_job_with_its_own_model_and_metrics(cloud, first):
    best = first[1]["BestTrainingJob"]
    job = cloud.sm.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert job["TuningJobArn"] == first[1]["HyperParameterTuningJobArn"]
    assert job["HyperParameters"]["_tuning_objective_metric"] == "score"
    assert job["HyperParameters"]["alpha"] == "0.5"
    [metric] = job["FinalMetricDataList"]
    assert metric["MetricName"] == "score"
    assert metric["Value"] == best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    assert cloud.get(job["ModelArtifacts"]["S3ModelArtifacts"])
    assert best["TrainingJobName"].startswith("first-00")


def test_a_sweep_tells_its_states_on_the_bus(cloud, first):
    told = cloud.events(
        "SageMaker HyperParameter Tuning Job State Change",
        lambda events: any(
            e["detail"]["HyperParameterTuningJobStatus"] == "Completed" for e in events
        ),
    )
    mine = [e for e in told if e["detail"]["HyperParameterTuningJobName"] == "first"]
    assert [e["detail"]["HyperParameterTuningJobStatus"] for e in mine] == [
        "InProgress",
        "Completed",
    ]
    assert mine[1]["detail"]["TrainingJobStatusCounters"]["Completed"] == 3
    assert mine[1]["resources"] == [first[1]["HyperParameterTuningJobArn"]]


def test_a_warm_start_tries_no_point_of_its_parent_again_and_knows_the_best_of_both(cloud, first):
    request = warm(tuning(count=3), "first")
    job = ended(begun(cloud, "second", request))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job
    mine = {each["TunedHyperParameters"]["x"] for each in trials(cloud, "second")}
    theirs = {each["TunedHyperParameters"]["x"] for each in trials(cloud, "first")}
    assert mine | theirs == set("123456")
    overall = job["OverallBestTrainingJob"]
    assert overall["TunedHyperParameters"] == {"x": "3"}
    assert overall["TuningJobName"] == ("first" if "3" in theirs else "second")
    third = ended(begun(cloud, "third", warm(tuning(count=2), "first", "second")))
    assert third["HyperParameterTuningJobStatus"] == "Failed"
    assert "no point in the ranges" in third["FailureReason"]


def test_a_trial_that_is_worse_than_the_others_were_is_stopped_early(cloud):
    ranges = of("1", "2", "3", "9")
    config = {"Strategy": "Grid", "TrainingJobEarlyStoppingType": "Auto"}
    request = tuning(
        count=None, parallel=1, ranges=ranges, config=config, static={"steps": "3", "pause": "0.1"}
    )
    job = ended(begun(cloud, "early", request), seconds=30)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    counted = job["TrainingJobStatusCounters"]
    assert (counted["Completed"], counted["Stopped"]) == (3, 1)
    [stopped] = trials(cloud, "early", StatusEquals="Stopped")
    assert stopped["TunedHyperParameters"] == {"x": "9"}
    assert stopped["ObjectiveStatus"] == "Succeeded"


@pytest.mark.parametrize(
    ("mood", "words"),
    [("broken", "No training job succeeded after 1"), ("silent", "No objective metrics found")],
)
def test_a_sweep_whose_trials_are_of_no_use_fails_with_the_reason(cloud, mood, words):
    job = ended(begun(cloud, f"all-{mood}", tuning(count=1, parallel=1, static={"mood": mood})))
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert words in job["FailureReason"]
    assert job["ObjectiveStatusCounters"]["Failed"] == 1


def test_a_stopped_sweep_stops_its_trials_and_can_be_gone_on_from(cloud):
    describe = begun(
        cloud,
        "stopped",
        tuning(count=6, parallel=1, ranges=of(*"923456"), config={"RandomSeed": 1}),
    )
    assert describe()["HyperParameterTuningJobStatus"] == "InProgress"
    with pytest.raises(cloud.sm.exceptions.ClientError, match="status InProgress"):
        begun(cloud, "hasty", warm(tuning(ranges=of(*"923456")), "stopped"))
    cloud.sm.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")
    job = ended(describe, seconds=20)
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["InProgress"] == 0
    assert sum(job["TrainingJobStatusCounters"].values()) < 6
    with pytest.raises(cloud.sm.exceptions.ClientError, match="status Stopped"):
        cloud.sm.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stopped")


def config(**changes):
    return lambda request: request["HyperParameterTuningJobConfig"].update(changes)


def limits(**changes):
    return lambda request: request["HyperParameterTuningJobConfig"]["ResourceLimits"].update(
        changes
    )


def ranges(kind="Integer", **told):
    return config(ParameterRanges={f"{kind}ParameterRanges": [{**integers("x", 1, 6), **told}]})


def metrics(*told):
    def change(request):
        algorithm = request["TrainingJobDefinition"]["AlgorithmSpecification"]
        algorithm["MetricDefinitions"] = list(told)

    return change


def static(**told):
    return lambda request: request["TrainingJobDefinition"]["StaticHyperParameters"].update(told)


WARM = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "first"}]}
IDENTICAL = {**WARM, "WarmStartType": "IdenticalDataAndAlgorithm"}
TRANSFER = {**WARM, "WarmStartType": "TransferLearning"}


def warmly(warm_start, *changes):
    def change(request):
        request["WarmStartConfig"] = copy.deepcopy(warm_start)
        for each in changes:
            each(request)

    return change


def elsewhere(request):
    source = request["TrainingJobDefinition"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source["S3Uri"] = f"s3://{BUCKET}/in/more"


ghost = {
    "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "ghost"}],
    "WarmStartType": "TransferLearning",
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (config(Strategy="Hyperband"), "strategy Hyperband is not supported"),
        (config(Strategy="Clever"), "enum value set"),
        (config(Strategy="Grid"), "categorical ranges only"),
        (config(ParameterRanges={}), "at least one range"),
        (config(HyperParameterTuningJobObjective=None), "Objective is needed"),
        (metrics(), "score is not among the metrics"),
        (metrics({"Name": "score", "Regex": "score=(\\S+"}), "regular expression"),
        (metrics({"Name": "score", "Regex": "score"}), "needs a group"),
        (limits(MaxParallelTrainingJobs=0), "greater than or equal to 1"),
        (limits(MaxParallelTrainingJobs=4), "more than its 3 training jobs"),
        (limits(MaxNumberOfTrainingJobs=751), "at most 750"),
        (limits(MaxNumberOfTrainingJobs=100, MaxParallelTrainingJobs=11), "at most 10"),
        (limits(MaxNumberOfTrainingJobs=None), "needs MaxNumberOfTrainingJobs"),
        (limits(MaxRuntimeInSeconds=60), "greater than or equal to 120"),
        (ranges(MinValue="7"), "is more than MaxValue 6"),
        (ranges(MinValue="1.5"), "must be an integer"),
        (ranges("Continuous", MaxValue="inf"), "must be a number"),
        (ranges(MinValue="0", ScalingType="Logarithmic"), "over 0"),
        (ranges(ScalingType="ReverseLogarithmic"), "less than 1"),
        (static(x="4"), "given once"),
        (static(sagemaker_program=None), "script mode"),
        (config(TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 1.0}), "not supported"),
        (lambda request: request.update(Autotune={"Mode": "Enabled"}), "Autotune is not supported"),
        (lambda request: request.pop("TrainingJobDefinition"), "TrainingJobDefinition is needed"),
        (warmly(ghost), "ghost does not exist"),
        (warmly(TRANSFER, static(beta="1")), "other hyperparameters"),
        (warmly(TRANSFER, config(ParameterRanges=of("1", "2"))), "type must be the same"),
        (
            warmly(
                TRANSFER,
                config(
                    HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": "score"}
                ),
            ),
            "must be the same",
        ),
        (warmly(IDENTICAL, elsewhere), "TransferLearning does"),
        (warmly(TRANSFER, limits(MaxNumberOfTrainingJobs=748)), "parents counted"),
    ],
)
def test_what_aws_would_refuse_is_refused_with_a_sentence_that_names_it(
    cloud, first, change, words
):
    request = tuning()
    change(request)
    request = without_nothing(request)
    with pytest.raises(cloud.sm.exceptions.ClientError, match=words):
        unchecked(cloud).create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="wrong", **request
        )


def without_nothing(value):
    if isinstance(value, dict):
        return {key: without_nothing(each) for key, each in value.items() if each is not None}
    return value


def unchecked(cloud):
    """A client that sends what it is given: the service checks, not botocore."""
    from botocore.config import Config

    return cloud.client("sagemaker", config=Config(parameter_validation=False))


def test_other_data_can_be_gone_on_with_by_transfer_and_names_are_used_once(cloud, first):
    request = warm(tuning(count=1, parallel=1), "first", kind="TransferLearning")
    elsewhere_request = copy.deepcopy(request)
    elsewhere(elsewhere_request)
    cloud.put("in/more/b.csv", "3,4\n")
    job = ended(begun(cloud, "transfer", elsewhere_request))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert "OverallBestTrainingJob" not in job
    with pytest.raises(cloud.sm.exceptions.ResourceInUse, match="must be unique"):
        begun(cloud, "first", tuning())


def test_a_sweep_needs_rights_of_its_own_and_the_right_to_pass_the_trials_role(cloud):
    iam = cloud.client("iam")
    import json

    for name, denied in (("no-sweep", "CreateHyperParameterTuningJob"), ("no-pass", "PassRole")):
        prefix = "iam" if denied == "PassRole" else "sagemaker"
        deny = {"Effect": "Deny", "Action": f"{prefix}:{denied}", "Resource": "*"}
        rights = {**RIGHTS, "Statement": [*RIGHTS["Statement"], deny]}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(rights))
        execution = run(
            cloud, name, definition(step("Tune", "Tuning", tuning())), made["Role"]["Arn"]
        )
        assert execution["Tune"]["StepStatus"] == "Failed"
        assert denied in execution["Tune"]["FailureReason"]


def run(cloud, name, text, role=ROLE):
    """Run a pipeline to its end; return its steps by name."""
    cloud.sm.create_pipeline(
        PipelineName=name, PipelineDefinition=text, RoleArn=role, ClientRequestToken="t" * 32
    )
    arn = cloud.sm.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
    deadline = time.monotonic() + 60
    while (
        cloud.sm.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        == "Executing"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    steps = cloud.sm.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    return {each["StepName"]: each for each in steps["PipelineExecutionSteps"]}


def test_a_later_step_finds_the_best_model_of_a_sweep_and_those_behind_it(cloud):
    def model(of_trial):
        name = {"Get": f"Steps.Tune.{of_trial}.TrainingJobName"}
        return {
            "Std:Join": {
                "On": "/",
                "Values": [f"s3://{BUCKET}", "models", name, "output/model.tar.gz"],
            }
        }

    said = {
        "Std:Join": {
            "On": " ",
            "Values": [
                model("BestTrainingJob"),
                model("TrainingJobSummaries[0]"),
                model("TrainingJobSummaries[1]"),
                {
                    "Get": "Steps.Tune.BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric.Value"
                },
            ],
        }
    }
    ranges = of("3", "5")
    lowest = {"Type": "Minimize", "MetricName": "score"}
    config = {"Strategy": "Grid", "HyperParameterTuningJobObjective": lowest}
    tuned = tuning(count=None, ranges=ranges, config=config)
    steps = run(cloud, "sweeping", definition(step("Tune", "Tuning", tuned), fail("Tell", said)))
    arn = steps["Tune"]["Metadata"]["TuningJob"]["Arn"]
    name = arn.rpartition("/")[2]
    assert "-Tune-" in name
    assert len(name) <= 32
    best, zeroth, other, value = steps["Tell"]["Metadata"]["Fail"]["ErrorMessage"].split()
    assert best == zeroth != other
    assert float(value) == -2
    assert cloud.get(best)
    assert cloud.get(other)
