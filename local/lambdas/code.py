"""The packaged code of functions, unpacked once per content."""

import io
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4


class CodeShelf:
    """Keeps each package unpacked under a directory, named by its digest."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._root.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()

    def directory(self, digest: str, package: Callable[[], bytes]) -> Path:
        """Return the unpacked package; `package` gives the zip if it is not here yet."""
        place = self._root / digest.replace("/", "_").replace("+", "-").rstrip("=")
        with self._lock:  # two cold starts of one function unpack once
            if not place.is_dir():
                partial = self._root / f"partial-{uuid4().hex}"
                with zipfile.ZipFile(io.BytesIO(package())) as archive:
                    archive.extractall(partial)
                try:
                    partial.rename(place)
                except OSError:
                    shutil.rmtree(partial, ignore_errors=True)
                    raise
        return place
