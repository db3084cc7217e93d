"""What the SageMaker service is told about the cloud it stands in."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SageMakerConfig:
    """Where the service stands and what its processes run with."""

    endpoint_url: str  # every AWS service of the cloud answers here
    jobs_bin: (
        Path  # bin folder of the environment of jobs and model servers: holds python and train
    )
    region: str = "us-east-1"
    account: str = "000000000000"
    server_threads: int = 4  # requests one model server works on at once
    invocation_seconds: float = 60.0  # an invocation may take, serverless or not
    restart_limit: int = (
        3  # deaths of a model server within `restart_window` before its endpoint fails
    )
    restart_window: float = 60.0  # seconds
    spark_bin: Path | None = (
        None  # bin folder of the environment of Spark jobs; None: there is none
    )
