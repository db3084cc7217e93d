"""Reads pipeline definitions and names of images, and prints what the SageMaker Python SDK makes of the same facts.

It runs in an environment of its own, `.venv-sagemaker`: each of our steps is made again by the SDK's classes, so what
comes out is in the SDK's words. A key that the SDK does not know, or names otherwise, is missing in it or differs.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

os.environ |= {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_DEFAULT_REGION": "us-east-1",  # the SDK makes a client while it is imported
    "AWS_SECRET_ACCESS_KEY": "none",
    "SAGEMAKER_VALIDATE_ROLE": "false",
}

import boto3
from sagemaker.core import image_uris
from sagemaker.core.model_metrics import MetricsSource, ModelMetrics
from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.core.processing import Processor
from sagemaker.core.shapes import (
    Channel,
    DataSource,
    HyperParameterTuningJobWarmStartConfig,
    MetricDefinition,
    ParentHyperParameterTuningJob,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    S3DataSource,
)
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.execution_variables import ExecutionVariable
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterInteger, ParameterString
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.core.workflow.properties import PropertyFile
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.model_step import ModelStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.mlops.workflow.steps import ProcessingStep, TrainingStep, TuningStep
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import (
    CheckpointConfig,
    Compute,
    InputData,
    OutputDataConfig,
    StoppingCondition,
)
from sagemaker.train.tuner import HyperparameterTuner

Json = dict[str, Any]
# By value: called with one, the SDK's enums answer their first member.
STEP_FAULTS = {each.value: each for each in StepExceptionTypeEnum}
JOB_FAULTS = {each.value: each for each in SageMakerJobExceptionTypeEnum}
PARAMETERS = {"String": ParameterString, "Integer": ParameterInteger}
RANGES = {
    "IntegerParameterRanges": IntegerParameter,
    "ContinuousParameterRanges": ContinuousParameter,
}
QUIET = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


class Translation:
    """One definition, said again by the SDK."""

    def __init__(self, definition: Json) -> None:
        self._session = PipelineSession(
            boto_session=boto3.Session(), default_bucket="none", sagemaker_config=QUIET
        )
        self._session._default_bucket = "none"  # else registering asks S3 for one
        self._parameters = {
            each["Name"]: PARAMETERS[each["Type"]](
                each["Name"], default_value=each.get("DefaultValue")
            )
            for each in definition["Parameters"]
        }
        self._steps: dict[str, Any] = {}
        self._of_type = {
            "Processing": self._processing,
            "Training": self._training,
            "Tuning": self._tuning,
            "RegisterModel": self._register,
            "Condition": self._condition,
            "Fail": self._fail,
        }

    def pipeline(self, steps: list[Json]) -> Pipeline:
        """The whole pipeline."""
        return Pipeline(
            name="translated",
            parameters=list(self._parameters.values()),
            steps=[self._step(each) for each in steps],
            sagemaker_session=self._session,
        )

    def _step(self, step: Json) -> Any:
        made = self._of_type[step["Type"]](step, step["Arguments"])
        self._steps[step["Name"]] = made
        return made

    def _value(self, value: Any) -> Any:
        """What is filled in at run time, as the SDK's variable; anything else as it is."""
        if not isinstance(value, dict) or len(value) != 1:
            return value
        match value:
            case {"Get": str(reference)}:
                return self._reference(reference)
            case {"Std:Join": joined}:
                return Join(
                    on=joined["On"], values=[self._value(each) for each in joined["Values"]]
                )
            case {"Std:JsonGet": read}:
                _, step, _, file = read["PropertyFile"]["Get"].split(".")
                return JsonGet(step_name=step, property_file=file, json_path=read["Path"])
        return value

    def _reference(self, reference: str) -> Any:
        kind, _, path = reference.partition(".")
        if kind == "Parameters":
            return self._parameters[path]
        if kind == "Execution":
            return ExecutionVariable(path)
        step, _, path = path.partition(".")
        found = self._steps[step].properties
        for name, key in re.findall(r"(\w+)|\['([^']+)'\]", path):
            found = found[key] if key else getattr(found, name)
        return found

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self._value(value) for name, value in values.items()}

    def _processing(self, step: Json, told: Json) -> ProcessingStep:
        cluster, app = told["ProcessingResources"]["ClusterConfig"], told["AppSpecification"]
        processor = Processor(
            role=told["RoleArn"],
            image_uri=self._value(app["ImageUri"]),
            entrypoint=app["ContainerEntrypoint"],
            instance_count=cluster["InstanceCount"],
            instance_type=cluster["InstanceType"],
            volume_size_in_gb=cluster["VolumeSizeInGB"],
            output_kms_key=told["ProcessingOutputConfig"].get("KmsKeyId"),
            max_runtime_in_seconds=told["StoppingCondition"]["MaxRuntimeInSeconds"],
            env=told["Environment"],
            sagemaker_session=self._session,
        )
        arguments = processor.run(
            inputs=[self._input(each) for each in told["ProcessingInputs"]],
            outputs=[self._output(each) for each in told["ProcessingOutputConfig"]["Outputs"]],
            arguments=[self._value(each) for each in app["ContainerArguments"]],
        )
        files = [
            PropertyFile(each["PropertyFileName"], each["OutputName"], each["FilePath"])
            for each in step["PropertyFiles"]
        ]
        return ProcessingStep(
            step["Name"], step_args=arguments, property_files=files, retry_policies=_retries(step)
        )

    def _input(self, told: Json) -> ProcessingInput:
        source = told["S3Input"]
        return ProcessingInput(
            input_name=told["InputName"],
            s3_input=ProcessingS3Input(
                s3_uri=self._value(source["S3Uri"]),
                local_path=source["LocalPath"],
                s3_data_type=source["S3DataType"],
                s3_input_mode=source["S3InputMode"],
                s3_data_distribution_type=source["S3DataDistributionType"],
                s3_compression_type=source["S3CompressionType"],
            ),
        )

    def _output(self, told: Json) -> ProcessingOutput:
        target = told["S3Output"]
        return ProcessingOutput(
            output_name=told["OutputName"],
            s3_output=ProcessingS3Output(
                s3_uri=self._value(target["S3Uri"]),
                local_path=target["LocalPath"],
                s3_upload_mode=target["S3UploadMode"],
            ),
        )

    def _training(self, step: Json, told: Json) -> TrainingStep:
        trainer = self._trainer(told, told["HyperParameters"])
        if found := told["AlgorithmSpecification"].get("MetricDefinitions"):
            trainer.with_metric_definitions(
                [MetricDefinition(name=each["Name"], regex=each["Regex"]) for each in found]
            )
        channels = [
            InputData(
                channel_name=each["ChannelName"],
                content_type=each["ContentType"],
                data_source=self._value(each["DataSource"]["S3DataSource"]["S3Uri"]),
            )
            for each in told["InputDataConfig"]
        ]
        return TrainingStep(
            step["Name"],
            step_args=trainer.train(input_data_config=channels),
            retry_policies=_retries(step),
        )

    def _trainer(self, told: Json, hyperparameters: Json) -> ModelTrainer:
        resources, output = told["ResourceConfig"], told["OutputDataConfig"]
        return ModelTrainer(
            base_job_name="none",  # it makes none of a variable image
            training_image=self._value(told["AlgorithmSpecification"]["TrainingImage"]),
            training_input_mode=told["AlgorithmSpecification"]["TrainingInputMode"],
            role=told["RoleArn"],
            environment=told["Environment"],
            hyperparameters=self._values(hyperparameters),
            compute=Compute(
                instance_type=resources["InstanceType"],
                instance_count=resources["InstanceCount"],
                volume_size_in_gb=resources["VolumeSizeInGB"],
                enable_managed_spot_training=told.get("EnableManagedSpotTraining"),
            ),
            checkpoint_config=self._checkpoints(told),
            output_data_config=OutputDataConfig(
                s3_output_path=self._value(output["S3OutputPath"]),
                kms_key_id=output.get("KmsKeyId"),
                compression_type=output["CompressionType"],
            ),
            stopping_condition=StoppingCondition(
                max_runtime_in_seconds=told["StoppingCondition"]["MaxRuntimeInSeconds"],
                max_wait_time_in_seconds=told["StoppingCondition"].get("MaxWaitTimeInSeconds"),
            ),
            sagemaker_session=self._session,
        )

    def _checkpoints(self, told: Json) -> CheckpointConfig | None:
        if "CheckpointConfig" not in told:
            return None
        config = told["CheckpointConfig"]
        return CheckpointConfig(s3_uri=self._value(config["S3Uri"]), local_path=config["LocalPath"])

    def _tuning(self, step: Json, told: Json) -> TuningStep:
        config, trial = told["HyperParameterTuningJobConfig"], told["TrainingJobDefinition"]
        objective, limits = config["HyperParameterTuningJobObjective"], config["ResourceLimits"]
        tuner = HyperparameterTuner(
            model_trainer=self._trainer(trial, trial["StaticHyperParameters"]),
            objective_metric_name=objective["MetricName"],
            objective_type=objective["Type"],
            hyperparameter_ranges=dict(self._ranges(config["ParameterRanges"])),
            metric_definitions=trial["AlgorithmSpecification"]["MetricDefinitions"],
            strategy=config["Strategy"],
            max_jobs=limits.get("MaxNumberOfTrainingJobs"),
            max_parallel_jobs=limits["MaxParallelTrainingJobs"],
            early_stopping_type=config["TrainingJobEarlyStoppingType"],
            random_seed=config["RandomSeed"],
            base_tuning_job_name="none",
            warm_start_config=self._warm_start(told),
        )
        channels = [self._channel(each) for each in trial["InputDataConfig"]]
        return TuningStep(
            step["Name"], step_args=tuner.tune(inputs=channels), retry_policies=_retries(step)
        )

    def _ranges(self, told: Json) -> Iterator[tuple[str, Any]]:
        for kind, ranges in told.items():
            for each in ranges:
                if "Values" in each:
                    yield each["Name"], CategoricalParameter(each["Values"])
                else:
                    ends = self._value(each["MinValue"]), self._value(each["MaxValue"])
                    yield each["Name"], RANGES[kind](*ends, scaling_type=each["ScalingType"])

    def _warm_start(self, told: Json) -> HyperParameterTuningJobWarmStartConfig | None:
        if "WarmStartConfig" not in told:
            return None
        config = told["WarmStartConfig"]
        return HyperParameterTuningJobWarmStartConfig(
            warm_start_type=config["WarmStartType"],
            parent_hyper_parameter_tuning_jobs=[
                ParentHyperParameterTuningJob(
                    hyper_parameter_tuning_job_name=self._value(each["HyperParameterTuningJobName"])
                )
                for each in config["ParentHyperParameterTuningJobs"]
            ],
        )

    def _channel(self, told: Json) -> Channel:
        source = told["DataSource"]["S3DataSource"]
        return Channel(
            channel_name=told["ChannelName"],
            content_type=told["ContentType"],
            input_mode=told["InputMode"],
            data_source=DataSource(
                s3_data_source=S3DataSource(
                    s3_data_type=source["S3DataType"],
                    s3_uri=self._value(source["S3Uri"]),
                    s3_data_distribution_type=source["S3DataDistributionType"],
                )
            ),
        )

    def _register(self, step: Json, told: Json) -> ModelStep:
        inference = told["InferenceSpecification"]
        (container,) = inference["Containers"]
        quality = told["ModelMetrics"]["ModelQuality"]["Statistics"]
        builder = ModelBuilder(
            image_uri=self._value(container["Image"]),
            s3_model_data_url=self._value(container["ModelDataUrl"]),
            env_vars=container["Environment"],
            role_arn="arn:aws:iam::000000000000:role/none",
            sagemaker_session=self._session,
        )
        arguments = builder.register(
            model_package_group_name=told["ModelPackageGroupName"],
            approval_status=told["ModelApprovalStatus"],
            content_types=inference["SupportedContentTypes"],
            response_types=inference["SupportedResponseMIMETypes"],
            inference_instances=inference["SupportedRealtimeInferenceInstanceTypes"],
            transform_instances=inference["SupportedTransformInstanceTypes"],
            model_metrics=ModelMetrics(
                model_statistics=MetricsSource(
                    content_type=quality["ContentType"], s3_uri=self._value(quality["S3Uri"])
                )
            ),
            customer_metadata_properties=self._values(told["CustomerMetadataProperties"]),
        )
        return ModelStep(step["Name"], step_args=arguments, retry_policies=_retries(step))

    def _condition(self, step: Json, told: Json) -> ConditionStep:
        conditions = [
            ConditionEquals(left=self._value(each["LeftValue"]), right=each["RightValue"])
            for each in told["Conditions"]
        ]
        return ConditionStep(
            step["Name"],
            conditions=conditions,
            if_steps=[self._step(each) for each in told["IfSteps"]],
            else_steps=[self._step(each) for each in told["ElseSteps"]],
        )

    def _fail(self, step: Json, told: Json) -> FailStep:
        return FailStep(
            step["Name"],
            error_message=self._value(told["ErrorMessage"]),
            depends_on=step.get("DependsOn"),
        )


def _retries(step: Json) -> list[Any]:
    return [_retry(each) for each in step["RetryPolicies"]]


def _retry(policy: Json) -> Any:
    said = {
        "backoff_rate": policy["BackoffRate"],
        "interval_seconds": policy["IntervalSeconds"],
        "max_attempts": policy["MaxAttempts"],
    }
    types = policy["ExceptionType"]
    if types[0].startswith("Step."):
        return StepRetryPolicy([STEP_FAULTS[each] for each in types], **said)
    kinds = [JOB_FAULTS[each] for each in types]
    return SageMakerJobStepRetryPolicy(exception_types=kinds, **said)


def main() -> None:
    """Answer what the SDK makes of each definition, and where it says that AWS's images are."""
    asked = json.load(sys.stdin)
    made = [Translation(ours).pipeline(ours["Steps"]).definition() for ours in asked["definitions"]]
    found = [
        image_uris.retrieve(framework, region, version=version, instance_type="ml.m5.large")
        for framework, region, version in asked["images"]
    ]
    print(json.dumps({"definitions": [json.loads(each) for each in made], "images": found}))


if __name__ == "__main__":
    main()
