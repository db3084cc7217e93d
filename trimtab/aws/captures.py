"""The captures: lines that Firehose gathers into objects under `captures/<model>/<version>/<hour>/`."""

from collections.abc import Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from trimtab.observability import logger

BATCH = 4 * 1024 * 1024  # bytes that one call of Firehose takes


class Firehose(Protocol):
    """What is used of boto3's client."""

    def put_record_batch(
        self,
        *,
        DeliveryStreamName: str,  # noqa: N803 (AWS's own word)
        Records: Sequence[dict[str, bytes]],  # noqa: N803 (the same)
    ) -> dict[str, Any]:
        """Take records, each for itself."""


class Captures:
    """Hands lines to Firehose."""

    def __init__(self, client: Firehose, stream: str) -> None:
        self._client = client
        self._stream = stream

    def put(self, lines: Sequence[bytes]) -> bool:
        """Return whether Firehose has taken all the lines. Whatever AWS and the network do, nothing is raised."""
        if not lines or sum(map(len, lines)) > BATCH:
            return False
        try:
            answer = self._client.put_record_batch(
                DeliveryStreamName=self._stream, Records=[{"Data": line} for line in lines]
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("not captured", error=str(error))
            return False
        return not answer["FailedPutCount"]
