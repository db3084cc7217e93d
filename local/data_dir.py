"""What a local cloud keeps over a restart when it has a data directory.

The emulator writes its own state (`state/`, `s3/`); beside it lie the operator's keys and the clock's
offset (`cloud.json`) and the SageMaker service's snapshot (`sagemaker.json`).
"""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from trimtab.errors import Conflict


class DataDir:
    """The directory given with `--data`; one cloud uses it at a time."""

    def __init__(self, path: Path) -> None:
        """Take the directory, made if it is not there. Raises Conflict if another cloud has it."""
        self.path = path.absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock: IO[str] = (self.path / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise Conflict(
                f"another local cloud is using the data directory {path}",
                hint="stop it (trimtab local down) or give another directory with --data",
            ) from error

    def read(self, name: str) -> dict[str, Any]:
        """Return what was last written under this name, {} if nothing was."""
        file = self.path / f"{name}.json"
        if not file.exists():
            return {}
        content: dict[str, Any] = json.loads(file.read_text())
        return content

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Keep the content under this name, whole or not at all; only the owner can read it."""
        making = self.path / f"{name}.new"
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file)
        making.replace(self.path / f"{name}.json")

    def close(self) -> None:
        """Let another cloud use the directory."""
        self._lock.close()
