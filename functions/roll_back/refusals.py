"""Tells that an alarm, or a rollback that waited, moved no traffic, and why: in the audit trail, and on the bus."""

import hashlib
from datetime import datetime
from typing import NamedTuple

from trimtab.aws.aliases import Aliases
from trimtab.aws.audit import entry_write
from trimtab.aws.table import Stale
from trimtab.domain.aliases import Alias
from trimtab.domain.audit import AuditEntry
from trimtab.domain.events import RollbackRefused
from trimtab.domain.rollbacks import Refuse
from trimtab.observability import logger
from trimtab.runtime import Runtime

ACTOR = "roll_back"  # of what no person decided


class Cause(NamedTuple):
    """What was to move traffic, and did not."""

    alarm: str | None  # its name; None if a person asked
    at: datetime
    said: str
    actor: str = ACTOR

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return f"alarm {self.alarm}" if self.alarm else f"the rollback that {self.actor} asked for"


class Refusals:
    """Keeps what led to nothing."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def tell(self, model: str, cause: Cause, refusal: Refuse) -> str:
        """Keep and publish it, and return its sentence; the cause's own time makes repetitions one entry."""
        champion = Aliases(self._runtime.table).standing(model, Alias.champion).version
        sentence = f"{cause.words} moved no traffic: {refusal.sentence}; {refusal.hint}"
        entry = AuditEntry(
            id=hashlib.sha256(
                f"{cause.alarm or cause.actor} {cause.at.isoformat()}".encode()
            ).hexdigest()[:32],
            model=model,
            at=cause.at,
            actor=ACTOR,
            action=RollbackRefused.__name__,
            subject="alias champion",
            before={"champion": champion},
            after={"champion": champion, "alarm": cause.said},
            reason=sentence,
        )
        try:
            self._runtime.table.commit(entry_write(entry))
        except Stale:
            logger.info("the refusal was told before", model=model, cause=cause.words)
        self._runtime.bus.publish(
            RollbackRefused(
                model=model, at=cause.at, reason=sentence, alarm=cause.alarm, version=champion
            )
        )
        return sentence
