"""What inference_api measured of the requests: counts for each minute, and how long answers usually take."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trimtab.domain.guardrails import Count
from trimtab.domain.metrics import FAILED_REQUESTS, LATENCY, NAMESPACE, SERVICE, SLOW_ANSWERS
from trimtab.domain.progress import MINUTE, Look

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

USUAL = timedelta(days=1)  # of requests that say what is usual
P95 = "p95"
MOST = timedelta(minutes=1440)  # CloudWatch's limit of datapoints in one answer, a minute each
COUNTED = {"failed": FAILED_REQUESTS, "slow": SLOW_ANSWERS}  # by guardrail

Minutes = Mapping[datetime, Count]


class Measured:
    """Reads the measurements of one stage."""

    def __init__(self, client: "CloudWatchClient", stage: str) -> None:
        self._client = client
        self._stage = stage

    def usual_latency(self, model: str, now: datetime) -> float | None:
        """Return the milliseconds within which 95 % of the last day's answers came, or None if there were none."""
        until = now.replace(second=0, microsecond=0) + MINUTE
        points = self._points(
            self._dimensions(model),
            LATENCY,
            until - USUAL,
            until,
            Period=int(USUAL.total_seconds()),
            ExtendedStatistics=[P95],
        )
        found = [float(point["ExtendedStatistics"][P95]) for point in points]
        return max(found, default=None)

    def looks(
        self, model: str, *, champion: int, challenger: int, since: datetime, until: datetime
    ) -> list[Look]:
        """Return what both versions answered in each minute of the time, in order; an idle minute is left out.

        `since` and `until` are full minutes; what is further back than a day is not read.
        """
        since = max(since, until - MOST)
        counted = {
            (version, name): self._counts(model, version, metric, since, until)
            for version in (champion, challenger)
            for name, metric in COUNTED.items()
        }
        minutes = sorted({at for counts in counted.values() for at in counts})
        return [
            Look(
                at,
                champion=_at(counted, champion, at),
                challenger=_at(counted, challenger, at),
                requests=counted[challenger, "failed"].get(at, Count()).requests,
            )
            for at in minutes
        ]

    def _counts(
        self, model: str, version: int, metric: str, since: datetime, until: datetime
    ) -> Minutes:
        points = self._points(
            self._dimensions(model, version),
            metric,
            since,
            until,
            Period=60,
            Statistics=["SampleCount", "Sum"],
        )
        return {
            point["Timestamp"]: Count(round(point["SampleCount"]), round(point["Sum"]))
            for point in points
        }

    def _dimensions(self, model: str, version: int | None = None) -> dict[str, str]:
        told = {"model": model, "service": SERVICE, "stage": self._stage}
        return told if version is None else {**told, "version": str(version)}

    def _points(
        self,
        dimensions: Mapping[str, str],
        metric: str,
        since: datetime,
        until: datetime,
        **statistics: Any,
    ) -> list[Any]:
        answer = self._client.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=since,
            EndTime=until,
            **statistics,
        )
        return list(answer["Datapoints"])


def _at(counted: Mapping[tuple[int, str], Minutes], version: int, at: datetime) -> dict[str, Count]:
    return {name: counted[version, name].get(at, Count()) for name in COUNTED}
