"""The datasets that a run reads, as MLflow's clients describe them."""

from collections.abc import Mapping
from typing import Any

from trimtab.errors import InvalidInput

REQUIRED = ("name", "digest", "source_type", "source")
MOST = {  # characters of a dataset's fields
    "name": 500,
    "digest": 36,
    "source": 65_535,
    "schema": 1_048_575,
    "profile": 16_777_215,
}
TAG_KEY_MOST = 255
TAG_VALUE_MOST = 500


def check_dataset(dataset: Mapping[str, Any]) -> None:
    """Do nothing for a dataset that may be logged. Raises InvalidInput for any other."""
    for name in REQUIRED:
        if dataset.get(name) is None:
            raise InvalidInput(f"Dataset {name} cannot be None")
    for name, most in MOST.items():
        _check_length(name, dataset.get(name) or "", most)


def check_input_tag(key: str, value: str) -> None:
    """Do nothing for a tag of a dataset's use. Raises InvalidInput for one that is too long."""
    _check_length("key", key, TAG_KEY_MOST)
    _check_length("value", value, TAG_VALUE_MOST)


def _check_length(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidInput(f"'{what}' exceeds the maximum length of {most} characters")
