"""One comparison: what was measured, ours, a peer's, and the ratio that was aimed at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """Ours beside a peer's, in a unit of which less is better; the ratio says how many times less ours is."""

    what: str
    ours: float
    peer: str  # who is measured beside us, or the limit that we set ourselves
    theirs: float | None  # None where the peer cannot be run here; the note says why
    target: float | None = None  # least ratio that was aimed at; None where there is no aim
    unit: str = "ms"
    note: str = ""
    detail: Mapping[str, float] = field(default_factory=dict)  # further numbers, JSON only

    @property
    def ratio(self) -> float | None:
        """How many times as much the peer takes."""
        if self.theirs is None:
            return None
        return self.theirs / self.ours if self.ours else float("inf")

    @property
    def met(self) -> bool | None:
        """Whether the ratio is what was aimed at; None where that cannot be said."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio >= self.target

    @classmethod
    def within(cls, what: str, ours: float, limit: float, unit: str, **more: Any) -> "Row":
        """A row whose peer is a limit of our own: met if ours is not above it."""
        return cls(what, ours, "limit", limit, target=1.0, unit=unit, **more)

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        return {
            "what": self.what,
            "ours": self.ours,
            "peer": self.peer,
            "theirs": self.theirs,
            "ratio": self.ratio,
            "target": self.target,
            "met": self.met,
            "unit": self.unit,
            "note": self.note,
            **({"detail": dict(self.detail)} if self.detail else {}),
        }
