"""Tells that an alarm moved no traffic, and why: once in the audit trail, and on the bus."""

import hashlib

from functions.roll_back.schema import ChampionAlarm
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


class Refusals:
    """Keeps what alarms led to nothing."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def tell(self, alarm: ChampionAlarm, refusal: Refuse) -> str:
        """Keep and publish it, and return its sentence; the alarm's own time makes repetitions one entry."""
        at, model = alarm.state.timestamp, alarm.model
        champion = Aliases(self._runtime.table).standing(model, Alias.champion).version
        sentence = f"alarm {alarm.alarm_name} moved no traffic: {refusal.sentence}; {refusal.hint}"
        entry = AuditEntry(
            id=hashlib.sha256(f"{alarm.alarm_name} {at.isoformat()}".encode()).hexdigest()[:32],
            model=model,
            at=at,
            actor=ACTOR,
            action=RollbackRefused.__name__,
            subject="alias champion",
            before={"champion": champion},
            after={"champion": champion, "alarm": alarm.state.reason},
            reason=sentence,
        )
        try:
            self._runtime.table.commit(entry_write(entry))
        except Stale:
            logger.info("the refusal was told before", model=model, alarm=alarm.alarm_name)
        self._runtime.bus.publish(
            RollbackRefused(
                model=model, at=at, reason=sentence, alarm=alarm.alarm_name, version=champion
            )
        )
        return sentence
