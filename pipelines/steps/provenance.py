"""What was judged and in what: the digest of a model's files, and the packages that answered for it."""

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

CHUNK = 1 << 20  # bytes that are hashed at once: a model may be larger than the memory


def artifact(folder: Path) -> dict[str, Any]:
    """Return digest and size of an unpacked model; the same files give the same digest however they were packed."""
    digest, size = hashlib.sha256(), 0
    for path in sorted(folder.rglob("*"), key=lambda each: each.relative_to(folder).as_posix()):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            digest.update(name.encode() + b"\0" + _of_file(path))
            size += path.stat().st_size
    return {"digest": digest.hexdigest(), "bytes": size}


def _of_file(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.digest()


def environment() -> dict[str, Any]:
    """Return the Python that runs here and every package that it can import, by name."""
    found = {one.name.lower().replace("_", "-"): one.version for one in metadata.distributions()}
    return {"python": platform.python_version(), "packages": dict(sorted(found.items()))}
