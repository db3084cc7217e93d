"""What a local cloud keeps over a restart when it has a data directory.

The emulator writes its own state (`state/`, `s3/`); beside it lie the operator's keys and the clock's
offset (`cloud.json`), the SageMaker service's snapshot (`sagemaker.json`) and the asynchronous
invocations that were not done (`lambda.json`). A directory that cannot be used whole is refused:
going on with a part of it would write that part over the rest.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

from trimtab.errors import Conflict, InvalidInput

FORMAT = 1  # raised when an older local cloud could not use what this one writes
OTHER = "give another directory with --data"


class DataDir:
    """The directory given with `--data`; one cloud uses it at a time."""

    def __init__(self, path: Path) -> None:
        """Take the directory, made if it is not there.

        Raises:
            Conflict: Another cloud has it.
            InvalidInput: It cannot be written, is somebody else's, of another format or damaged.
        """
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._expect_own()
            self._lock: IO[str] = (self.path / "lock").open("w")
        except OSError as error:
            raise InvalidInput(
                f"the data directory {path} cannot be used: {error}", hint=OTHER
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise Conflict(
                f"another local cloud is using the data directory {path}",
                hint=f"stop it (trimtab local down) or {OTHER}",
            ) from error
        try:
            self._expect_usable()
        except InvalidInput:
            self._lock.close()
            raise

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

    def _expect_own(self) -> None:
        if not (self.path / "cloud.json").exists() and any(self.path.iterdir()):
            raise InvalidInput(
                f"{self.path} holds something else than a local cloud's data", hint=OTHER
            )

    def _expect_usable(self) -> None:
        for file in sorted([*self.path.glob("*.json"), *self.path.glob("state/*.json")]):
            try:
                json.loads(file.read_text())
            except ValueError as error:
                raise InvalidInput(
                    f"the data directory is damaged: {file} is not JSON ({error})",
                    hint=f"put that file back from a copy, or {OTHER}",
                ) from error
        kept = self.read("cloud")
        if kept.get("format", FORMAT) != FORMAT:
            raise InvalidInput(
                f"{self.path} was written in format {kept['format']}, and this local cloud reads "
                f"format {FORMAT} only",
                hint=f"use the version of Trimtab that wrote it, or {OTHER}",
            )
        self.write("cloud", {**kept, "format": FORMAT})
