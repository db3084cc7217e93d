"""What of a model's drift nobody wants to be told, by whom that was said, and until when."""

from datetime import datetime

from pydantic import AwareDatetime

from trimtab.domain.base import Frozen
from trimtab.domain.drift.incidents import Mute
from trimtab.domain.drift.report import Cause


class Muted(Frozen):
    """A mute, as somebody asked for it."""

    mute: Mute
    actor: str  # IAM ARN of the caller
    at: AwareDatetime

    def is_about(self, columns: tuple[str, ...], kind: Cause | None) -> bool:
        """Say whether it mutes exactly this."""
        return (set(self.mute.columns), self.mute.cause) == (set(columns), kind)


class Mutes(Frozen):
    """All mutes of one model, the newest last."""

    muted: tuple[Muted, ...] = ()

    def standing(self, now: datetime) -> tuple[Muted, ...]:
        """Return those that hold now."""
        return tuple(one for one in self.muted if now < one.mute.until)

    def with_one(self, one: Muted) -> "Mutes":
        """Return these and one more, which takes the place of an earlier one about the same; what is over goes."""
        others = self.without(one.mute.columns, one.mute.cause, one.at)
        return Mutes(muted=(*others.muted, one))

    def without(self, columns: tuple[str, ...], kind: Cause | None, now: datetime) -> "Mutes":
        """Return those that hold now but for the one that is about exactly this."""
        left = (one for one in self.standing(now) if not one.is_about(columns, kind))
        return Mutes(muted=tuple(left))
