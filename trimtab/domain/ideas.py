"""Ideas: what somebody believes would make a model better, the runs that tried it, and what came of it."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab.domain.base import Frozen
from trimtab.domain.likeness import likeness, words

ALIKE = 0.3  # from here on an earlier idea is shown; sentences on different things stay below 0.2
SHOWN = 5  # earlier ideas at most
RUNS_MOST = 500  # of one idea: its record stays small


class Conclusion(StrEnum):
    """What came of an idea."""

    open = "open"  # nobody knows yet
    worked = "worked"
    failed = "failed"


class Idea(Frozen):
    """A hypothesis with its runs and its conclusion."""

    id: str  # sorts by time
    hypothesis: str
    model: str | None  # which it is about; None: no one model
    runs: tuple[str, ...]  # ids, in the order they were linked
    conclusion: Conclusion = Conclusion.open
    reason: str | None = None  # of the conclusion
    created_by: str
    created_at: datetime
    concluded_by: str | None = None
    concluded_at: datetime | None = None


class Alike(Frozen):
    """An earlier idea that is like a new one."""

    likeness: Annotated[float, Field(gt=0, le=1)]
    idea: Idea


class Wanted(Frozen):
    """Which ideas are looked for; None: whatever it is."""

    text: str | None = None  # each of its words begins a word of the hypothesis or the reason
    model: str | None = None
    run: str | None = None
    conclusion: Conclusion | None = None

    @property
    def is_everything(self) -> bool:
        """Whether every idea is wanted."""
        return self == Wanted()

    def matches(self, idea: Idea) -> bool:
        """Say whether an idea is one of those."""
        return (
            self.model in (None, idea.model)
            and self.conclusion in (None, idea.conclusion)
            and (self.run is None or self.run in idea.runs)
            and (self.text is None or _says(idea, words(self.text)))
        )


def digest_of(hypothesis: str, model: str | None, actor: str) -> str:
    """Return what is the same for every repetition of one person's idea about one model."""
    parts = (" ".join(words(hypothesis)), model or "", actor)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def id_at(now: datetime, digest: str) -> str:
    """Return the id of an idea that is first told now."""
    return f"{now:%Y%m%dT%H%M%S}-{digest[:12]}"


def linked(idea: Idea, runs: Sequence[str]) -> Idea:
    """Return the idea with these runs too; the same idea if it has them. Raises ValueError for too many."""
    together = tuple(dict.fromkeys((*idea.runs, *runs)))
    if len(together) > RUNS_MOST:
        raise ValueError(f"an idea has at most {RUNS_MOST} runs, this would be {len(together)}")
    return idea if together == idea.runs else idea.model_copy(update={"runs": together})


def concluded(idea: Idea, conclusion: Conclusion, *, actor: str, reason: str, at: datetime) -> Idea:
    """Return the idea with its conclusion; the same idea if that is its conclusion already, for that reason."""
    if (idea.conclusion, idea.reason) == (conclusion, reason):
        return idea
    return idea.model_copy(
        update={
            "conclusion": conclusion,
            "reason": reason,
            "concluded_by": actor,
            "concluded_at": at,
        }
    )


def alike(hypothesis: str, earlier: Iterable[Idea]) -> tuple[Alike, ...]:
    """Return the earlier ideas that are most like a hypothesis, the most alike first."""
    scored = ((likeness(hypothesis, idea.hypothesis), idea) for idea in earlier)
    found = [(score, idea) for score, idea in scored if score >= ALIKE]
    found.sort(key=lambda pair: (-pair[0], pair[1].id))
    return tuple(Alike(likeness=round(score, 3), idea=idea) for score, idea in found[:SHOWN])


def _says(idea: Idea, wanted: list[str]) -> bool:
    said = words(f"{idea.hypothesis} {idea.reason or ''}")
    return all(any(word.startswith(one) for word in said) for one in wanted)
