"""When the endpoint of a version is taken down: its version answers no requests, and has not for its probation."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Standing:
    """What is known of a version whose endpoint there is."""

    version: int
    serves: bool  # it has, or may get, requests: champion, challenger or target of the route
    is_open: bool  # its rollout has not ended
    is_awaited: bool  # a rollback waits for its endpoint
    left_at: (
        datetime | None
    )  # when it lost its requests, or its hope for any; None if that is not known


def weigh_retirement(standing: Standing, probation_days: int, now: datetime) -> str | None:
    """Say why the endpoint is taken down, or None if it stays. What is not known to be over is not over."""
    if standing.serves or standing.is_open or standing.is_awaited or standing.left_at is None:
        return None
    if now - standing.left_at < timedelta(days=probation_days):
        return None
    return (
        f"version {standing.version} has answered no requests since"
        f" {standing.left_at.isoformat(timespec='seconds')}, which is {probation_days} days ago or more"
    )
