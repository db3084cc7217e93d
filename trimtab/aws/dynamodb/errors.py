"""What DynamoDB refuses, in the form that boto3 gives it: a `response` with code, message and what else is told."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

PASSING = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


class ClientError(Exception):
    """DynamoDB refused a request."""

    def __init__(self, response: dict[str, Any], operation_name: str) -> None:
        told = response["Error"]
        super().__init__(
            f"An error occurred ({told['Code']}) when calling the {operation_name} operation: {told['Message']}"
        )
        self.response = response
        self.operation_name = operation_name


class ConditionalCheckFailedException(ClientError):
    """The item is not what the write believed; `response["Item"]` is it, where that was asked for."""


class TransactionCanceledException(ClientError):
    """None of the writes was done; `response["CancellationReasons"]` tells why, one for each."""


KINDS = {
    kind.__name__: kind for kind in (ConditionalCheckFailedException, TransactionCanceledException)
}


def of(operation: str, status: int, told: Mapping[str, Any]) -> ClientError:
    """Return the error that an answer tells of."""
    code = str(told.get("__type") or status).rpartition("#")[2]
    message = str(told.get("message") or told.get("Message") or "")
    rest = {name: told[name] for name in ("Item", "CancellationReasons") if name in told}
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **rest,
    }
    return KINDS.get(code, ClientError)(response, operation)


def is_passing(error: ClientError, status: int) -> bool:
    """Say whether the same request may succeed in a moment."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.response["Error"]["Code"] in PASSING
