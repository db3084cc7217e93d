"""Models: a container image, the data it serves and the role it runs with."""

from typing import Any

from botocore.exceptions import ClientError

from local.sagemaker.context import Context
from local.sagemaker.errors import invalid, refuse_unknown, unsupported
from local.sagemaker.images import require_known
from local.sagemaker.paging import page, summary
from local.sagemaker.registry import Registry
from local.sagemaker.storage import split
from local.sagemaker.store import Record
from local.sagemaker.tags import Tags

Params = dict[str, Any]

MODEL_FIELDS = frozenset(
    (
        "ModelName",
        "PrimaryContainer",
        "Containers",
        "ExecutionRoleArn",
        "Tags",
        "EnableNetworkIsolation",
    )
)
CONTAINER_FIELDS = frozenset(
    ("ContainerHostname", "Image", "Mode", "ModelDataUrl", "Environment", "ModelPackageName")
)


class Models:
    """CreateModel, DescribeModel, ListModels, DeleteModel."""

    def __init__(self, context: Context, registry: Registry, tags: Tags) -> None:
        """Keep models in the context's store; packages come from the registry."""
        self._context = context
        self._store = context.store
        self._registry = registry
        self._tags = tags

    def create(self, params: Params) -> Params:
        """CreateModel: role and model data must exist."""
        refuse_unknown("CreateModel", params, MODEL_FIELDS)
        name, arn = params["ModelName"], self._context.arn("model", params["ModelName"])
        role = params.get("ExecutionRoleArn")
        if role is None:
            raise invalid("CreateModel: ExecutionRoleArn is required")
        container = _single_container(params)
        self._expect_model_data(self.resolved(container), role)
        with self._store.changed:
            if name in self._models:
                raise invalid(f'Cannot create already existing model "{arn}".')
            self._models[name] = {
                "ModelName": name,
                "ModelArn": arn,
                "PrimaryContainer": container,
                "ExecutionRoleArn": role,
                "EnableNetworkIsolation": bool(params.get("EnableNetworkIsolation")),
                "CreationTime": self._context.now(),
            }
        self._tags.put(arn, params.get("Tags"))
        return {"ModelArn": arn}

    def describe(self, params: Params) -> Params:
        """DescribeModel."""
        return dict(self.get(params["ModelName"]))

    def list(self, params: Params) -> Params:
        """ListModels."""
        found, token = page(
            self._models.values(),
            params,
            name="ModelName",
            sort_keys={"CreationTime": "CreationTime", "Name": "ModelName"},
        )
        return {
            "Models": [summary(m, "ModelName", "ModelArn", "CreationTime") for m in found],
            **token,
        }

    def delete(self, params: Params) -> Params:
        """DeleteModel; endpoints that already serve it go on."""
        with self._store.changed:
            model = self.get(params["ModelName"])
            del self._models[model["ModelName"]]
        self._tags.forget(model["ModelArn"])
        return {}

    def get(self, name: str) -> Record:
        """Return a live model. Raises ValidationException."""
        if name not in self._models:
            raise invalid(f'Could not find model "{self._context.arn("model", name)}".')
        return self._models[name]

    def resolved(self, container: Record) -> Record:
        """Return the container with what its model package says, where it names one."""
        if "ModelPackageName" not in container:
            return container
        package = self._registry.package(container["ModelPackageName"])
        offered = package.get("InferenceSpecification", {}).get("Containers", [])
        if len(offered) != 1:
            raise unsupported("CreateModel", f"a model package of {len(offered)} containers")
        environment = {**offered[0].get("Environment", {}), **container.get("Environment", {})}
        return {
            **summary(offered[0], "Image", "ModelDataUrl"),
            **container,
            "Environment": environment,
        }

    @property
    def _models(self) -> dict[str, Record]:
        return self._store.of("models")

    def _expect_model_data(self, container: Record, role: str) -> None:
        self._context.clients.require_role(role)
        require_known("CreateModel", container.get("Image"))
        url = container.get("ModelDataUrl")
        if url is None:
            raise invalid(
                "CreateModel: the container needs ModelDataUrl; images bring no model here"
            )
        bucket, key = split(url)
        if not key:
            raise invalid(f"{url} names no object; expected s3://bucket/key")
        try:
            self._context.clients.get("s3", role).head_object(Bucket=bucket, Key=key)
        except ClientError as problem:
            raise invalid(
                f"Could not find model data at {url} or role {role} may not read it "
                f"({problem.response['Error'].get('Message', 'no message')})."
            ) from problem


def _single_container(params: Params) -> Record:
    several = params.get("Containers") or []
    if len(several) > 1:
        raise unsupported("CreateModel", "an inference pipeline of several Containers")
    container = params.get("PrimaryContainer") or (several[0] if several else None)
    if container is None:
        raise invalid("CreateModel: either PrimaryContainer or Containers is required")
    refuse_unknown("CreateModel PrimaryContainer", container, CONTAINER_FIELDS)
    if container.get("Mode") == "MultiModel":
        raise unsupported("CreateModel", "Mode MultiModel")
    return dict(container)
