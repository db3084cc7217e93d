"""A model's life as chapters: each judged window of its traffic, and what was done from then on until the next."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from trimtab.domain.audit import AuditEntry
from trimtab.domain.base import Frozen
from trimtab.domain.quality.windows import QualityWindow
from trimtab.domain.watched import WatchedWindow

REFUSED = "the gate said no"


class Chapter(Frozen):
    """A window of a champion's traffic."""

    window: WatchedWindow
    quality: QualityWindow | None  # None: its labels have not had their time yet
    entries: tuple[AuditEntry, ...]  # since the window began, the oldest first

    @property
    def acts(self) -> tuple[str, ...]:
        """What was done, in a few words each, in the order in which it was."""
        words = (word_of(entry) for entry in self.entries)
        return tuple(dict.fromkeys(word for word in words if word))


def chapters_of(
    windows: Iterable[WatchedWindow],
    judged: Iterable[QualityWindow],
    entries: Iterable[AuditEntry],
) -> tuple[Chapter, ...]:
    """Return the chapters in the order of time; windows in which nobody asked for anything are none.

    Args:
        windows: What was found of each window's rows.
        judged: What labels said of windows, of these or of others.
        entries: The model's audit trail; what is older than the first window belongs to no chapter.
    """
    shown = sorted((one for one in windows if one.rows), key=lambda one: (one.start, one.version))
    starts = [one.start for one in shown]
    quality = {(one.version, one.start): one for one in judged}
    told: list[list[AuditEntry]] = [[] for _ in shown]
    for entry in sorted(entries, key=lambda one: one.at):
        if place := bisect_right(starts, entry.at):
            told[place - 1].append(entry)
    return tuple(
        Chapter(
            window=window, quality=quality.get((window.version, window.start)), entries=tuple(done)
        )
        for window, done in zip(shown, told, strict=True)
    )


def word_of(entry: AuditEntry) -> str | None:
    """Return what an entry tells, in a few words; None for what belongs to the usual course of things."""
    after = entry.after if isinstance(entry.after, dict) else {}
    if entry.action in TRAINING:
        cause = _cause(after)
        return (
            None
            if cause in USUAL_CAUSES.get(entry.action, ())
            else f"{TRAINING[entry.action]} {cause}"
        )
    match entry.action, after.get("phase"):
        case "TrainingFinished", "failed":
            return REFUSED
        case "TrainingFinished", "error":
            return "training failed"
        case "RolloutRolledBack", _ if "blocked" in after:
            return f"v{after['blocked']} rolled back"
        case ("RolloutPromoted" | "RolloutRolledBack") as action, _:
            done = "took over" if action == "RolloutPromoted" else "stopped"
            return f"{entry.subject.replace('version ', 'v')} {done}"
    return WORDS.get(entry.action)


TRAINING = {
    "TrainingRequested": "trained:",
    "TrainingSkipped": "not trained:",
    "TrainingDeferred": "waits:",
}
"""Decisions on training; each has its cause."""

USUAL_CAUSES = {"TrainingSkipped": ("schedule",)}
"""Every schedule is due again and again, and mostly there is nothing to do."""

WORDS = {
    "DriftMuted": "drift muted",
    "DriftUnmuted": "drift told again",
    "DriftAccepted": "traffic accepted as usual",
    "DatasetQuarantined": "data in quarantine",
    "MonitoringBlinded": "monitoring blind",
    "QualityBreached": "quality lost",
    "QualityRecovered": "quality back",
    "RollbackRefused": "no rollback",
}
"""What stands for itself."""


def _cause(after: dict[str, Any]) -> str:
    decision = after.get("decision") or {}
    return str((decision.get("cause") or {}).get("kind", "nobody")).replace("_", " ")
