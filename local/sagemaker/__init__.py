"""SageMaker on a laptop: jobs and endpoints as processes, pipelines that really execute.

It knows no emulator: it reaches S3 and CloudWatch Logs by boto3, is given a clock, an event sink and
role credentials, and answers wire requests (`SageMaker.handle`) as well as calls in process (`SageMaker.call`).
"""

from local.sagemaker.config import SageMakerConfig
from local.sagemaker.errors import ServiceError
from local.sagemaker.service import SageMaker

__all__ = ["SageMaker", "SageMakerConfig", "ServiceError"]
