"""Who sent a request of API Gateway."""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import NotAllowed


def signer(event: Mapping[str, Any]) -> str:
    """Return the ARN of who signed the request of API Gateway's event. Raises NotAllowed if nobody did."""
    iam = ((event.get("requestContext") or {}).get("authorizer") or {}).get("iam") or {}
    if not iam.get("userArn"):
        raise NotAllowed("the request is not signed", hint="sign it with SigV4 for execute-api")
    return str(iam["userArn"])
