"""Puts the SageMaker service behind the emulator's signatures and policies."""

from collections.abc import Awaitable, Mapping
from typing import Protocol

from local.emulator import iam
from local.emulator.boot import Mounted

CONTEXTS = {
    "iam:PassRole": {"iam:PassedToService": "sagemaker.amazonaws.com"},
    "iam:CreateServiceLinkedRole": {
        "iam:AWSServiceName": "sagemaker.application-autoscaling.amazonaws.com"
    },
    "application-autoscaling": {"application-autoscaling:service-namespace": "sagemaker"},
}


class Service(Protocol):
    """What is mounted."""

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Awaitable[tuple[int, dict[str, str], bytes]]:
        """Answer a request as it came over the wire."""

    def iam_actions(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> list[tuple[str, str]]:
        """Return every action, with its resource's ARN, that policies must allow the caller."""


def mount(service: Service) -> Mounted:
    """Return the service as the gate calls it: every request authorised, the passing of roles too."""

    async def answer(request: iam.Request) -> iam.Answer:
        given = (request.method, request.path, request.headers, request.body)
        for action, resource in service.iam_actions(*given):
            context = CONTEXTS.get(action) or CONTEXTS.get(action.partition(":")[0], {})
            denied = iam.authorize(
                request.headers, request.query, action, resource, context, asked="sagemaker"
            )
            if denied is not None:
                return denied
        return await service.handle(*given)

    return answer
