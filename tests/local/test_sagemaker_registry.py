"""The local SageMaker in process: validation by botocore's model, registry, limits, IAM actions."""

import asyncio
import json
from pathlib import Path

import pytest

from local.clock import LocalClock
from local.processes import Children
from local.sagemaker import SageMaker, SageMakerConfig, ServiceError
from tests.local.sagemaker_cloud import ROLE
from tests.local.sagemaker_requests import definition, fail, package

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
NOWHERE = "http://127.0.0.1:9"


class Recorder:
    """Keeps the events that were sent."""

    def __init__(self):
        self.events = []

    def __call__(self, source, detail_type, detail, resources=()):
        self.events.append((source, detail_type, json.loads(json.dumps(detail)), list(resources)))


def role_credentials(role_arn, session_name):
    if role_arn != ROLE:
        raise LookupError(role_arn)
    return CREDENTIALS


@pytest.fixture
def sent():
    return Recorder()


@pytest.fixture
def sagemaker(sent):
    config = SageMakerConfig(NOWHERE, Path("/nowhere"))
    with Children() as children:
        service = SageMaker(config, children, LocalClock(), sent, role_credentials)
        yield service
        service.close()


@pytest.fixture
def churn(sagemaker):
    """The service with a package group."""
    sagemaker.call("CreateModelPackageGroup", {"ModelPackageGroupName": "churn"})
    return sagemaker


def refused(service, operation, **params):
    with pytest.raises(ServiceError) as error:
        service.call(operation, params)
    return error.value


def wire(service, operation, params):
    headers = {"X-Amz-Target": f"SageMaker.{operation}"}
    body = params if isinstance(params, bytes) else json.dumps(params).encode()
    status, headers, answer = asyncio.run(service.handle("POST", "/", headers, body))
    return status, headers, json.loads(answer)


def test_packages_of_a_group_are_numbered_from_one_and_numbers_are_not_reused(churn):
    first = churn.call("CreateModelPackage", package())["ModelPackageArn"]
    second = churn.call("CreateModelPackage", package())["ModelPackageArn"]
    assert (first, second) == (
        "arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/1",
        "arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/2",
    )
    churn.call("DeleteModelPackage", {"ModelPackageName": second})
    assert churn.call("CreateModelPackage", package())["ModelPackageArn"].endswith("/3")


