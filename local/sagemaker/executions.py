"""Pipeline executions: started once per token, described, listed, stopped."""

import logging
import threading
from typing import Any

from local.sagemaker import events
from local.sagemaker.context import Context, random_id
from local.sagemaker.definition import parse
from local.sagemaker.errors import conflict, not_found, refuse_unknown
from local.sagemaker.execution_run import ExecutionRun
from local.sagemaker.expressions import text
from local.sagemaker.paging import cut, page, summary
from local.sagemaker.parameters import take
from local.sagemaker.pipelines import Pipelines
from local.sagemaker.steps import StepTypes
from local.sagemaker.store import Record

logger = logging.getLogger(__name__)

Params = dict[str, Any]

START_FIELDS = frozenset(
    "PipelineName PipelineExecutionDisplayName PipelineParameters PipelineExecutionDescription "
    "ClientRequestToken ParallelismConfiguration".split()
)
UNDER_WAY = ("Executing", "Stopping")
DESCRIBED = (
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionDisplayName",
    "PipelineExecutionStatus",
    "PipelineExecutionDescription",
    "FailureReason",
    "CreationTime",
    "LastModifiedTime",
    "ParallelismConfiguration",
)
STEP_FIELDS = (
    "StepName",
    "StepDisplayName",
    "StepDescription",
    "StartTime",
    "EndTime",
    "StepStatus",
    "FailureReason",
    "Metadata",
    "AttemptCount",
)


