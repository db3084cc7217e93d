"""Pipelines: their definitions, checked before they are kept."""

from typing import Any

from local.sagemaker import storage
from local.sagemaker.context import Context
from local.sagemaker.definition import parse
from local.sagemaker.errors import conflict, invalid, not_found, refuse_unknown
from local.sagemaker.paging import page, summary
from local.sagemaker.store import Record
from local.sagemaker.tags import Tags

Params = dict[str, Any]

CREATE_FIELDS = frozenset(
    "PipelineName PipelineDisplayName PipelineDefinition PipelineDefinitionS3Location PipelineDescription "
    "ClientRequestToken RoleArn Tags ParallelismConfiguration".split()
)
DESCRIBED = (
    "PipelineArn",
    "PipelineName",
    "PipelineDisplayName",
    "PipelineDefinition",
    "PipelineDescription",
    "RoleArn",
    "PipelineStatus",
    "CreationTime",
    "LastModifiedTime",
    "LastRunTime",
    "ParallelismConfiguration",
)


class Pipelines:
    """CreatePipeline, UpdatePipeline, DescribePipeline, ListPipelines, DeletePipeline."""

    def __init__(self, context: Context, tags: Tags) -> None:
        """Keep pipelines in the context's store."""
        self._context = context
        self._store = context.store
        self._tags = tags

    def create(self, params: Params) -> Params:
        """CreatePipeline; repeated with one ClientRequestToken it is made once."""
        refuse_unknown("CreatePipeline", params, CREATE_FIELDS)
        name = params["PipelineName"]
        self._context.clients.require_role(params["RoleArn"])
        definition = self._definition(params, params["RoleArn"])
        if definition is None:
            raise invalid("CreatePipeline: give PipelineDefinition or PipelineDefinitionS3Location")
        arn = self._context.arn("pipeline", name)
        with self._store.changed:
            if existing := self._pipelines.get(name):
                if existing["ClientRequestToken"] == params.get("ClientRequestToken"):
                    return {"PipelineArn": arn}
                raise invalid(
                    "Pipeline names must be unique within an AWS account and region. Pipeline with name "
                    f"({name}) already exists."
                )
            now = self._context.now()
            given = ("PipelineDescription", "RoleArn", "ParallelismConfiguration")
            self._pipelines[name] = {
                **summary(params, *given),
                "PipelineName": name,
                "PipelineDisplayName": params.get("PipelineDisplayName") or name,
                "PipelineArn": arn,
                "PipelineDefinition": definition,
                "PipelineStatus": "Active",
                "CreationTime": now,
                "LastModifiedTime": now,
                "ClientRequestToken": params.get("ClientRequestToken"),
            }
        self._tags.put(arn, params.get("Tags"))
        return {"PipelineArn": arn}

    def update(self, params: Params) -> Params:
        """UpdatePipeline; executions under way keep the definition that they started with."""
        refuse_unknown("UpdatePipeline", params, CREATE_FIELDS - {"ClientRequestToken", "Tags"})
        pipeline = self.get(params["PipelineName"])
        role = params.get("RoleArn") or pipeline["RoleArn"]
        self._context.clients.require_role(role)
        definition = self._definition(params, role)
        changes = summary(
            params,
            "PipelineDisplayName",
            "PipelineDescription",
            "RoleArn",
            "ParallelismConfiguration",
        )
        if definition is not None:
            changes["PipelineDefinition"] = definition
        self._store.update(pipeline, **changes, LastModifiedTime=self._context.now())
        return {"PipelineArn": pipeline["PipelineArn"]}

    def describe(self, params: Params) -> Params:
        """DescribePipeline."""
        refuse_unknown("DescribePipeline", params, frozenset({"PipelineName"}))
        return summary(self.get(params["PipelineName"]), *DESCRIBED)

    def list(self, params: Params) -> Params:
        """ListPipelines."""
        kept = list(self._pipelines.values())
        if prefix := params.get("PipelineNamePrefix"):
            kept = [pipeline for pipeline in kept if pipeline["PipelineName"].startswith(prefix)]
        found, token = page(
            kept,
            params,
            name="PipelineName",
            sort_keys={"CreationTime": "CreationTime", "Name": "PipelineName"},
        )
        fields = (
            "PipelineArn",
            "PipelineName",
            "PipelineDisplayName",
            "PipelineDescription",
            "RoleArn",
            "CreationTime",
            "LastModifiedTime",
        )
        shown = [{**summary(pipeline, *fields), **_last_execution(pipeline)} for pipeline in found]
        return {"PipelineSummaries": shown, **token}

    def delete(self, params: Params) -> Params:
        """DeletePipeline, unless an execution is under way."""
        with self._store.changed:
            pipeline = self.get(params["PipelineName"])
            arn = pipeline["PipelineArn"]
            executions = self._store.of("pipeline executions")
            if any(
                execution["PipelineArn"] == arn
                and execution["PipelineExecutionStatus"] in ("Executing", "Stopping")
                for execution in executions.values()
            ):
                raise conflict(f"Pipeline {arn} has executions under way; stop them first")
            for gone in [key for key, one in executions.items() if one["PipelineArn"] == arn]:
                del executions[gone]
            del self._pipelines[pipeline["PipelineName"]]
        self._tags.forget(arn)
        return {"PipelineArn": arn}

    def get(self, name_or_arn: str) -> Record:
        """Return a live pipeline. Raises ResourceNotFound."""
        name = name_or_arn.rsplit("/", 1)[-1]
        if name not in self._pipelines:
            raise not_found(f"Pipeline '{self._context.arn('pipeline', name)}' does not exist.")
        return self._pipelines[name]

    @property
    def _pipelines(self) -> dict[str, Record]:
        return self._store.of("pipelines")

    def _definition(self, params: Params, role: str) -> str | None:
        """Return the definition's text, checked, or None if the request brings none."""
        text = params.get("PipelineDefinition")
        if where := params.get("PipelineDefinitionS3Location"):
            address = f"s3://{where['Bucket']}/{where['ObjectKey']}"
            bucket, key = storage.split(address)
            version = {"VersionId": where["VersionId"]} if where.get("VersionId") else {}
            s3 = self._context.clients.get("s3", role)
            text = s3.get_object(Bucket=bucket, Key=key, **version)["Body"].read().decode()
        if text is not None:
            parse(text)
        return text


def _last_execution(pipeline: Record) -> Record:
    at = pipeline.get("LastRunTime")
    return {} if at is None else {"LastExecutionTime": at}
