"""One look at a rollout: read what was measured, weigh it, commit what it earned, tell."""

from trimtab.aws.measured import Measured
from trimtab.aws.rollouts import Rollouts, transition
from trimtab.aws.steps import Scene, Steps
from trimtab.aws.table import Stale
from trimtab.domain.guardrails import Evidence
from trimtab.domain.progress import SETTLED, Progress, full_minute, judge, weigh_progress
from trimtab.domain.rollouts import APPROVED, Phase, Rollout
from trimtab.domain.steps import Advance, Decision, GiveUp, RollBack
from trimtab.errors import Fault, TrimtabError
from trimtab.observability import logger
from trimtab.release.announcing import Announcing
from trimtab.runtime import Runtime

ACTOR = "advance_rollout"
ROLLED_BACK = "RolloutRolledBack"
ATTEMPTS = 5  # each lost attempt means that another writer got on


class Looking:
    """Looks at rollouts that take steps."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._steps = Steps(runtime.table)
        self._rollouts = Rollouts(runtime.table)
        self._announcing = Announcing(runtime)
        self._measured = Measured(runtime.cloudwatch, runtime.settings.stage)

    def look_at_all(self) -> int:
        """Bring each rollout as far as it has earned; one that cannot be looked at keeps no other from it."""
        failed: list[str] = []
        under_way = self._steps.under_way()
        for model, version in under_way:
            try:
                self.look(model, version)
            except TrimtabError as error:
                logger.exception("no look", model=model, version=version)
                failed.append(f"version {version} of {model}: {error.message}")
        if failed:
            raise Fault("; ".join(failed))
        return len(under_way)

    def look(self, model: str, version: int) -> None:
        """Take in what was measured since the last look, and do what that leads to."""
        for _ in range(ATTEMPTS):
            scene = self._steps.believe(model, version)
            rollout = scene.belief.rollout
            try:
                if rollout is None or not rollout.is_stepping:
                    self._tell_end(model, version, rollout)
                else:
                    self._go_on(scene, rollout)
            except Stale as lost:
                logger.info("the rollout moved before the look", model=model, lost=lost.lost)
                continue
            return
        raise Fault(f"the rollout of version {version} of {model} was changed {ATTEMPTS} times")

    def _go_on(self, scene: Scene, rollout: Rollout) -> None:
        model, now = scene.belief.model, self._runtime.clock.now()
        progress = _of(rollout)
        if progress.told_step < progress.step:
            self._announcing.advanced(model, rollout)
            told = progress.model_copy(update={"told_step": progress.step})
            self._steps.note(scene, rollout.model_copy(update={"progress": told}))
            return self.look(model, rollout.version)
        if gone := _unfit(scene, progress):
            return self._end(scene, rollout, Phase.failed, gone, block=False)
        until = full_minute(now - SETTLED)
        if until <= progress.judged_until:
            return None
        looks = self._measured.looks(
            model,
            champion=progress.champion,
            challenger=rollout.version,
            since=progress.judged_until,
            until=until,
        )
        progress, evidence = judge(progress, scene.evidence, looks, until)
        decision = weigh_progress(progress, evidence)
        logger.info(
            "rollout decision",
            model=model,
            version=rollout.version,
            decision=type(decision).__name__,
            weight=progress.weight,
            reason=decision.reason,
        )
        seen = rollout.model_copy(update={"progress": progress, "reason": decision.reason})
        return self._carry_out(scene, seen, evidence, decision)

    def _carry_out(
        self, scene: Scene, seen: Rollout, evidence: dict[str, Evidence], decision: Decision
    ) -> None:
        match decision:
            case RollBack():
                self._end(scene, seen, Phase.failed, decision.reason, block=True)
            case GiveUp():
                self._end(scene, seen, Phase.inconclusive, decision.reason, block=False)
            case Advance() if _of(seen).is_last:
                self._promote(scene, seen, decision.reason)
            case Advance():
                self._advance(scene, seen, evidence)
            case _:
                self._steps.look(scene, seen, evidence)

    def _advance(self, scene: Scene, seen: Rollout, evidence: dict[str, Evidence]) -> None:
        now = self._runtime.clock.now()
        further = seen.model_copy(update={"progress": _of(seen).advanced(now)})
        entry = transition(scene.belief, further, id=self._runtime.new_id(), at=now, actor=ACTOR)
        self._steps.look(scene, further, evidence, entry)
        self.look(scene.belief.model, seen.version)  # tells of the step

    def _promote(self, scene: Scene, seen: Rollout, reason: str) -> None:
        now, belief = self._runtime.clock.now(), scene.belief
        ended = seen.ended(Phase.successful, reason=reason, at=now, by=ACTOR)
        entry = transition(belief, ended, id=self._runtime.new_id(), at=now, actor=ACTOR)
        self._rollouts.promote(belief, ended, entry)
        self._tell_end(belief.model, seen.version, ended)

    def _end(self, scene: Scene, seen: Rollout, phase: Phase, reason: str, *, block: bool) -> None:
        now, belief = self._runtime.clock.now(), scene.belief
        ended = seen.ended(phase, reason=reason, at=now, by=ACTOR)
        entry = transition(
            belief, ended, id=self._runtime.new_id(), at=now, actor=ACTOR, action=ROLLED_BACK
        )
        self._steps.withdraw(scene, ended, entry, block=block)
        self._tell_end(belief.model, seen.version, ended)

    def _tell_end(self, model: str, version: int, rollout: Rollout | None) -> None:
        """Tell how the rollout ended, then look at it no more: if the telling is lost, the next minute tells."""
        if rollout is not None and rollout.phase is Phase.successful:
            self._announcing.promoted(model, version)
        elif rollout is not None and rollout.progress is not None:
            self._announcing.withdrawn(model, rollout)
        self._steps.leave_alone(model, version)


def _of(rollout: Rollout) -> Progress:
    if rollout.progress is None:
        raise Fault(f"the rollout of version {rollout.version} takes no steps")
    return rollout.progress


def _unfit(scene: Scene, progress: Progress) -> str | None:
    """Why the challenger may not go on, whatever was measured; None if it may.

    An approval that has ended since it began is no reason: it says until when a version may begin.
    """
    belief = scene.belief
    status = belief.version_record.body.get("status") if belief.version_record else None
    if status != APPROVED:
        return f"version {belief.version} is {status or 'unknown'}: it may not serve"
    if belief.champion.version != progress.champion:
        return (
            f"the champion is version {belief.champion.version},"
            f" the challenger was compared with version {progress.champion}"
        )
    return None
