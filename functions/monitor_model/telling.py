"""Keeps what was found of a window, and tells what is news in it: once at least, and once only if nobody dies."""

from typing import Generic

from trimtab.aws.table import Record, Stale
from trimtab.aws.watches import AnyWatch, AnyWindow, JudgedWindows
from trimtab.domain.audit import AuditEntry
from trimtab.observability import logger
from trimtab.runtime import Runtime

ACTOR = "monitor_model"
# Of an event, in the audit trail beside its reason.
FACTS = {"incident_id", "features", "windows", "metric", "effect", "limit"}


class Telling(Generic[AnyWatch, AnyWindow]):
    """The windows of one model that are judged in one way."""

    def __init__(
        self, runtime: Runtime, model: str, watches: JudgedWindows[AnyWatch, AnyWindow]
    ) -> None:
        self._runtime = runtime
        self._model = model
        self._watches: JudgedWindows[AnyWatch, AnyWindow] = watches

    def keep(
        self, record: Record | None, watch: AnyWatch, window: AnyWindow, **facts: str | None
    ) -> bool:
        """Commit a window with what is to be told of it; False if another judged it meanwhile.

        Args:
            record: The watch's record as it was read.
            watch: How far the version is judged with the window.
            window: What was found.
            facts: More for the audit entries.
        """
        entries = [
            AuditEntry(
                id=self._runtime.new_id(),
                model=self._model,
                at=window.judged_at,
                actor=ACTOR,
                action=type(event).__name__,
                subject=f"version {window.version}",
                before=None,
                after={**event.model_dump(mode="json", include=FACTS), **facts},
                reason=event.reason,
            )
            for event in watch.news
        ]
        try:
            self._watches.commit(self._model, record, watch, window, *entries)
        except Stale:
            logger.info("the window was judged meanwhile", model=self._model)
            return False
        logger.info(
            "window judged",
            model=self._model,
            version=window.version,
            by=type(watch).__name__,
            state=window.state,
            reason=window.reason,
        )
        self.tell(window.version)
        return True

    def tell(self, version: int) -> None:
        """Tell what is not told yet, and note that it was: a crash in between tells it twice, never not at all."""
        record, watch = self._watches.read(self._model, version)
        if record is None or watch is None or not watch.news:
            return
        self._runtime.bus.publish(*watch.news)
        try:
            self._watches.note(record, watch.without_news())
        except Stale:
            logger.info("the telling was noted meanwhile", model=self._model)
