"""The container images that jobs and model servers stand in for: what the jobs' environment is pinned to."""

import re

from local.sagemaker.errors import unsupported

REPOSITORY, TAGS = "sagemaker-scikit-learn", ("1.9-0", "1.9-0-cpu-py3")
ADDRESS = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/(.+)")


def require_known(operation: str, image: str | None) -> None:
    """Raise ValidationException for an image that this cloud cannot run: there are no containers here."""
    known = [f"{REPOSITORY}:{tag}" for tag in TAGS]
    found = ADDRESS.fullmatch(image or "")
    if found is None or found[1] not in known:
        raise unsupported(
            operation,
            f"image {image}, which is none of AWS's containers {' and '.join(known)},",
        )
