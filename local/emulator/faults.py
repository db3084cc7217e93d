"""Faults on purpose: DynamoDB refuses a share of its requests, as it does where a table is asked too much."""

import json
import random
import re
from dataclasses import dataclass, field

from local.emulator import iam

SIGNED_FOR_DYNAMODB = re.compile(r"Credential=[^/]+/\d+/[^/]+/dynamodb/aws4_request")
REFUSAL = {
    "__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException",
    "message": "Throughput exceeds the current capacity of your table or index.",
}


@dataclass
class Faults:
    """Which share of the requests is throttled; refused requests change nothing."""

    throttled_share: float = 0.0
    _chance: random.Random = field(default_factory=random.Random)

    def throttle(self, share: float) -> None:
        """Throttle this share of DynamoDB's requests from now on. Raises ValueError unless it is from 0 to 1."""
        if not 0 <= share <= 1:
            raise ValueError("throttle must be a share from 0 to 1")
        self.throttled_share = share

    def answer(self, authorization: str) -> iam.Answer | None:
        """Return the refusal of a request signed so, or None if it is to be served."""
        if not self.throttled_share or not SIGNED_FOR_DYNAMODB.search(authorization):
            return None
        if self._chance.random() >= self.throttled_share:
            return None
        return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(REFUSAL).encode()