class Executions:
    """StartPipelineExecution and everything that asks about what it started."""

    def __init__(self, context: Context, pipelines: Pipelines, types: StepTypes) -> None:
        """Keep executions in the context's store, what runs of them here."""
        self._context = context
        self._store = context.store
        self._pipelines = pipelines
        self._types = types
        self._running: dict[str, ExecutionRun] = {}

    def start(self, params: Params) -> Params:
        """StartPipelineExecution: one execution per ClientRequestToken, however often it is called."""
        refuse_unknown("StartPipelineExecution", params, START_FIELDS)
        with self._store.changed:
            pipeline = self._pipelines.get(params["PipelineName"])
            if earlier := self._started_with(pipeline, params):
                return {"PipelineExecutionArn": earlier["PipelineExecutionArn"]}
            definition = parse(pipeline["PipelineDefinition"])
            values = take(definition.parameters, params.get("PipelineParameters") or [])
            execution = self._new(pipeline, params, values)
            arn = execution["PipelineExecutionArn"]
            self._executions[arn] = execution
            pipeline["LastRunTime"] = execution["CreationTime"]
            run = ExecutionRun(self._context, self._types, definition, execution)
            self._running[arn] = run
        events.execution_changed(self._context, execution, None)
        threading.Thread(
            target=run.run,
            args=(lambda: self._running.pop(arn, None),),
            name=f"execution {execution['ExecutionId']}",
            daemon=True,
        ).start()
        return {"PipelineExecutionArn": arn}

    def stop(self, params: Params) -> Params:
        """StopPipelineExecution: Stopping, then Stopped once its jobs have ended."""
        with self._store.changed:
            execution = self.get(params["PipelineExecutionArn"])
            arn, status = execution["PipelineExecutionArn"], execution["PipelineExecutionStatus"]
            if status == "Stopping":
                return {"PipelineExecutionArn": arn}
            if status not in UNDER_WAY:
                raise conflict(
                    f"Pipeline execution {arn} is in status {status} and cannot be stopped"
                )
            execution["PipelineExecutionStatus"] = "Stopping"
            execution["LastModifiedTime"] = self._context.now()
            run = self._running.get(arn)
        events.execution_changed(self._context, execution, "Executing")
        if run is not None:
            run.stop()
        return {"PipelineExecutionArn": arn}

    def describe(self, params: Params) -> Params:
        """DescribePipelineExecution."""
        with self._store.changed:
            return summary(self.get(params["PipelineExecutionArn"]), *DESCRIBED)

    def list(self, params: Params) -> Params:
        """ListPipelineExecutions."""
        pipeline = self._pipelines.get(params["PipelineName"])
        found, token = page(
            [
                one
                for one in self._executions.values()
                if one["PipelineArn"] == pipeline["PipelineArn"]
            ],
            params,
            name="PipelineExecutionArn",
            sort_keys={
                "CreationTime": "CreationTime",
                "PipelineExecutionArn": "PipelineExecutionArn",
            },
        )
        return {"PipelineExecutionSummaries": [_summary(execution) for execution in found], **token}

    def list_steps(self, params: Params) -> Params:
        """ListPipelineExecutionSteps: those that have started, newest first unless asked otherwise."""
        with self._store.changed:
            execution = self.get(params["PipelineExecutionArn"])
            steps = [summary(step, *STEP_FIELDS) for step in execution["Steps"]]
        if params.get("SortOrder", "Descending") == "Descending":
            steps.reverse()
        found, token = cut(steps, params)
        return {"PipelineExecutionSteps": found, **token}

    def definition(self, params: Params) -> Params:
        """DescribePipelineDefinitionForExecution."""
        execution = self.get(params["PipelineExecutionArn"])
        return summary(execution, "PipelineDefinition", "CreationTime")

    def parameters(self, params: Params) -> Params:
        """ListPipelineParametersForExecution: defaults included."""
        execution = self.get(params["PipelineExecutionArn"])
        listed = [
            {"Name": name, "Value": text(value)} for name, value in execution["Parameters"].items()
        ]
        found, token = cut(listed, params)
        return {"PipelineParameters": found, **token}

    def get(self, arn: str) -> Record:
        """Return a live execution. Raises ResourceNotFound."""
        if arn not in self._executions:
            raise not_found(f"Pipeline execution with ARN '{arn}' does not exist.")
        return self._executions[arn]

    def abandon(self) -> None:
        """End as Failed what a snapshot shows as under way."""
        for execution in self._executions.values():
            before = execution["PipelineExecutionStatus"]
            if before not in UNDER_WAY:
                continue
            now = self._context.now()
            for step in execution["Steps"]:
                if step["StepStatus"] in ("Starting", "Executing", "Stopping"):
                    step.update(
                        StepStatus="Failed",
                        EndTime=now,
                        FailureReason="the local cloud was stopped",
                    )
            execution.update(
                PipelineExecutionStatus="Failed",
                FailureReason="InternalServerError: the local cloud was stopped while the pipeline ran",
                EndTime=now,
                LastModifiedTime=now,
            )
            events.execution_changed(self._context, execution, before)

    def close(self) -> None:
        """Stop what runs."""
        for run in list(self._running.values()):
            run.stop()

    @property
    def _executions(self) -> dict[str, Record]:
        return self._store.of("pipeline executions")

    def _started_with(self, pipeline: Record, params: Params) -> Record | None:
        """Return the execution that this token started. Raises if it was started with other parameters."""
        token = params.get("ClientRequestToken")
        for execution in self._executions.values():
            if token is None or execution["ClientRequestToken"] != token:
                continue
            if execution["PipelineArn"] != pipeline["PipelineArn"] or execution[
                "Request"
            ] != _request(params):
                raise conflict(
                    f"ClientRequestToken {token} was used before, for an execution with other parameters "
                    f"({execution['PipelineExecutionArn']})"
                )
            return execution
        return None

    def _new(self, pipeline: Record, params: Params, values: Record) -> Record:
        identity, now = random_id(12), self._context.now()
        parallelism = params.get("ParallelismConfiguration") or pipeline.get(
            "ParallelismConfiguration"
        )
        return {
            "PipelineName": pipeline["PipelineName"],
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": f"{pipeline['PipelineArn']}/execution/{identity}",
            "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName")
            or f"execution-{round(now * 1000)}",
            "PipelineExecutionDescription": params.get("PipelineExecutionDescription"),
            "PipelineExecutionStatus": "Executing",
            "PipelineDefinition": pipeline["PipelineDefinition"],
            "ParallelismConfiguration": parallelism,
            "RoleArn": pipeline["RoleArn"],
            "ExecutionId": identity,
            "Parameters": values,
            "ClientRequestToken": params.get("ClientRequestToken"),
            "Request": _request(params),
            "CreationTime": now,
            "LastModifiedTime": now,
            "Steps": [],
        }


def _request(params: Params) -> Params:
    """Return what makes two starts with one token the same."""
    given = sorted((params.get("PipelineParameters") or []), key=lambda item: str(item["Name"]))
    return {
        "PipelineParameters": given,
        **summary(params, "PipelineExecutionDisplayName", "PipelineExecutionDescription"),
    }


def _summary(execution: Record) -> Record:
    shown = summary(
        execution,
        "PipelineExecutionArn",
        "PipelineExecutionStatus",
        "PipelineExecutionDescription",
        "PipelineExecutionDisplayName",
    )
    reason = {"PipelineExecutionFailureReason": execution.get("FailureReason")}
    return {**shown, "StartTime": execution["CreationTime"], **summary(reason, *reason)}
