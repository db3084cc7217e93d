"""The service as a whole: wire requests in, answers out."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError

from local.clock import LocalClock
from local.processes import Children
from local.sagemaker import authorization, shapes
from local.sagemaker.clients import Clients
from local.sagemaker.config import SageMakerConfig
from local.sagemaker.context import Context, Emit, RoleCredentials
from local.sagemaker.endpoint_configs import EndpointConfigs
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ServiceError, fault, invalid, unsupported
from local.sagemaker.executions import Executions
from local.sagemaker.invocations import PATH, Answer, Invocations, error_answer
from local.sagemaker.models import Models
from local.sagemaker.pipelines import Pipelines
from local.sagemaker.processing import ProcessingJobs
from local.sagemaker.registry import Registry
from local.sagemaker.scaling import Scaling
from local.sagemaker.steps import StepTypes
from local.sagemaker.tags import Tags
from local.sagemaker.training import TrainingJobs
from local.sagemaker.tuning import TuningJobs

logger = logging.getLogger(__name__)

Params = dict[str, Any]
Wire = tuple[int, dict[str, str], bytes]

SCALING_TARGET = "AnyScaleFrontendService"  # Application Auto Scaling's name on the wire
JSON = "application/x-amz-json-1.1"
CONTROL_THREADS = 8
RUNTIME_THREADS = 64  # invocations under way at once; more wait
SNAPSHOT_VERSION = 1


class SageMaker:
    """SageMaker's control plane and runtime, and the scaling of endpoints, over one state."""

    def __init__(
        self,
        config: SageMakerConfig,
        children: Children,
        clock: LocalClock,
        emit: Emit,
        role_credentials: RoleCredentials,
    ) -> None:
        """Stand in the given cloud; nothing runs before the first request."""
        context = Context(config, children, clock, emit, Clients(config, role_credentials))
        self._context = context
        tags = Tags(context)
        registry = Registry(context, tags)
        models = Models(context, registry, tags)
        configs = EndpointConfigs(context, models, tags)
        self._endpoints = Endpoints(context, configs, models, tags)
        self._invocations = Invocations(context, self._endpoints)
        self._training = TrainingJobs(context, tags)
        self._tuning = TuningJobs(context, tags, self._training)
        self._processing = ProcessingJobs(context, tags)
        pipelines = Pipelines(context, tags)
        types = StepTypes(context, self._training, self._processing, self._tuning, registry)
        self._executions = Executions(context, pipelines, types)
        self._control_pool = ThreadPoolExecutor(CONTROL_THREADS, "sagemaker")
        self._runtime_pool = ThreadPoolExecutor(RUNTIME_THREADS, "invoke")
        scaling = Scaling(context, self._endpoints, configs)
        self._scaling: dict[str, Callable[[Params], Params]] = {
            "RegisterScalableTarget": scaling.register,
            "DescribeScalableTargets": scaling.describe_targets,
            "DeregisterScalableTarget": scaling.deregister,
            "PutScalingPolicy": scaling.put_policy,
            "DescribeScalingPolicies": scaling.describe_policies,
        }
        self._operations: dict[str, Callable[[Params], Params]] = {
            "AddTags": tags.add,
            "ListTags": tags.list,
            "DeleteTags": tags.delete,
            "CreateModelPackageGroup": registry.create_group,
            "DescribeModelPackageGroup": registry.describe_group,
            "DeleteModelPackageGroup": registry.delete_group,
            "ListModelPackageGroups": registry.list_groups,
            "CreateModelPackage": registry.create_package,
            "DescribeModelPackage": registry.describe_package,
            "UpdateModelPackage": registry.update_package,
            "DeleteModelPackage": registry.delete_package,
            "ListModelPackages": registry.list_packages,
            "CreateModel": models.create,
            "DescribeModel": models.describe,
            "ListModels": models.list,
            "DeleteModel": models.delete,
            "CreateEndpointConfig": configs.create,
            "DescribeEndpointConfig": configs.describe,
            "ListEndpointConfigs": configs.list,
            "DeleteEndpointConfig": configs.delete,
            "CreateEndpoint": self._endpoints.create,
            "DescribeEndpoint": self._endpoints.describe,
            "UpdateEndpoint": self._endpoints.update,
            "ListEndpoints": self._endpoints.list,
            "DeleteEndpoint": self._endpoints.delete,
            "CreateTrainingJob": self._training.create,
            "DescribeTrainingJob": self._training.describe,
            "ListTrainingJobs": self._training.list,
            "StopTrainingJob": self._training.stop,
            "CreateHyperParameterTuningJob": self._tuning.create,
            "DescribeHyperParameterTuningJob": self._tuning.describe,
            "ListHyperParameterTuningJobs": self._tuning.list,
            "ListTrainingJobsForHyperParameterTuningJob": self._tuning.list_trials,
            "StopHyperParameterTuningJob": self._tuning.stop,
            "CreateProcessingJob": self._processing.create,
            "DescribeProcessingJob": self._processing.describe,
            "ListProcessingJobs": self._processing.list,
            "StopProcessingJob": self._processing.stop,
            "CreatePipeline": pipelines.create,
            "UpdatePipeline": pipelines.update,
            "DescribePipeline": pipelines.describe,
            "ListPipelines": pipelines.list,
            "DeletePipeline": pipelines.delete,
            "StartPipelineExecution": self._executions.start,
            "StopPipelineExecution": self._executions.stop,
            "DescribePipelineExecution": self._executions.describe,
            "ListPipelineExecutions": self._executions.list,
            "ListPipelineExecutionSteps": self._executions.list_steps,
            "DescribePipelineDefinitionForExecution": self._executions.definition,
            "ListPipelineParametersForExecution": self._executions.parameters,
        }

    def call(self, operation: str, params: Mapping[str, Any]) -> Params:
        """Answer one control-plane request in process. Raises ServiceError.

        Times are seconds since the epoch. CreateModel and a pipeline definition in S3 ask S3: call them off the
        event loop that serves S3.
        """
        return self._call("sagemaker", self._operations, operation, params)

    def _call(
        self,
        service: str,
        operations: Mapping[str, Callable[[Params], Params]],
        operation: str,
        params: Mapping[str, Any],
    ) -> Params:
        model = shapes.operation_model(service, operation)
        if model is None:
            raise ServiceError("UnknownOperationException", f"there is no operation {operation}")
        if operation not in operations:
            raise unsupported(operation, "this operation")
        request = _plain(dict(params))
        shapes.check_request(model, request)
        try:
            answer = operations[operation](request)
        except ClientError as problem:
            raise invalid(f"{operation}: {problem}") from problem
        except (BotoCoreError, OSError) as problem:
            raise fault(f"{operation}: {problem}") from problem
        answer = _within(model.output_shape, answer)
        shapes.check_answer(model, answer)
        return answer

    async def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Wire:
        """Answer one HTTP request to the control plane or the runtime."""
        lowered = {name.lower(): value for name, value in headers.items()}
        loop = asyncio.get_running_loop()
        if matched := PATH.fullmatch(unquote(path.partition("?")[0])):
            name, kind = matched.groups()
            answer = await loop.run_in_executor(
                self._runtime_pool, self._invoke, name, kind, method, lowered, body
            )
            return answer.status, answer.headers, answer.body
        target = lowered.get("x-amz-target", "")
        return await loop.run_in_executor(self._control_pool, self._control, target, body)

    def iam_actions(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> list[tuple[str, str]]:
        """Return every (action, ARN) that a policy must allow, iam:PassRole of named roles included."""
        arn = self._context.arn
        if matched := PATH.fullmatch(unquote(path.partition("?")[0])):
            return [("sagemaker:InvokeEndpoint", arn("endpoint", matched.group(1)))]
        target = {name.lower(): value for name, value in headers.items()}.get("x-amz-target", "")
        try:
            params = _parsed(body)
        except ServiceError:
            params = {}
        prefix, _, operation = target.partition(".")
        if prefix == SCALING_TARGET:
            return authorization.scaling_actions(operation, params, arn)
        return authorization.iam_actions(operation or method, params, arn)

    def snapshot(self) -> Params:
        """Return all state as plain JSON values."""
        return {"version": SNAPSHOT_VERSION, "records": self._context.store.snapshot()}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Take over a snapshot: endpoints come up again, what ran has failed.

        An empty snapshot is a new cloud's. Raises ValueError for one that another version has written.
        """
        if not snapshot:
            return
        if snapshot.get("version") != SNAPSHOT_VERSION:
            raise ValueError(
                f"SageMaker state of version {snapshot.get('version')}, expected {SNAPSHOT_VERSION}"
            )
        self._context.store.restore(snapshot["records"])
        self._training.abandon()
        self._processing.abandon()
        self._tuning.abandon()
        self._executions.abandon()
        self._endpoints.resume()

    def close(self) -> None:
        """Stop executions, jobs and model servers."""
        self._executions.close()
        self._tuning.close()
        self._training.close()
        self._processing.close()
        self._endpoints.close()
        self._control_pool.shutdown(wait=False, cancel_futures=True)
        self._runtime_pool.shutdown(wait=False, cancel_futures=True)

    def _control(self, target: str, body: bytes) -> Wire:
        prefix, _, operation = target.partition(".")
        try:
            if prefix == SCALING_TARGET:
                answer = self._call(
                    "application-autoscaling", self._scaling, operation, _parsed(body)
                )
            elif prefix == "SageMaker":
                answer = self.call(operation, _parsed(body))
            else:
                raise ServiceError(
                    "UnknownOperationException", f"unknown target {target or '(none)'}"
                )
        except ServiceError as error:
            return _wire_error(error)
        except Exception as problem:
            logger.exception("SageMaker %s", operation)
            return _wire_error(fault(f"{operation}: {problem}"))
        return 200, {"Content-Type": JSON}, json.dumps(answer).encode()

    def _invoke(
        self, name: str, kind: str, method: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        try:
            if kind != "invocations" or method != "POST":
                raise ServiceError(
                    "ValidationError", f"{method} {kind} is not supported by the local cloud"
                )
            return self._invocations.invoke(name, headers, body)
        except ServiceError as error:
            return error_answer(error)
        except Exception as problem:
            logger.exception("InvokeEndpoint %s", name)
            return error_answer(ServiceError("InternalFailure", str(problem), 500))


def _parsed(body: bytes) -> Params:
    try:
        params = json.loads(body or b"{}")
    except ValueError:
        raise ServiceError("SerializationException", "the request body is not JSON") from None
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "the request body is not a JSON object")
    return params


def _wire_error(error: ServiceError) -> Wire:
    body = {"__type": error.code, "message": error.message, **error.fields}
    return (
        error.status,
        {"Content-Type": JSON, "x-amzn-ErrorType": error.code},
        json.dumps(body).encode(),
    )


def _plain(value: Any) -> Any:
    """Return a request as JSON would carry it: no dates, no unset values."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _within(shape: Any, answer: Params) -> Params:
    """Return the fields of an answer that its shape has and that are set: records hold more."""
    if shape is None:
        return {}
    return {
        name: value for name, value in answer.items() if name in shape.members and value is not None
    }
