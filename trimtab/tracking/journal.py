"""A run's journal on disk: what it says in order, how far that is sent, and what was refused.

    <spool>/<journal>/
        journal.jsonl    records, appended by the run's process with one write each
        sent.json        run id and position up to which the server has taken everything; replaced as a whole
        refused.jsonl    records that the server refused for good, each with its sentence
        owner, sender    locks: of the process whose run it is, and of whoever sends
        files/           copies of artifacts, kept until they are sent

Both locks go with their process, however it ends.
"""

import fcntl
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trimtab.tracking.records import Line, Record, decoded, encoded

READ = 4 << 20  # bytes of a journal looked at in one go: far more than a request carries


@dataclass(frozen=True)
class Sent:
    """How far a journal is sent, and as what the server knows its run."""

    position: int = 0
    trying: int = 0  # where the request ends that is under way, or of which no verdict is known
    run_id: str = ""
    artifact_uri: str = ""
    ended: bool = False


class Journal:
    """One run's journal. Safe to append to from any thread, and from processes forked by the run's."""

    def __init__(self, folder: Path) -> None:
        """Open the journal in `folder`, which is there already."""
        self.folder = folder
        self.id = folder.name
        self._owner: int | None = None
        self._process = os.getpid()
        self._appended: int | None = None
        # Read once: only who holds the sender's lock may write it, and reads it again first.
        self.sent = self._read_sent()

    @classmethod
    def create(cls, spool: Path, first: Record, api_url: str | None) -> "Journal":
        """Make a new journal, owned by this process, that begins with `first`."""
        name = f"{time.time_ns() // 1_000_000:013d}-{uuid.uuid4().hex[:16]}"
        draft = spool / f".{name}"  # nobody looks at it before it is whole
        draft.mkdir(parents=True)
        ignored = spool / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n")
        journal = cls(draft)
        journal._owner = _locked(draft / "owner")
        (draft / "deployment.json").write_text(json.dumps({"api_url": api_url}))
        journal.append([first])
        journal.folder, journal.id = spool / name, name
        draft.rename(journal.folder)
        return journal

    @property
    def api_url(self) -> str | None:
        """The deployment that the run was meant for, or None for the one that runs here."""
        with suppress(OSError, ValueError):
            found = json.loads((self.folder / "deployment.json").read_text())["api_url"]
            return str(found) if found else None
        return None

    def append(self, records: Iterable[Record]) -> None:
        """Add records behind all others: whole, once this returns. Raises OSError where the disk refuses."""
        if self._appended is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._appended = os.open(self.folder / "journal.jsonl", flags, 0o600)
        data = encoded(records)
        written = os.write(self._appended, data)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes of a record fit on the disk")

    def keep(self, source: Path) -> str:
        """Copy a file into the journal, since it may be gone before it is sent; return the copy's name."""
        name = self._new_file()
        shutil.copyfile(source, self.kept(name))
        return name

    def keep_bytes(self, data: bytes) -> str:
        """Write bytes into the journal as a file of it; return the file's name."""
        name = self._new_file()
        self.kept(name).write_bytes(data)
        return name

    def kept(self, name: str) -> Path:
        """Return where a kept file is."""
        return self.folder / "files" / name

    def unsent(self) -> list[Line]:
        """Return the records behind the position up to which all is sent, up to a few MiB of them."""
        try:
            with (self.folder / "journal.jsonl").open("rb") as file:
                file.seek(self.sent.position)
                return decoded(file.read(READ), self.sent.position)
        except FileNotFoundError:
            return []

    def advance(self, position: int, **facts: Any) -> None:
        """Remember that everything up to `position` is settled, and what was learned with it."""
        self._write(replace(self.sent, position=position, trying=0, **facts))

    def try_up_to(self, end: int) -> None:
        """Remember which records the next request carries: repeated, it must carry the same, to be known again."""
        if self.sent.trying != end:
            self._write(replace(self.sent, trying=end))

    def _write(self, sent: Sent) -> None:
        draft = self.folder / "sent.json.new"
        draft.write_text(json.dumps(asdict(sent)))
        draft.replace(self.folder / "sent.json")
        self.sent = sent

    def refuse(self, line: Line, sentence: str) -> None:
        """Keep a record that the server will never take, with what it said."""
        entry = {"end": line.end, "record": line.record, "refused": sentence}
        with (self.folder / "refused.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def forget_refused(self) -> None:
        """Drop what the server refused."""
        (self.folder / "refused.jsonl").unlink(missing_ok=True)

    def refused(self) -> list[dict[str, Any]]:
        """Return what the server refused, each once: a sender that was killed may have written it twice."""
        try:
            lines = (self.folder / "refused.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        return list({entry["end"]: entry for entry in map(json.loads, lines)}.values())

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Be the only one who sends from this journal; yields False where another one does."""
        lock = _locked(self.folder / "sender")
        try:
            if lock is not None:
                self.sent = self._read_sent()
            yield lock is not None
        finally:
            if lock is not None:
                _unlock(lock)

    def end_if_abandoned(self) -> None:
        """Write the end that a run's process did not live to write. Only runs that began here are ended here."""
        lock = None if self._owner is not None else _locked(self.folder / "owner")
        if lock is None:
            return
        try:
            file, lines = self.folder / "journal.jsonl", self.lines()
            if lines and lines[0].kind == "start" and lines[-1].kind != "end":
                at = int(file.stat().st_mtime * 1000)
                self.append([{"kind": "end", "status": "KILLED", "at": at}])
        finally:
            _unlock(lock)

    def lines(self) -> list[Line]:
        """Return all records, sent or not."""
        try:
            return decoded((self.folder / "journal.jsonl").read_bytes(), 0)
        except FileNotFoundError:
            return []

    def under_way(self) -> bool:
        """Say whether the process whose run it is still lives."""
        lock = None if self._owner is not None else _locked(self.folder / "owner")
        if lock is not None:
            _unlock(lock)
        return lock is None

    def close(self) -> None:
        """Let go of the files; the journal stays."""
        if self._owner is not None and os.getpid() == self._process:
            _unlock(self._owner)
            self._owner = None
        for descriptor in (self._owner, self._appended):
            if descriptor is not None:
                os.close(descriptor)
        self._owner = self._appended = None

    def remove_if_done(self) -> bool:
        """Remove a journal of which everything is sent and nobody will add to; what was refused is kept."""
        if not self.sent.position or self.unsent() or self.refused():
            return False
        lock = _locked(self.folder / "owner")
        if lock is None:
            return False
        try:
            if not self.unsent():
                shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            _unlock(lock)
        return True

    def _new_file(self) -> str:
        (self.folder / "files").mkdir(exist_ok=True)
        return uuid.uuid4().hex

    def _read_sent(self) -> Sent:
        try:
            return Sent(**json.loads((self.folder / "sent.json").read_text()))
        except (FileNotFoundError, ValueError):
            return Sent()  # from the start again: the server knows what it has taken


def journals(spool: Path) -> list[Journal]:
    """Return all journals of a spool, oldest first."""
    return [Journal(file.parent) for file in sorted(spool.glob("[0-9]*/journal.jsonl"))]


def _locked(path: Path) -> int | None:
    """Take the lock and return its descriptor, or None where another one has it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _unlock(lock: int) -> None:
    """Let go of the lock, whoever else has its descriptor: a process that was just forked has every one."""
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)
