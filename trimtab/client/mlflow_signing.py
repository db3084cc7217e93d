"""Signs what MLflow's client sends: `MLFLOW_TRACKING_AUTH=trimtab`, where Trimtab is installed beside MLflow.

MLflow's own `MLFLOW_TRACKING_AWS_SIGV4=true` signs with a package that cannot sign a file, a space or a parameter that
comes twice; botocore, which signs here, can.
"""

from functools import cache
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

from trimtab.errors import NotAllowed

SERVICE = "execute-api"


class Signature:
    """Signs one request of the `requests` package with the credentials that boto3 would use."""

    def __call__(self, request: Any) -> Any:
        """Return the prepared request with its signature."""
        address, mark, query = request.url.partition("?")
        request.url = (
            address + mark + query.replace("+", "%20")
        )  # SigV4 knows one way to say a space
        signed = AWSRequest(method=request.method, url=request.url, data=request.body or b"")
        _signer().add_auth(signed)
        request.headers.update(signed.headers.items())
        return request


class TrimtabRequestAuth:
    """What MLflow finds under the entry point `mlflow.request_auth_provider`."""

    def get_name(self) -> str:
        """Return what `MLFLOW_TRACKING_AUTH` calls it."""
        return "trimtab"

    def get_auth(self) -> Signature:
        """Return what signs a request."""
        return Signature()


@cache
def _signer() -> SigV4Auth:
    session = Session()
    credentials, region = session.get_credentials(), session.get_config_variable("region")
    if credentials is None or not region:
        raise NotAllowed(
            "no AWS credentials or no region found", hint="configure them as for the aws command"
        )
    return SigV4Auth(credentials, SERVICE, region)
