"""Gives each event of CloudWatch Logs the id that FilterLogEvents tells on AWS; the emulator has none.

Who follows a log (`aws logs tail`, `trimtab local logs --follow`) knows by it what has been shown.
"""

import itertools
import time
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs

ID_DIGITS = 56  # of an id on AWS


def install() -> None:
    """Let every event be stored with an id of its own, in the order of their coming."""
    cloudwatch_logs._append_log_events = _with_ids(cloudwatch_logs._append_log_events)


def _with_ids(append: Callable[..., None]) -> Callable[..., None]:
    began = time.time_ns()  # so that ids of a restored state are not given again
    numbers = itertools.count(began)

    def append_with_ids(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
        append(stream, [{**event, "eventId": f"{next(numbers):0{ID_DIGITS}d}"} for event in events])

    return append_with_ids
