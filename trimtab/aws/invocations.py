"""Predictions of a version: one call of its endpoint, every failure told as what the caller can do about it."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 (botocore's own word)
    HTTPClientError,
    ReadTimeoutError,
)

from trimtab.domain.routing import Target
from trimtab.errors import EndpointError, ModelFailed, NotReady, TimedOut, TooLarge

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

LIMIT = (
    4 * 1024 * 1024
)  # bytes of request and of response, SageMaker's limit for serverless endpoints
TOLD = 500  # characters of a model's own message that are passed on

BUSY = frozenset(
    {
        "ModelNotReadyException",
        "ServiceUnavailable",
        "InternalFailure",
        "InternalDependencyException",
        "ThrottlingException",
    }
)


class Invocations:
    """Invokes endpoints."""

    def __init__(self, client: "SageMakerRuntimeClient") -> None:
        self._client = client

    def predict(
        self, target: Target, columns: tuple[str, ...], rows: list[list[Any]], inference_id: str
    ) -> list[Any]:
        """Return one prediction per row. Raises EndpointError, or TooLarge if the rows do not fit."""
        body = json.dumps({"columns": columns, "data": rows}, separators=(",", ":")).encode()
        if len(body) > LIMIT:
            raise TooLarge(
                f"{len(rows)} rows make {len(body)} bytes, the endpoint takes {LIMIT}",
                hint="send fewer rows per request",
            )
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=target.endpoint_name,
                ContentType="application/json",
                Accept="application/json",
                Body=body,
                InferenceId=inference_id,
            )
            told = answer["Body"].read()
        except ClientError as error:
            raise _told(error, target) from error
        except ReadTimeoutError as error:
            raise TimedOut(
                f"version {target.version} did not answer in time",
                hint="send fewer rows, or repeat the request",
            ) from error
        except (ConnectionError, HTTPClientError) as error:
            raise NotReady(
                f"the endpoint of version {target.version} could not be reached",
                hint="repeat the request",
            ) from error
        return _predictions(told, len(rows), target)


def _told(error: ClientError, target: Target) -> EndpointError:
    response: Any = error.response
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    if code == "ModelError":
        message = response.get("OriginalMessage") or message
        return ModelFailed(
            f"version {target.version} failed on these rows: {message[:TOLD]}",
            hint="the endpoint's log tells why; the rows keep the contract",
        )
    if code in BUSY:
        return NotReady(
            f"the endpoint of version {target.version} takes no requests just now: {code}",
            hint="repeat the request",
        )
    if code in ("ValidationError", "ValidationException"):
        return NotReady(
            f"the endpoint of version {target.version} cannot be invoked: {message[:TOLD]}",
            hint="roll back, or wait until the endpoint is in service again",
        )
    raise error


def _predictions(body: bytes, count: int, target: Target) -> list[Any]:
    """Return what the model predicted. Raises ModelFailed unless there is one prediction per row."""
    try:
        predictions = json.loads(body)["predictions"]
    except (ValueError, TypeError, KeyError) as error:
        raise _misanswered(target, 'no JSON object with "predictions"') from error
    if not isinstance(predictions, list) or len(predictions) != count:
        size = len(predictions) if isinstance(predictions, list) else "no list of"
        raise _misanswered(target, f"{size} predictions for {count} rows")
    return predictions


def _misanswered(target: Target, what: str) -> ModelFailed:
    return ModelFailed(
        f"version {target.version} answered {what}",
        hint="mend the model's inference.py: it answers one prediction per row",
    )
