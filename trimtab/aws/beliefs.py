"""Records that this process has seen, to be believed in: a write that believes rightly needs no read before it."""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from trimtab.aws.table import Create, Put, Record, Replace, Stale, Table, Write, written
from trimtab.errors import Contended, TrimtabError

KEPT = (
    256  # records; at the item limit of 400 KB they are 100 MB, at a run's usual 2 KB half of one
)
PATIENCE = 20.0  # seconds until a change gives up: API Gateway waits for 30
PAUSE_FIRST = 0.005
PAUSE_MOST = 1.0  # seconds: thirty writers whose writes take 30 ms each then find a gap each
LOCKS = 64  # threads of one process wait for each other instead of racing, but for chance only on the same record

Told = TypeVar("Told")
Key = tuple[str, str]  # partition and sort key


@dataclass(frozen=True)
class Decision(Generic[Told]):
    """What is to be written, and what the caller is told once it is; no writes say that it is so already."""

    told: Told
    writes: Sequence[Write] = ()


class Beliefs:
    """Remembers the records that were read and written last; a belief costs nothing, and a wrong one is found out."""

    def __init__(self, table: Table, *, kept: int = KEPT) -> None:
        self._table = table
        self._kept = kept
        self._seen: OrderedDict[tuple[str, str], tuple[Record, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(LOCKS)]

    def read(self, pk: str, sk: str) -> Record | None:
        """Return the record as it is now, and believe in it from here on."""
        record = self._table.read(pk, sk)
        if record is None:
            self.forget(pk, sk)
        else:
            self.remember(record)
        return record

    def recall(self, pk: str, sk: str, *, within: float) -> Record | None:
        """Return the record as it was at most `within` seconds ago."""
        with self._lock:
            seen = self._seen.get((pk, sk))
        if seen and time.monotonic() - seen[1] < within:
            return seen[0]
        return self.read(pk, sk)

    def read_following(
        self, pk: str, sk: str, follow: Callable[[Record], Iterable[Key]]
    ) -> tuple[Record | None, dict[Key, Record]]:
        """Return a record and those that it leads to, as they are now: in one read where a belief leads there too."""
        guessed = self._guessed(pk, sk, follow)
        found = self._table.read_many([(pk, sk), *guessed]) if guessed else {}
        record = found.get((pk, sk)) if guessed else self.read(pk, sk)
        if record is None:
            self.forget(pk, sk)
            return None, {}
        self.remember(record)
        wanted = list(follow(record))
        missing = [key for key in wanted if key not in guessed]
        if missing:
            found |= self._table.read_many(missing)
        return record, {key: found[key] for key in wanted if key in found}

    def change(self, pk: str, sk: str, weigh: Callable[[Record | None], Decision[Told]]) -> Told:
        """Decide on the record, commit the decision, and return what it tells; decide again if another was faster.

        What was decided on a belief alone counts only once it is committed: a refusal, and a decision to write
        nothing, are weighed again on the record as it is; `weigh` itself changes nothing. Raises Contended if no
        attempt finds a gap.
        """
        with self._turns[hash((pk, sk)) % LOCKS]:
            return self._change(pk, sk, weigh)

    def _change(self, pk: str, sk: str, weigh: Callable[[Record | None], Decision[Told]]) -> Told:
        record, is_fresh = self._believed(pk, sk)
        give_up, attempt = time.monotonic() + PATIENCE, 0
        while time.monotonic() < give_up:
            decision = self._weighed(weigh, record, is_fresh)
            if decision is None:
                record, is_fresh = self.read(pk, sk), True
                continue
            if not decision.writes:
                return decision.told
            try:
                self._table.commit(*decision.writes)
            except Stale as stale:
                record, is_fresh = self._after(stale, pk, sk, attempt), True
                attempt += 1
                continue
            self._learn(pk, sk, decision.writes)
            return decision.told
        raise Contended(
            f"others changed {sk} before each of {attempt} attempts to", hint="repeat the request"
        )

    def remember(self, record: Record) -> None:
        """Believe in a record that was just read or written."""
        key = (record.pk, record.sk)
        with self._lock:
            self._seen[key] = (record, time.monotonic())
            self._seen.move_to_end(key)
            if len(self._seen) > self._kept:
                self._seen.popitem(last=False)

    def forget(self, pk: str, sk: str) -> None:
        """Believe in nothing there."""
        with self._lock:
            self._seen.pop((pk, sk), None)

    def _guessed(self, pk: str, sk: str, follow: Callable[[Record], Iterable[Key]]) -> list[Key]:
        with self._lock:
            seen = self._seen.get((pk, sk))
        try:
            return list(follow(seen[0])) if seen else []
        except TrimtabError:
            return []  # only the record as it is now may refuse

    def _believed(self, pk: str, sk: str) -> tuple[Record | None, bool]:
        with self._lock:
            seen = self._seen.get((pk, sk))
        return (seen[0], False) if seen else (self.read(pk, sk), True)

    @staticmethod
    def _weighed(
        weigh: Callable[[Record | None], Decision[Told]], record: Record | None, is_fresh: bool
    ) -> Decision[Told] | None:
        """What is decided; None if it rests on a belief and commits nothing that would prove the belief."""
        try:
            decision = weigh(record)
        except TrimtabError:
            if is_fresh:
                raise
            return None
        return decision if is_fresh or decision.writes else None

    def _after(self, stale: Stale, pk: str, sk: str, attempt: int) -> Record | None:
        """The record that is there instead: told by the first refusal, read again after a pause at each later one."""
        if attempt == 0 and stale.current is not None and stale.lost == [sk]:
            self.remember(stale.current)
            return stale.current
        longest = min(PAUSE_MOST, PAUSE_FIRST * 2 ** min(attempt, 10))
        time.sleep(random.uniform(0, longest))  # noqa: S311 (to part writers, not to keep a secret)
        return self.read(pk, sk)

    def _learn(self, pk: str, sk: str, writes: Sequence[Write]) -> None:
        for write in writes:
            if isinstance(write, Create | Replace | Put):
                record = written(write)
                if (record.pk, record.sk) == (pk, sk):
                    self.remember(record)
