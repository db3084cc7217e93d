"""Files of a dataset version, brought to disk and compared with what the manifest says of them."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from trimtab.errors import Fault, OperatorError

CHUNK = 1 << 20
TIMEOUT = urllib3.Timeout(connect=5.0, read=60.0)


def fetch(batch: Mapping[str, Any], folder: Path) -> Path:
    """Bring a batch into the folder and return its path; one that is there already is not fetched again.

    Raises Fault if the bytes are not those that the manifest pins.
    """
    name = "-".join(part for part in Path(batch["key"]).parts[2:] if part not in ("..", "/"))
    path = folder / f"{batch['sha256'][:8]}-{name}"
    if path.exists() and _digest(path) == batch["sha256"]:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    _download(batch["url"], part)
    if (found := _digest(part)) != batch["sha256"]:
        part.unlink()
        raise Fault(f"{batch['key']} has SHA-256 {found}, the manifest says {batch['sha256']}")
    part.rename(path)
    return path


def _download(url: str, to: Path) -> None:
    try:
        with urllib3.PoolManager(timeout=TIMEOUT) as http:
            answer = http.request("GET", url, preload_content=False)
            if answer.status != HTTPStatus.OK:
                raise OperatorError(
                    f"S3 answers {answer.status}: {answer.data[:200].decode(errors='replace')}",
                    hint="addresses are good for fifteen minutes: run the command again",
                )
            with to.open("wb") as file:
                for chunk in answer.stream(CHUNK):
                    file.write(chunk)
            answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise OperatorError(f"S3 does not answer: {error}", hint="run the command again") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
