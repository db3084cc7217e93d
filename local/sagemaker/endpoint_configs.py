"""Endpoint configurations: which models an endpoint serves, how large, with what weight."""

from typing import Any

from local.sagemaker.context import Context
from local.sagemaker.errors import invalid, refuse_unknown, unsupported
from local.sagemaker.models import Models
from local.sagemaker.paging import page, summary
from local.sagemaker.store import Record
from local.sagemaker.tags import Tags

Params = dict[str, Any]

CONFIG_FIELDS = frozenset(("EndpointConfigName", "ProductionVariants", "Tags", "KmsKeyId"))
VARIANT_FIELDS = frozenset(
    "VariantName ModelName InitialInstanceCount InstanceType InitialVariantWeight ServerlessConfig "
    "VolumeSizeInGB ModelDataDownloadTimeoutInSeconds ContainerStartupHealthCheckTimeoutInSeconds".split()
)
SERVERLESS_MEMORY = range(1024, 6145, 1024)  # MB
SERVERLESS_CONCURRENCY = range(1, 201)


class EndpointConfigs:
    """CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

    def __init__(self, context: Context, models: Models, tags: Tags) -> None:
        """Keep configurations in the context's store."""
        self._context = context
        self._store = context.store
        self._models = models
        self._tags = tags

    def create(self, params: Params) -> Params:
        """CreateEndpointConfig, under SageMaker's limits for serverless variants."""
        refuse_unknown("CreateEndpointConfig", params, CONFIG_FIELDS)
        name = params["EndpointConfigName"]
        arn = self._context.arn("endpoint-config", name)
        variants = [self._checked(variant) for variant in params["ProductionVariants"]]
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) != len(names):
            raise invalid(
                f"CreateEndpointConfig: variant names must be unique, not {', '.join(names)}"
            )
        if len(variants) > 1 and any("ServerlessConfig" in variant for variant in variants):
            raise invalid("Serverless endpoints support one production variant only.")
        with self._store.changed:
            if name in self._configs:
                raise invalid(f'Cannot create already existing endpoint configuration "{arn}".')
            self._configs[name] = {
                **summary(params, "EndpointConfigName", "KmsKeyId"),
                "EndpointConfigArn": arn,
                "ProductionVariants": variants,
                "CreationTime": self._context.now(),
            }
        self._tags.put(arn, params.get("Tags"))
        return {"EndpointConfigArn": arn}

    def describe(self, params: Params) -> Params:
        """DescribeEndpointConfig."""
        return dict(self.get(params["EndpointConfigName"]))

    def list(self, params: Params) -> Params:
        """ListEndpointConfigs."""
        found, token = page(
            self._configs.values(),
            params,
            name="EndpointConfigName",
            sort_keys={"CreationTime": "CreationTime", "Name": "EndpointConfigName"},
        )
        fields = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        return {"EndpointConfigs": [summary(config, *fields) for config in found], **token}

    def delete(self, params: Params) -> Params:
        """DeleteEndpointConfig."""
        with self._store.changed:
            config = self.get(params["EndpointConfigName"])
            del self._configs[config["EndpointConfigName"]]
        self._tags.forget(config["EndpointConfigArn"])
        return {}

    def get(self, name: str) -> Record:
        """Return a live configuration. Raises ValidationException."""
        if name not in self._configs:
            arn = self._context.arn("endpoint-config", name)
            raise invalid(f'Could not find endpoint configuration "{arn}".')
        return self._configs[name]

    @property
    def _configs(self) -> dict[str, Record]:
        return self._store.of("endpoint configs")

    def _checked(self, variant: Record) -> Record:
        refuse_unknown("CreateEndpointConfig ProductionVariants", variant, VARIANT_FIELDS)
        if "ModelName" not in variant:
            raise unsupported("CreateEndpointConfig", "a variant without ModelName")
        self._models.get(variant["ModelName"])
        serverless = variant.get("ServerlessConfig")
        if serverless is not None:
            _check_serverless(variant, serverless)
        elif not (variant.get("InstanceType") and variant.get("InitialInstanceCount")):
            raise invalid(
                f"Variant {variant['VariantName']} needs InstanceType and InitialInstanceCount, "
                "or ServerlessConfig"
            )
        return {"InitialVariantWeight": 1.0, **variant}


def _check_serverless(variant: Record, serverless: Record) -> None:
    name = variant["VariantName"]
    if variant.get("InstanceType") or variant.get("InitialInstanceCount"):
        raise invalid(
            f"Variant {name}: ServerlessConfig excludes InstanceType and InitialInstanceCount"
        )
    memory, concurrency = serverless["MemorySizeInMB"], serverless["MaxConcurrency"]
    if memory not in SERVERLESS_MEMORY:
        raise invalid(
            f"Variant {name}: MemorySizeInMB {memory} is not one of "
            f"{', '.join(str(size) for size in SERVERLESS_MEMORY)}"
        )
    if concurrency not in SERVERLESS_CONCURRENCY:
        raise invalid(f"Variant {name}: MaxConcurrency {concurrency} is not between 1 and 200")
    if serverless.get("ProvisionedConcurrency", 0) > concurrency:
        raise invalid(
            f"Variant {name}: ProvisionedConcurrency is over MaxConcurrency {concurrency}"
        )
