"""Sends in the background what the runs of this process, and of earlier ones, have to say."""

import logging
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from trimtab.tracking.delivery import deliver
from trimtab.tracking.journal import Journal, journals
from trimtab.tracking.server import Away, Caller, Refused

logger = logging.getLogger("trimtab.tracking")

GATHER = 0.2  # seconds in which more may come into the same request
LOOK = (
    1.0  # seconds after which a journal is looked at unasked: a forked process may have added to it
)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between attempts while the API is away


def drain(journal: Journal, caller: Caller) -> bool:
    """Send all that a journal has to say, and remove it once nobody can add to it; False if another one sends it.

    Raises Away, or Refused where the server does not want the run itself.
    """
    with journal.sending() as alone:
        if alone:
            journal.end_if_abandoned()
            deliver(journal, caller)
            journal.remove_if_done()
        return alone


class Sender:
    """One thread that sends from one spool; it starts with the first run and never holds up the end of the process."""

    def __init__(self, spool: Path, connect: Callable[[str | None], Caller]) -> None:
        self._spool = spool
        self._connect = connect
        self._callers: dict[str | None, Caller] = {}
        self._runs: list[Journal] = []
        self._own: set[str] = set()  # ids of all journals that this process ever had
        self._changed = threading.Condition()
        self._hurried = False
        self._looked_back = False
        self._said = ""
        self._thread: threading.Thread | None = None

    def add(self, journal: Journal) -> None:
        """Send this journal from now on."""
        with self._changed:
            self._runs.append(journal)
            self._own.add(journal.id)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._work, name="trimtab-tracking", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def poke(self) -> None:
        """Say that there is something to send."""
        with self._changed:
            self._changed.notify_all()

    def flush(self, journal: Journal, seconds: float) -> bool:
        """Try at once, and wait until a journal is sent, and let go if its run has ended; False if not in this time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            while journal.unsent() or self._is_held(journal):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, LOOK))
            return True

    def _is_held(self, journal: Journal) -> bool:
        """Whether all of an ended run is sent, and its journal is still to be closed and removed."""
        return journal.sent.ended and journal in self._runs

    def _work(self) -> None:
        pause = 0.0
        while True:
            self._wait(pause)
            if self._round():
                pause = 0.0
            else:
                longer = min(max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE)
                pause = longer * random.uniform(0.5, 1.0)  # noqa: S311 (spreads attempts, guards no secret)

    def _wait(self, pause: float) -> None:
        """Wait out a pause that the API's absence demands, or else until there is something to send."""
        with self._changed:
            if pause:
                self._changed.wait_for(lambda: self._hurried, pause)
            elif not self._hurried:
                self._changed.wait(LOOK)
                self._changed.wait_for(lambda: self._hurried, GATHER)
            self._hurried = False

    def _round(self) -> bool:
        """Send what there is; False if not all of it could be sent."""
        own = list(self._runs)
        failed = [journal for journal in own if not self._send(journal)]
        for journal in own:
            if journal.sent.ended and not journal.unsent():
                self._let_go(journal)
        with self._changed:
            self._changed.notify_all()
        if not failed and not self._looked_back:
            self._looked_back = True
            self._send_earlier({journal.api_url for journal in own})
        return not failed

    def _send_earlier(self, urls: set[str | None]) -> None:
        """Send what earlier processes left behind for the same deployments."""
        for journal in journals(self._spool):
            if journal.id not in self._own and journal.api_url in urls:
                self._send(journal)

    def _send(self, journal: Journal) -> bool:
        url = journal.api_url
        if url not in self._callers:
            self._callers[url] = self._connect(url)
        try:
            drain(journal, self._callers[url])
        except (Away, Refused) as error:
            self._say(f"{error}; what runs say is kept in {self._spool} and sent later")
            return False
        except Exception as error:  # (a thread that dies would send nothing any more)
            self._say(f"tracking: {type(error).__name__}: {error}")
            return False
        self._said = ""
        return True

    def _let_go(self, journal: Journal) -> None:
        journal.close()
        with journal.sending() as alone:
            if alone:
                journal.remove_if_done()
        self._runs.remove(journal)

    def _say(self, sentence: str) -> None:
        """Log a sentence once, not with each attempt."""
        if sentence != self._said:
            logger.warning(sentence)
        self._said = sentence
