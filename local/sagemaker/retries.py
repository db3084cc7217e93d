"""Retry policies of a pipeline step: which failures are tried again, when, how often."""

from collections.abc import Iterable
from dataclasses import dataclass

from local.sagemaker.errors import ServiceError, invalid
from local.sagemaker.store import Record

EXCEPTIONS = frozenset(
    (
        "Step.SERVICE_FAULT",
        "Step.THROTTLING",
        "SageMaker.JOB_INTERNAL_ERROR",
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.RESOURCE_LIMIT",
    )
)
BY_CODE = {
    "InternalFailure": "Step.SERVICE_FAULT",
    "ServiceUnavailable": "Step.SERVICE_FAULT",
    "ThrottlingException": "Step.THROTTLING",
    "ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT",
}
MOST_ATTEMPTS = 20


class StepFailed(Exception):
    """A step failed, with its reason and, where AWS would call it its own fault, the exception's name."""

    def __init__(self, reason: str, exception: str | None = None) -> None:
        """Keep both."""
        super().__init__(reason)
        self.reason = reason
        self.exception = exception


@dataclass(frozen=True)
class RetryPolicy:
    """One policy of a step."""

    exceptions: frozenset[str]
    interval: float = 1.0  # seconds before the first retry
    backoff: float = 2.0  # each further wait is this much longer
    attempts: int = 5  # retries, not counting the first try
    expire_after: float | None = None  # seconds after the step's start in which retries begin

    def wait(self, retries: int, elapsed: float) -> float | None:
        """Return the seconds to wait before the next retry, None if there is none."""
        pause = self.interval * self.backoff**retries
        if self.expire_after is not None:
            return pause if elapsed + pause <= self.expire_after else None
        return pause if retries < self.attempts else None


def read_policies(step: str, bodies: Iterable[Record]) -> tuple[RetryPolicy, ...]:
    """Return a step's policies. Raises ValidationException."""
    policies = []
    for body in bodies:
        given = body.get("ExceptionType") or []
        names = frozenset([given] if isinstance(given, str) else given)
        if not names or names - EXCEPTIONS:
            raise invalid(
                f"Step '{step}': RetryPolicies names {', '.join(sorted(names)) or 'no exception'}; known "
                f"are {', '.join(sorted(EXCEPTIONS))}"
            )
        attempts = body.get("MaxAttempts", 5)
        if not 1 <= attempts <= MOST_ATTEMPTS:
            raise invalid(
                f"Step '{step}': MaxAttempts {attempts} is not between 1 and {MOST_ATTEMPTS}"
            )
        minutes = body.get("ExpireAfterMin")
        policies.append(
            RetryPolicy(
                names,
                float(body.get("IntervalSeconds", 1)),
                float(body.get("BackoffRate", 2.0)),
                attempts,
                None if minutes is None else minutes * 60.0,
            )
        )
    return tuple(policies)


def policy_for(policies: Iterable[RetryPolicy], failure: StepFailed) -> RetryPolicy | None:
    """Return the first policy that covers a failure."""
    return next((policy for policy in policies if failure.exception in policy.exceptions), None)


def exception_of(problem: ServiceError) -> str | None:
    """Return the retryable exception that an API error is, if it is one."""
    return BY_CODE.get(problem.code)
