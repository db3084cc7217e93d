"""Which IAM actions a request needs, on which resources; PassRole for every role that it names."""

import re
from collections.abc import Callable, Iterator
from typing import Any

Params = dict[str, Any]

# Resource type of an operation's subject, by the parameter that names it. The first that a request has counts.
SUBJECTS: tuple[tuple[str, str], ...] = (
    ("PipelineExecutionArn", "pipeline"),
    ("ResourceArn", "any"),
    ("ModelPackageArn", "model-package"),
    ("PipelineName", "pipeline"),
    ("EndpointName", "endpoint"),
    ("EndpointConfigName", "endpoint-config"),
    ("ModelName", "model"),
    ("TrainingJobName", "training-job"),
    ("HyperParameterTuningJobName", "hyper-parameter-tuning-job"),
    ("ProcessingJobName", "processing-job"),
    ("ModelPackageName", "model-package"),
    ("ModelPackageGroupName", "model-package-group"),
)
# Operations that IAM authorises on another resource than the one they are about.
BESIDES: dict[str, tuple[str, ...]] = {
    "CreateEndpoint": ("endpoint", "endpoint-config"),
    "UpdateEndpoint": ("endpoint", "endpoint-config"),
}
ROLES = ("RoleArn", "ExecutionRoleArn")
SCALING_ROLE = (
    "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
LISTS = re.compile(r"List(?!Tags|PipelineExecution|PipelineParameters|TrainingJobsFor)\w+")


def iam_actions(
    operation: str, params: Params, arn: Callable[[str, str], str]
) -> list[tuple[str, str]]:
    """Return each (action, resource ARN) that the caller must be allowed; all of them."""
    action = f"sagemaker:{operation}"
    pairs = [(action, resource) for resource in _resources(operation, params, arn)]
    return [*pairs, *(("iam:PassRole", role) for role in _roles(params))]


def scaling_actions(
    operation: str, params: Params, arn: Callable[[str, str], str]
) -> list[tuple[str, str]]:
    """Return what an operation of Application Auto Scaling needs; it looks at endpoints with its caller's rights."""
    _, _, _, region, account, _ = arn("any", "any").split(":", 5)
    targets = f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/*"
    pairs = [(f"application-autoscaling:{operation}", targets)]
    if operation == "RegisterScalableTarget":
        _, _, rest = str(params.get("ResourceId", "")).partition("/")
        endpoint = arn("endpoint", rest.partition("/")[0] or "*")
        pairs += [
            ("sagemaker:DescribeEndpoint", endpoint),
            ("sagemaker:UpdateEndpointWeightsAndCapacities", endpoint),
            ("iam:CreateServiceLinkedRole", f"arn:aws:iam::{account}:role/{SCALING_ROLE}"),
        ]
    return pairs


def _roles(params: Params) -> Iterator[str]:
    """The roles that a request names: its own, and those of the trainings of a tuning job."""
    several = params.get("TrainingJobDefinitions")
    within = [
        params,
        params.get("TrainingJobDefinition"),
        *(several if isinstance(several, list) else ()),
    ]
    for each in within:
        if isinstance(each, dict):
            yield from (each[name] for name in ROLES if isinstance(each.get(name), str))


def _resources(operation: str, params: Params, arn: Callable[[str, str], str]) -> Iterator[str]:
    if LISTS.fullmatch(operation):
        yield "*"
        return
    if operation == "CreateModelPackage" and params.get("ModelPackageGroupName"):
        group = _name(params["ModelPackageGroupName"])
        yield arn("model-package-group", group)
        yield arn("model-package", f"{group}/*")
        return
    if kinds := BESIDES.get(operation):
        for kind, name in zip(kinds, ("EndpointName", "EndpointConfigName"), strict=True):
            yield arn(kind, str(params.get(name, "*")))
        return
    yield _subject(params, arn)


def _subject(params: Params, arn: Callable[[str, str], str]) -> str:
    for parameter, kind in SUBJECTS:
        value = params.get(parameter)
        if isinstance(value, str) and value:
            return value if value.startswith("arn:") else arn(kind, value)
    return "*"


def _name(name_or_arn: str) -> str:
    return name_or_arn.rsplit("/", 1)[-1]
