"""What registered models, aliases, versions and tags may be called, in the words of MLflow's server."""

import posixpath
import re
from collections.abc import Mapping

from trimtab.domain.tracking.names import KEY_MOST, RESOLVES, check_length, check_name, invalid
from trimtab.errors import InvalidInput

ALIAS = re.compile(r"[\w\-]*")
VERSION_ALIAS = re.compile(r"[vV]\d+")
LATEST = "latest"  # means the newest version, so no alias can be called so
WHOLE = re.compile(r"\s*[+-]?\d+\s*")

NAME_MOST = 256  # characters, as in MLflow's own tables; its sort key takes no more
ALIAS_MOST = 255
DESCRIPTION_MOST = 50_000
RUN_MOST = 256  # characters of a run's id, and what its partition's key takes
LINK_MOST = 2048
TAG_MOST = 100_000  # characters of one tag's value
TAGS_MOST = 300_000  # bytes of all tags of one thing, since a record has 400,000 at most
NUMBER_MOST = 99_999_999  # of a version: eight digits, as in the table's keys


def check_model_name(name: str, path: str = "name") -> None:
    """Do nothing for a name that a model may have. Raises InvalidInput for any other."""
    if not name.strip():
        raise InvalidInput(f"Missing value for required parameter '{path}'.")
    if "/" in name or ":" in name:
        raise InvalidInput(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    resolved = posixpath.normpath(name)
    if resolved != name or resolved == "." or resolved.startswith(".."):
        raise invalid("name", name, f"{RESOLVES}{resolved!r}")
    check_length(path, name, NAME_MOST)
    if not name.isprintable():
        raise InvalidInput(f"Invalid model name {name!r}. Names hold printable characters only.")


def check_alias(alias: str, *, reserved: bool = False) -> None:
    """Do nothing for a name that an alias may have; `reserved` refuses also what is one without being set."""
    if not alias:
        raise InvalidInput("Registered model alias name cannot be empty.")
    if ALIAS.fullmatch(alias) is None:
        raise InvalidInput(
            f"Invalid alias name: '{alias}'. "
            "Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )
    check_length("Registered model alias name", alias, ALIAS_MOST)
    if reserved and alias.lower() == LATEST:
        raise InvalidInput("'latest' alias name (case insensitive) is reserved.")
    if reserved and VERSION_ALIAS.fullmatch(alias):
        raise InvalidInput(f"Version alias name '{alias}' is reserved.")


def version_number(text: str) -> int:
    """Return the number that names a version; 0, which is none, for one that is out of range."""
    if WHOLE.fullmatch(text) is None:
        raise InvalidInput(f"Parameter 'version' must be an integer, got '{text}'.")
    number = int(text) if len(text) <= NAME_MOST else 0
    return number if 0 < number <= NUMBER_MOST else 0


def check_tag_key(key: str) -> None:
    """Do nothing for a key that a tag may have. Raises InvalidInput for any other."""
    check_name(key, "key")
    check_length("key", key, KEY_MOST)


def check_tags(tags: Mapping[str, str]) -> None:
    """Do nothing for tags that one thing may have. Raises InvalidInput for any other."""
    size = 0
    for key, value in tags.items():
        check_tag_key(key)
        check_length("value", value, TAG_MOST)
        size += len(key.encode()) + len(value.encode("utf-8", "replace"))
    if size > TAGS_MOST:
        raise InvalidInput(f"the tags hold {size:,} bytes in all, and may hold {TAGS_MOST:,}")
