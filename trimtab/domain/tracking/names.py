"""What keys and values of metrics, parameters and tags may be, in the words of MLflow's server."""

import json
import posixpath
import re

from trimtab.domain.tracking.points import Point
from trimtab.errors import InvalidInput

NAME = re.compile(r"[/\w.\- :]*")
RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")
CHARACTERS = (
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and"
    " slashes (/)."
)
RESOLVES = (
    "Names may be treated as files in certain cases, and must not resolve to other names when treated as such."
    " This name would resolve to "
)

KEY_MOST = 250  # characters of a key of a metric, parameter or tag
PARAM_MOST = (
    6000  # characters of a parameter's value that are kept; the rest is cut off, as MLflow does
)
TAG_MOST = 8000  # the same of a run's tag
EXPERIMENT_NAME_MOST = 500
EXPERIMENT_TAG_MOST = 20_000


def invalid(path: str, value: object, why: str = "") -> InvalidInput:
    """The refusal of a value, with its place in the request."""
    said = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return InvalidInput(
        f"Invalid value {said} for parameter '{path}' supplied" + (f": {why}" if why else ".")
    )


def check_name(name: str, path: str) -> None:
    """Do nothing for a key that a metric, parameter or tag may have. Raises InvalidInput for any other."""
    if NAME.fullmatch(name) is None:
        raise invalid(path, name, CHARACTERS)
    resolved = posixpath.normpath(name)
    if resolved != name or resolved == "." or resolved.startswith(("..", "/")):
        raise invalid(path, name, f"{RESOLVES}{resolved!r}")


def check_length(what: str, value: str, most: int) -> None:
    """Do nothing for a text that is short enough. Raises InvalidInput for a longer one."""
    if len(value) > most:
        raise InvalidInput(f"'{what}' exceeds the maximum length of {most} characters")


def check_run_id(run_id: str) -> None:
    """Do nothing for what an id of a run may look like. Raises InvalidInput for anything else."""
    if RUN_ID.fullmatch(run_id) is None:
        raise invalid("run_id", run_id)


def check_experiment_name(name: str) -> None:
    """Do nothing for a name that an experiment may have. Raises InvalidInput for a longer one."""
    check_length("name", name, EXPERIMENT_NAME_MOST)


def check_experiment_tag(key: str, value: str) -> None:
    """Do nothing for a tag that an experiment may have. Raises InvalidInput for any other."""
    check_name(key, "key")
    check_length("key", key, KEY_MOST)
    check_length("value", value, EXPERIMENT_TAG_MOST)


def checked_tag(key: str, value: str, path: str = "") -> str:
    """Return a run's tag's value as it is kept. Raises InvalidInput for a key that it may not have."""
    check_name(key, _at(path, "key"))
    check_length(_at(path, "key"), key, KEY_MOST)
    return value[:TAG_MOST]


def checked_param(key: str, value: str, path: str = "") -> str:
    """Return a parameter's value as it is kept. Raises InvalidInput for a key that it may not have."""
    check_name(key, _at(path, "key"))
    check_length("Param key", key, KEY_MOST)
    return value[:PARAM_MOST]


def check_metric(key: str, point: Point, path: str = "") -> None:
    """Do nothing for a metric that may be logged. Raises InvalidInput for any other."""
    check_name(key, _at(path, "name"))
    if point.timestamp < 0:
        why = f"metric '{key}' (value={point.value}). Timestamp must be a nonnegative long (64-bit integer) "
        raise invalid(_at(path, "timestamp"), point.timestamp, why)
    check_length("Metric name", key, KEY_MOST)


def _at(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field
