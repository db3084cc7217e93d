"""What an invocation leaves in CloudWatch Logs, in AWS's own words."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from local.lambdas.function import Function

EVENT_LIMIT = 1_000_000  # characters of one log event; CloudWatch Logs takes 1 MB


@dataclass(frozen=True)
class Usage:
    """What the REPORT line tells."""

    seconds: float
    init_seconds: float  # 0 for a warm start
    memory: int  # MB at the most

    @property
    def report(self) -> str:
        """The measured part of the REPORT line."""
        milliseconds = self.seconds * 1000
        return f"Duration: {milliseconds:.2f} ms\tBilled Duration: {ceil(milliseconds)} ms"


def framed(function: Function, request_id: str, printed: str, usage: Usage) -> list[str]:
    """Return the invocation's log events: START, what was printed, END and REPORT."""
    report = f"REPORT RequestId: {request_id}\t{usage.report}\tMemory Size: {function.memory} MB"
    report += f"\tMax Memory Used: {usage.memory} MB"
    if usage.init_seconds:
        report += f"\tInit Duration: {usage.init_seconds * 1000:.2f} ms"
    lines = [line[:EVENT_LIMIT] for line in printed.splitlines() if line]
    start = f"START RequestId: {request_id} Version: {function.version}"
    return [start, *lines, f"END RequestId: {request_id}", report]


def timed_out(request_id: str, seconds: float, at: float) -> str:
    """Return the line that AWS logs for an invocation that ran out of time."""
    stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return (
        f"{stamp.removesuffix('+00:00')}Z {request_id} Task timed out after {seconds:.2f} seconds"
    )


def parsed(line: str) -> dict[str, object] | None:
    """Return a line that is a JSON object, else None."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
