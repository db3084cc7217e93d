"""A batch: metrics, parameters and tags that are logged together, or not at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.domain.tracking.points import Logged
from trimtab.domain.tracking.runs import Run
from trimtab.errors import InvalidInput

METRICS_MOST = 1000
PARAMS_MOST = 100
TAGS_MOST = 100
ALL_MOST = 1000
BYTES_MOST = 1_000_000


@dataclass(frozen=True)
class Batch:
    """What one request logs."""

    metrics: Sequence[Logged] = ()
    params: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None

    def onto(self, run: Run) -> Run:
        """Return the run with all of it. Raises InvalidInput if a parameter has another value already."""
        return (
            run.with_params(self.params or {}).with_points(self.metrics).with_tags(self.tags or {})
        )


def check_limits(metrics: int, params: int, tags: int) -> None:
    """Do nothing for a batch that is small enough. Raises InvalidInput for a larger one."""
    _check("metrics", METRICS_MOST, metrics)
    _check("params", PARAMS_MOST, params)
    _check("tags", TAGS_MOST, tags)
    _check("metrics, params, and tags", ALL_MOST, metrics + params + tags)


def check_size(size: int) -> None:
    """Do nothing for a request of so many bytes. Raises InvalidInput for a larger one."""
    if size > BYTES_MOST:
        raise InvalidInput(
            f"Batched logging API requests must be at most {BYTES_MOST} bytes, got a request of size {size}."
        )


def check_unique(keys: Sequence[str]) -> None:
    """Do nothing if each parameter comes once. Raises InvalidInput naming those that come again."""
    twice = [key for key, count in Counter(keys).items() for _ in range(count - 1)]
    if twice:
        raise InvalidInput(
            f"Duplicate parameter keys have been submitted: {twice}. Please ensure the request contains only one"
            " param value per param key."
        )


def _check(what: str, most: int, count: int) -> None:
    if count > most:
        raise InvalidInput(
            f"A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up"
            f" {what} across multiple requests and try again."
        )