def test_a_package_made_twice_with_one_client_token_is_one_package(churn):
    made = [
        churn.call("CreateModelPackage", package(ClientToken="once"))["ModelPackageArn"]
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_registration_approval_and_nothing_else_are_told_to_the_bus(churn, sent):
    arn = churn.call(
        "CreateModelPackage", package(CustomerMetadataProperties={"request_id": "r1"})
    )["ModelPackageArn"]
    for _ in range(2):
        churn.call(
            "UpdateModelPackage", {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"}
        )
    churn.call("DescribeModelPackage", {"ModelPackageName": arn})
    told = [event for event in sent.events if event[1] == "SageMaker Model Package State Change"]
    assert [event[2]["ModelApprovalStatus"] for event in told] == [
        "PendingManualApproval",
        "Approved",
    ]
    source, _, detail, resources = told[1]
    assert (source, resources) == ("aws.sagemaker", [arn])
    assert detail["ModelPackageGroupName"] == "churn"
    assert detail["ModelPackageVersion"] == 1
    assert detail["CustomerMetadataProperties"] == {"request_id": "r1"}


def test_metadata_of_a_package_is_merged_and_taken_away_by_key(churn):
    arn = churn.call("CreateModelPackage", package(CustomerMetadataProperties={"a": "1"}))[
        "ModelPackageArn"
    ]
    churn.call(
        "UpdateModelPackage",
        {
            "ModelPackageArn": arn,
            "CustomerMetadataProperties": {"b": "2"},
            "CustomerMetadataPropertiesToRemove": ["a"],
        },
    )
    described = churn.call("DescribeModelPackage", {"ModelPackageName": arn})
    assert described["CustomerMetadataProperties"] == {"b": "2"}


def test_a_group_that_holds_packages_cannot_be_deleted(churn):
    arn = churn.call("CreateModelPackage", package())["ModelPackageArn"]
    error = refused(churn, "DeleteModelPackageGroup", ModelPackageGroupName="churn")
    assert error.code == "ConflictException"
    churn.call("DeleteModelPackage", {"ModelPackageName": arn})
    churn.call("DeleteModelPackageGroup", {"ModelPackageGroupName": "churn"})
    assert churn.call("ListModelPackageGroups", {})["ModelPackageGroupSummaryList"] == []


def test_a_list_comes_in_pages_that_neither_repeat_nor_lose_an_item(churn):
    for _ in range(7):
        churn.call("CreateModelPackage", package())
    versions: list[int] = []
    token: dict[str, str] = {}
    while True:
        answer = churn.call(
            "ListModelPackages", {"MaxResults": 3, "SortOrder": "Ascending", **token}
        )
        versions += [item["ModelPackageVersion"] for item in answer["ModelPackageSummaryList"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert versions == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("operation", "params", "words"),
    [
        ("CreateModelPackageGroup", {}, "modelPackageGroupName"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "a b"}, "regular expression"),
        (
            "CreateModelPackageGroup",
            {"ModelPackageGroupName": "a" * 64},
            "less than or equal to 63",
        ),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "a", "Colour": "red"}, "colour"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": 7}, "must be a string"),
        ("ListModelPackages", {"SortOrder": "Sideways"}, "enum value set"),
        ("CreateTransformJob", {}, "CreateTransformJob: this operation is not supported"),
        ("DescribeEndpoint", {"EndpointName": "gone"}, "Could not find endpoint"),
        ("DescribeModelPackage", {"ModelPackageName": "gone/1"}, "does not exist"),
        ("DescribeTrainingJob", {"TrainingJobName": "gone"}, "Requested resource not found"),
    ],
)
def test_a_request_that_does_not_hold_is_refused_with_its_reason(
    sagemaker, operation, params, words
):
    error = refused(sagemaker, operation, **params)
    assert error.code == "ValidationException"
    assert words in error.message


def test_errors_on_the_wire_have_awss_shape(sagemaker):
    status, headers, body = wire(sagemaker, "DescribePipeline", {"PipelineName": "gone"})
    assert (status, body["__type"]) == (400, "ResourceNotFound")
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert "gone" in body["message"]
    assert (
        wire(sagemaker, "DescribePipeline", b"{nonsense")[2]["__type"] == "SerializationException"
    )
    assert wire(sagemaker, "DanceTango", {})[2]["__type"] == "UnknownOperationException"


def test_a_role_that_does_not_exist_is_refused_where_it_is_named(sagemaker):
    error = refused(
        sagemaker,
        "CreatePipeline",
        PipelineName="p",
        PipelineDefinition=definition(fail()),
        RoleArn="arn:aws:iam::000000000000:role/ghost",
        ClientRequestToken="t" * 32,
    )
    assert "role/ghost" in error.message


def test_what_an_operation_cannot_do_here_is_refused_by_name(churn):
    error = refused(
        churn,
        "CreateModelPackage",
        **package(ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Draft"}),
    )
    assert "ModelCard is not supported" in error.message


def test_tags_are_kept_with_their_resource(sagemaker):
    arn = sagemaker.call(
        "CreateModelPackageGroup",
        {"ModelPackageGroupName": "g", "Tags": [{"Key": "a", "Value": "1"}]},
    )["ModelPackageGroupArn"]
    sagemaker.call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": "b", "Value": "2"}]})
    sagemaker.call("DeleteTags", {"ResourceArn": arn, "TagKeys": ["a"]})
    assert sagemaker.call("ListTags", {"ResourceArn": arn})["Tags"] == [{"Key": "b", "Value": "2"}]


def test_state_survives_a_snapshot_as_json(churn, sent):
    churn.call("CreateModelPackage", package())
    snapshot = json.loads(json.dumps(churn.snapshot()))
    config = SageMakerConfig(NOWHERE, Path("/nowhere"))
    with Children() as children:
        other = SageMaker(config, children, LocalClock(), sent, role_credentials)
        other.restore(snapshot)
        listed = other.call("ListModelPackages", {"ModelPackageGroupName": "churn"})
        assert [item["ModelPackageVersion"] for item in listed["ModelPackageSummaryList"]] == [1]
        with pytest.raises(ValueError, match="version 99"):
            other.restore({"version": 99, "records": {}})
        other.close()


PREFIX = "arn:aws:sagemaker:us-east-1:000000000000"


def test_a_sweep_that_ran_when_the_cloud_was_stopped_has_failed_with_its_trials(sagemaker, sent):
    arn = f"{PREFIX}:hyper-parameter-tuning-job/tune"
    objective = {"Type": "Maximize", "MetricName": "auc"}
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": objective,
        "ResourceLimits": {"MaxParallelTrainingJobs": 1},
    }
    begun = {"CreationTime": 1.0, "LastModifiedTime": 1.0}
    sweep = {
        "HyperParameterTuningJobName": "tune",
        "HyperParameterTuningJobArn": arn,
        "HyperParameterTuningJobConfig": config,
        "HyperParameterTuningJobStatus": "InProgress",
        **begun,
    }
    trial = {
        "TrainingJobName": "tune-001",
        "TrainingJobArn": f"{PREFIX}:training-job/tune-001",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatusTransitions": [{"Status": "Training", "StartTime": 1.0}],
        "TuningJobArn": arn,
        **begun,
    }
    records = {"hyperparametertuning jobs": {"tune": sweep}, "training jobs": {"tune-001": trial}}
    sagemaker.restore({**sagemaker.snapshot(), "records": records})
    told = sagemaker.call(
        "DescribeHyperParameterTuningJob", {"HyperParameterTuningJobName": "tune"}
    )
    assert told["HyperParameterTuningJobStatus"] == "Failed"
    assert "the local cloud was stopped" in told["FailureReason"]
    assert told["TrainingJobStatusCounters"]["RetryableError"] == 1
    assert told["TrainingJobStatusCounters"]["InProgress"] == 0
    kinds = [kind for _, kind, *_ in sent.events]
    assert kinds.count("SageMaker HyperParameter Tuning Job State Change") == 1


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("DescribeEndpoint", {"EndpointName": "e"}, [("DescribeEndpoint", f"{PREFIX}:endpoint/e")]),
        ("ListEndpoints", {}, [("ListEndpoints", "*")]),
        (
            "StartPipelineExecution",
            {"PipelineName": "p"},
            [("StartPipelineExecution", f"{PREFIX}:pipeline/p")],
        ),
        (
            "CreateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            [
                ("CreateEndpoint", f"{PREFIX}:endpoint/e"),
                ("CreateEndpoint", f"{PREFIX}:endpoint-config/c"),
            ],
        ),
        (
            "CreateModelPackage",
            {"ModelPackageGroupName": "g"},
            [
                ("CreateModelPackage", f"{PREFIX}:model-package-group/g"),
                ("CreateModelPackage", f"{PREFIX}:model-package/g/*"),
            ],
        ),
        (
            "ListTrainingJobsForHyperParameterTuningJob",
            {"HyperParameterTuningJobName": "t"},
            [
                (
                    "ListTrainingJobsForHyperParameterTuningJob",
                    f"{PREFIX}:hyper-parameter-tuning-job/t",
                )
            ],
        ),
    ],
)
def test_a_request_says_which_rights_it_needs(sagemaker, operation, params, expected):
    asked = sagemaker.iam_actions(
        "POST", "/", {"X-Amz-Target": f"SageMaker.{operation}"}, json.dumps(params).encode()
    )
    assert asked == [(f"sagemaker:{action}", resource) for action, resource in expected]


def test_naming_a_role_needs_the_right_to_pass_it(sagemaker):
    body = json.dumps({"ModelName": "m", "ExecutionRoleArn": ROLE}).encode()
    asked = sagemaker.iam_actions("POST", "/", {"x-amz-target": "SageMaker.CreateModel"}, body)
    assert asked[1] == ("iam:PassRole", ROLE)
    trials = json.dumps({"TrainingJobDefinition": {"RoleArn": ROLE}}).encode()
    target = {"x-amz-target": "SageMaker.CreateHyperParameterTuningJob"}
    assert sagemaker.iam_actions("POST", "/", target, trials)[1] == ("iam:PassRole", ROLE)
    invoked = sagemaker.iam_actions("POST", "/endpoints/e/invocations", {}, b"")
    assert invoked == [("sagemaker:InvokeEndpoint", f"{PREFIX}:endpoint/e")]


def test_every_pattern_of_the_service_model_compiles():
    import botocore.session

    from local.sagemaker.shapes import compiled

    for service in ("sagemaker", "sagemaker-runtime"):
        model = botocore.session.get_session().get_service_model(service)
        for name in model.shape_names:
            if pattern := model.shape_for(name).metadata.get("pattern"):
                compiled(pattern)
