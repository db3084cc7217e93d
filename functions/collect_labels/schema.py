"""How a collection of labels is named, whoever delivers it how often."""

import hashlib
from datetime import datetime

from trimtab.aws.keys import LABELS
from trimtab.object_created import ObjectCreated


def model_of(file: ObjectCreated) -> str:
    """Return the folder below labels/, which names the model; there may be no such model."""
    folder, slash, _ = file.key.removeprefix(LABELS).partition("/")
    return folder if slash else ""


def collection_of(file: ObjectCreated) -> str:
    """Return the id of the collection that a file is."""
    return collection_id(file.time, f"{file.key}@{file.version_id}")


def collection_id(at: datetime, what: str) -> str:
    """Return the id of a collection: its time, so that ids are in order, and a hash of what it is."""
    return f"{at:%Y%m%dT%H%M%SZ}-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
