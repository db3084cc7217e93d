"""Whether a finding lasts: K of the last N windows to begin, N quiet windows to end."""

from collections.abc import Sequence

from trimtab.domain.drift.policy import Rule
from trimtab.domain.drift.report import Mark, Trace


def earlier(history: Sequence[Trace], key: str) -> list[Mark]:
    """Return what earlier windows found of this, those that could tell, the oldest first."""
    marks = [trace.marks[key] for trace in history if key in trace.marks]
    return [mark for mark in marks if mark.conclusive]


def fired_windows(marks: Sequence[Mark], rule: Rule, *, fired: bool) -> int:
    """Return in how many of the last windows it fired, this one included."""
    before = marks[-(rule.of - 1) :] if rule.of > 1 else []
    return fired + sum(mark.fired for mark in before)


def is_drifting(marks: Sequence[Mark], rule: Rule, *, now: Mark, is_large: bool) -> bool:
    """Say whether it drifts: it began to, or it did and is not over.

    It is over when as many windows as are looked at were quiet: the effect below `exit_share` of its floor, or no
    surprise. In between it neither begins nor ends.
    """
    if now.fired and (is_large or fired_windows(marks, rule, fired=True) >= rule.fired):
        return True
    if not marks or not marks[-1].drifting:
        return False
    last = [*marks, now][-rule.of :]
    return len(last) < rule.of or not all(mark.quiet for mark in last)
