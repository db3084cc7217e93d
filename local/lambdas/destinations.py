"""Where finished asynchronous events are sent: SQS, SNS, Lambda or an event bus, with the function's own rights.

The record's form is AWS's ("Capturing records of Lambda asynchronous invocations"); a dead-letter queue gets the
event itself, with the error in its attributes.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from local.clock import LocalClock
from local.lambdas.delivery import Event, Target
from local.lambdas.function import Function, Outcome

logger = logging.getLogger(__name__)

ERROR_MESSAGE_LIMIT = 1024  # characters of the ErrorMessage attribute: AWS cuts at 1 KB


class AwsDestinations:
    """Sends records through AWS's API."""

    def __init__(
        self,
        clock: LocalClock,
        endpoint_url: str,
        client: Callable[[str, Function], Any],
        lost: Callable[[Function, str], None],
    ) -> None:
        """Send with `client(service, function)`; tell `lost(function, metric)` what could not be sent."""
        self._clock = clock
        self._endpoint_url = endpoint_url
        self._client = client
        self._lost = lost

    def dead_letter(self, target: Target, event: Event, outcome: Outcome) -> None:
        """Send the event to the function's dead-letter queue or topic."""
        message = str(outcome.payload.get("errorMessage", ""))[:ERROR_MESSAGE_LIMIT] or "unknown"
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": event.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": message},
        }
        body = json.dumps(event.payload)
        self._try(
            target.function, target.function.dead_letter_arn, body, attributes, "DeadLetterErrors"
        )

    def report(
        self, arn: str, target: Target, event: Event, outcome: Outcome, condition: str
    ) -> None:
        """Send the invocation's record to a destination."""
        record = self._record(target.function, event, outcome, condition)
        self._try(target.function, arn, json.dumps(record), {}, "DestinationDeliveryFailures")

    def _record(
        self, function: Function, event: Event, outcome: Outcome, condition: str
    ) -> dict[str, Any]:
        response: dict[str, Any] = {"statusCode": 200, "executedVersion": function.version}
        if outcome.failed:
            response["functionError"] = "Unhandled"
        payload = outcome.payload if outcome.failed else json.loads(outcome.payload)
        return {
            "version": "1.0",
            "timestamp": _stamp(self._clock.now()),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{function.arn}:{function.version}",
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": event.payload,
            "responseContext": response,
            "responsePayload": payload,
        }

    def _try(
        self, function: Function, arn: str, body: str, attributes: dict[str, Any], metric: str
    ) -> None:
        try:
            self._send(function, arn, body, attributes)
        except Exception as error:
            logger.warning(
                "%s could not send a finished event to %s: %s", function.name, arn, error
            )
            self._lost(function, metric)

    def _send(self, function: Function, arn: str, body: str, attributes: dict[str, Any]) -> None:
        service, account, name = (arn.split(":", 5)[part] for part in (2, 4, 5))
        client = self._client(service, function)
        if service == "sqs":
            url = f"{self._endpoint_url}/{account}/{name}"  # Lambda needs no right to ask for it
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        elif service == "sns":
            client.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
        elif service == "lambda":
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=body)
        elif service == "events":
            entry = self._bus_entry(function, arn, body)
            client.put_events(Entries=[entry])
        else:
            raise ValueError(f"the local cloud cannot send a Lambda event to a {service} resource")

    def _bus_entry(self, function: Function, arn: str, body: str) -> dict[str, Any]:
        failed = "functionError" in json.loads(body)["responseContext"]
        outcome = "Failure" if failed else "Success"
        return {
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {outcome}",
            "Detail": body,
            "EventBusName": arn,
            "Resources": [arn, f"{function.arn}:{function.version}"],
        }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
