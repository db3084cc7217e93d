"""SageMaker endpoints: makes the endpoint of a version and tells its state."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from trimtab.domain.model import Serving
from trimtab.domain.rollouts import EndpointState
from trimtab.domain.versions import ModelVersion

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

MISSING = "missing"
DELETING = "Deleting"  # SageMaker's word; until it is gone, nothing of the name can be made
VARIANT = "AllTraffic"  # an endpoint has one variant; the split between versions is the route's


class EndpointRefused(Exception):
    """SageMaker does not take the definition; asking again would not help."""


class Endpoints:
    """Makes and describes endpoints, one per version; model, endpoint config and endpoint are named alike."""

    def __init__(self, client: "SageMakerClient") -> None:
        self._client = client

    def ensure(self, name: str, version: ModelVersion, serving: Serving, role_arn: str) -> None:
        """Make model, endpoint config and endpoint, each unless it is there already.

        Raises EndpointRefused with SageMaker's sentence if it does not take one of them.
        """
        _unless_there(
            lambda: self._client.create_model(
                ModelName=name,
                ExecutionRoleArn=role_arn,
                PrimaryContainer={
                    "Image": version.image or "",
                    "ModelDataUrl": version.model_data_uri or "",
                    "Environment": self._environment(),
                },
            ),
            lambda: self._client.describe_model(ModelName=name),
        )
        _unless_there(
            lambda: self._client.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=[_variant(name, serving)]
            ),
            lambda: self._client.describe_endpoint_config(EndpointConfigName=name),
        )
        _unless_there(
            lambda: self._client.create_endpoint(EndpointName=name, EndpointConfigName=name),
            lambda: self._client.describe_endpoint(EndpointName=name),
        )

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the names of the endpoints that begin so."""
        pages = self._client.get_paginator("list_endpoints")
        for page in pages.paginate(NameContains=prefix):
            for endpoint in page["Endpoints"]:
                if endpoint["EndpointName"].startswith(prefix):
                    yield endpoint["EndpointName"]

    def delete(self, name: str) -> None:
        """Delete the endpoint if there is one; its model and config stay: they cost nothing, and make it again."""
        try:
            self._client.delete_endpoint(EndpointName=name)
        except ClientError as error:
            if not _is_validation(error) or self.state(name).status != MISSING:
                raise

    def state(self, name: str) -> EndpointState:
        """Return the endpoint's state as SageMaker tells it now."""
        try:
            answer = self._client.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if _is_validation(error):
                return EndpointState(name, MISSING, error.response["Error"]["Message"])
            raise
        return EndpointState(name, answer["EndpointStatus"], answer.get("FailureReason", ""))

    def _environment(self) -> dict[str, str]:
        """What the framework container is told, as the SageMaker SDK tells it."""
        return {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            "SAGEMAKER_REGION": self._client.meta.region_name,
        }


def _variant(name: str, serving: Serving) -> Any:
    variant = {"VariantName": VARIANT, "ModelName": name}
    if serving.kind == "realtime":
        size = {"InstanceType": serving.instance_type, "InitialInstanceCount": serving.instances}
        return variant | size
    serverless = {
        "MemorySizeInMB": serving.memory_mb,
        "MaxConcurrency": serving.max_concurrency,
    }
    return variant | {"ServerlessConfig": serverless}


def _unless_there(create: Callable[[], Any], describe: Callable[[], Any]) -> None:
    """Create; if SageMaker refuses because the name is taken, that is as good."""
    try:
        create()
    except ClientError as error:
        if not _is_validation(error):
            raise
        if not _is_there(describe):
            raise EndpointRefused(error.response["Error"]["Message"]) from error


def _is_there(describe: Callable[[], Any]) -> bool:
    try:
        describe()
    except ClientError as error:
        if _is_validation(error):
            return False
        raise
    return True


def _is_validation(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in ("ValidationException", "ValidationError")
