"""boto3 clients that act as a role, so that a missing grant fails as it would on AWS."""

import http.client
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.sagemaker.config import SageMakerConfig
from local.sagemaker.errors import invalid

logger = logging.getLogger(__name__)

STARTUP = 30.0  # seconds that the cloud may take until its first answer
LIFETIME = 900.0  # seconds that a session is used; the shortest that AWS grants
OPTIONS = Config(retries={"mode": "standard", "max_attempts": 3}, s3={"addressing_style": "path"})


class Clients:
    """Makes and keeps one client per service and role."""

    def __init__(
        self, config: SageMakerConfig, role_credentials: Callable[[str, str], dict[str, str]]
    ) -> None:
        """Connect to the cloud's endpoint with credentials from `role_credentials(role, session)`."""
        self._config = config
        self._role_credentials = role_credentials
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str], tuple[float, Any]] = {}

    def environment(self, role_arn: str) -> dict[str, str]:
        """Return the AWS variables of a process that runs as the role. Raises ValidationException."""
        return {
            **self._credentials(role_arn),
            "AWS_ENDPOINT_URL": self._config.endpoint_url,
            "AWS_REGION": self._config.region,
            "AWS_DEFAULT_REGION": self._config.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def wait_for_cloud(self) -> None:
        """Block until the cloud answers requests; by then it has restored its roles and buckets."""
        address = urlsplit(self._config.endpoint_url)
        connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=STARTUP
        )
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            logger.warning("%s does not answer", self._config.endpoint_url, exc_info=True)
        finally:
            connection.close()

    def require_role(self, role_arn: str) -> None:
        """Raise ValidationException if the role does not exist."""
        self._credentials(role_arn)

    def get(self, service: str, role_arn: str) -> Any:
        """Return a client of the service that acts as the role."""
        with self._lock:
            made, client = self._made.get((service, role_arn), (0.0, None))
            if client is None or time.monotonic() - made > LIFETIME:
                client = self._make(service, role_arn)
                self._made[service, role_arn] = (time.monotonic(), client)
            return client

    def _make(self, service: str, role_arn: str) -> Any:
        variables = self._credentials(role_arn)
        return boto3.session.Session().client(
            cast("Any", service),
            region_name=self._config.region,
            endpoint_url=self._config.endpoint_url,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=variables.get("AWS_SESSION_TOKEN"),
            config=OPTIONS,
        )

    def _credentials(self, role_arn: str) -> dict[str, str]:
        try:
            return dict(self._role_credentials(role_arn, "SageMaker"))
        except (LookupError, ClientError) as problem:
            raise invalid(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
                "principal 'sagemaker.amazonaws.com' to assume the role."
            ) from problem
