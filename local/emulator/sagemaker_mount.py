"""Puts the SageMaker service behind the emulator's signatures and policies."""

import json
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from local.emulator import iam
from local.emulator.boot import Mounted

ROLE_FIELDS = ("RoleArn", "ExecutionRoleArn")
PASS_ROLE = "iam:PassRole"
PASSED_TO = {"iam:PassedToService": "sagemaker.amazonaws.com"}


class Service(Protocol):
    """What is mounted."""

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Awaitable[tuple[int, dict[str, str], bytes]]:
        """Answer a request as it came over the wire."""

    def iam_action(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, str]:
        """Return the action and the resource's ARN that a policy must allow."""


def mount(service: Service) -> Mounted:
    """Return the service as the gate calls it: every request authorised, the passing of roles too."""

    async def answer(request: iam.Request) -> iam.Answer:
        action, resource = service.iam_action(
            request.method, request.path, request.headers, request.body
        )
        denied = iam.authorize(request.headers, request.query, action, resource)
        for role in _passed_roles(request):
            denied = denied or iam.authorize(
                request.headers, request.query, PASS_ROLE, role, PASSED_TO
            )
        if denied is not None:
            return denied
        return await service.handle(request.method, request.path, request.headers, request.body)

    return answer


def _passed_roles(request: iam.Request) -> list[str]:
    """Return the roles that the caller hands to SageMaker."""
    if "x-amz-target" not in request.headers:
        return []
    try:
        fields: Any = json.loads(request.body or b"{}")
    except ValueError:
        return []
    if not isinstance(fields, dict):
        return []
    return [fields[name] for name in ROLE_FIELDS if isinstance(fields.get(name), str)]
