"""What people say about a rollout: pause, resume, promote, abort, retry; said twice, each does nothing twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from functions.advance_rollout.looking import ATTEMPTS, ROLLED_BACK
from trimtab.api.bodies import RolloutAnswer
from trimtab.aws.endpoints import MISSING, EndpointRefused, Endpoints
from trimtab.aws.rollouts import Rollouts, transition
from trimtab.aws.steps import Scene, Steps
from trimtab.aws.table import Stale
from trimtab.aws.versions import of_record
from trimtab.domain.progress import Progress
from trimtab.domain.rollouts import APPROVED, OPEN, Decision, Leave, Phase, Rollout
from trimtab.errors import Conflict, Contended, Fault, InvalidState, NotFound
from trimtab.release.announcing import Announcing
from trimtab.release.settling import Settling
from trimtab.runtime import Runtime


@dataclass(frozen=True)
class Word:
    """Who said it, why, and when."""

    actor: str
    reason: str
    at: datetime


Change = tuple[Rollout, str] | None  # the rollout and what is said of it; None: it is so already


class Orders:
    """Carries out what people say."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._steps = Steps(runtime.table)
        self._rollouts = Rollouts(runtime.table)
        self._carry_out: dict[str, Callable[[Scene, Rollout, Word], Change]] = {
            "pause": self._pause,
            "resume": self._resume,
            "promote": self._promote,
            "abort": self._abort,
            "retry": self._retry,
        }

    def obey(
        self, order: str, model: str, version: str, *, actor: str, reason: str
    ) -> RolloutAnswer:
        """Do what is said, and answer how the rollout stands. Raises NotFound, or InvalidState if it makes no sense."""
        number = int(version) if version.isascii() and version.isdecimal() else 0
        for _ in range(ATTEMPTS):
            scene = self._steps.believe(model, number)
            rollout = scene.belief.rollout
            if rollout is None:
                raise NotFound(
                    f"{model} has no rollout of version {version}",
                    hint=f"GET /v1/models/{model}/rollouts lists those it has",
                )
            try:
                word = Word(actor, reason, self._runtime.clock.now())
                change = self._carry_out[order](scene, rollout, word)
            except Stale:
                continue
            now, told = change or (rollout, "It was so already.")
            return RolloutAnswer(
                model=model, changed=change is not None, rollout=now, sentence=told
            )
        raise Conflict(
            f"the rollout of version {version} of {model} was changed {ATTEMPTS} times meanwhile",
            hint="read it again, then repeat",
        )

    def _pause(self, scene: Scene, rollout: Rollout, word: Word) -> Change:
        progress = _stepping(rollout, "pause")
        if progress.paused_at is not None:
            return None
        paused = rollout.model_copy(
            update={"progress": progress.paused(word.at), "reason": f"paused: {word.reason}"}
        )
        self._note(scene, paused, word, "RolloutPaused")
        return paused, (
            f"Version {rollout.version} keeps {progress.weight} % of the requests; a breach still ends it."
        )

    def _resume(self, scene: Scene, rollout: Rollout, word: Word) -> Change:
        progress = _stepping(rollout, "resume")
        if progress.paused_at is None:
            return None
        resumed = rollout.model_copy(
            update={"progress": progress.resumed(word.at), "reason": f"resumed: {word.reason}"}
        )
        self._note(scene, resumed, word, "RolloutResumed")
        return resumed, f"Version {rollout.version} goes on at {progress.weight} %."

    def _promote(self, scene: Scene, rollout: Rollout, word: Word) -> Change:
        belief = scene.belief
        if rollout.phase is Phase.successful:
            self._told_promotion(belief.model, rollout)
            return None
        _stepping(rollout, "promote")
        if (status := _status(scene)) != APPROVED:
            raise InvalidState(
                f"version {rollout.version} is {status}: it may not serve",
                hint="abort its rollout, and approve another version",
            )
        ended = rollout.ended(Phase.successful, reason=word.reason, at=word.at, by=word.actor)
        entry = transition(belief, ended, id=self._runtime.new_id(), at=word.at, actor=word.actor)
        self._rollouts.promote(belief, ended, entry)
        self._told_promotion(belief.model, ended)
        return ended, f"Version {rollout.version} answers all requests."

    def _abort(self, scene: Scene, rollout: Rollout, word: Word) -> Change:
        if rollout.phase is Phase.failed:
            self._told_end(scene.belief.model, rollout)
            return None
        if rollout.phase not in OPEN:
            raise _senseless(rollout, "abort")
        reason = f"aborted: {word.reason}"
        ended = rollout.ended(Phase.failed, reason=reason, at=word.at, by=word.actor)
        entry = transition(
            scene.belief,
            ended,
            id=self._runtime.new_id(),
            at=word.at,
            actor=word.actor,
            action=ROLLED_BACK if rollout.is_stepping else "RolloutFailed",
        )
        if not rollout.is_stepping:
            self._steps.note(scene, ended, entry)
            return ended, f"Version {rollout.version} gets no requests."
        self._steps.withdraw(scene, ended, entry, block=False)
        self._told_end(scene.belief.model, ended)
        return ended, (
            f"Version {rollout.version} gets no requests any more;"
            f" version {scene.belief.champion.version} answers all of them."
        )

    def _retry(self, scene: Scene, rollout: Rollout, word: Word) -> Change:
        if rollout.phase in OPEN:
            self._settle(scene, rollout)  # what an earlier request may have left undone
            return None
        if rollout.phase is Phase.successful:
            raise _senseless(rollout, "retry")
        belief, version = scene.belief, rollout.version
        if (status := _status(scene)) != APPROVED:
            raise InvalidState(
                f"version {version} is {status}: it may not serve",
                hint="train and approve another version",
            )
        if rollout.retired_at and not self._is_gone(rollout):
            raise Contended(
                f"the endpoint of version {version} is being taken down",
                hint="repeat when it is gone: it is made again then",
            )
        again = Rollout(
            version=version,
            phase=Phase.running,
            endpoint_name=rollout.endpoint_name,
            actor=word.actor,
            reason=f"again: {word.reason}",
            started_at=word.at,
        )
        entry = transition(
            belief,
            again,
            id=self._runtime.new_id(),
            at=word.at,
            actor=word.actor,
            action="RolloutStarted",
        )
        self._steps.begin_again(scene, again, entry)
        done = self._settle(scene, rollout)
        told = done.reason if isinstance(done, Leave) else "It begins anew."
        return self._rollouts.get(belief.model, version) or again, told

    def _is_gone(self, rollout: Rollout) -> bool:
        return Endpoints(self._runtime.sagemaker).state(rollout.endpoint_name).status == MISSING

    def _settle(self, scene: Scene, rollout: Rollout) -> Decision:
        model, endpoints = scene.belief.model, Endpoints(self._runtime.sagemaker)
        endpoint = endpoints.state(rollout.endpoint_name)
        if endpoint.status == MISSING:  # it was retired: its event goes on from here
            self._remake(endpoints, scene, rollout)
            endpoint = endpoints.state(rollout.endpoint_name)
        return Settling(self._runtime).settle(model, rollout.version, endpoint)

    def _remake(self, endpoints: Endpoints, scene: Scene, rollout: Rollout) -> None:
        version = of_record(scene.belief.version_record)
        if version is None:
            raise Fault(f"version {rollout.version} of {scene.belief.model} is not recorded")
        serving = self._runtime.models.get(scene.belief.model).release.serving
        role = self._runtime.settings.serving_role_arn
        try:
            endpoints.ensure(rollout.endpoint_name, version, serving, role)
        except EndpointRefused as refusal:
            raise InvalidState(
                f"version {version.version} has no endpoint, and SageMaker makes none of it: {refusal}",
                hint="abort its rollout, and train another version",
            ) from refusal

    def _told_promotion(self, model: str, rollout: Rollout) -> None:
        """Tell it, also when it is said again: the first telling may have been lost."""
        Announcing(self._runtime).promoted(model, rollout.version)
        self._steps.leave_alone(model, rollout.version)

    def _told_end(self, model: str, rollout: Rollout) -> None:
        if rollout.progress is not None:
            Announcing(self._runtime).withdrawn(model, rollout)
            self._steps.leave_alone(model, rollout.version)

    def _note(self, scene: Scene, rollout: Rollout, word: Word, action: str) -> None:
        entry = transition(
            scene.belief,
            rollout,
            id=self._runtime.new_id(),
            at=word.at,
            actor=word.actor,
            action=action,
        )
        self._steps.note(scene, rollout, entry)


def _stepping(rollout: Rollout, order: str) -> Progress:
    if not rollout.is_stepping or rollout.progress is None:
        raise _senseless(rollout, order)
    return rollout.progress


def _senseless(rollout: Rollout, order: str) -> InvalidState:
    stand = "is at no step yet" if rollout.phase in OPEN else f"has ended: {rollout.phase}"
    return InvalidState(
        f"nothing to {order}: the rollout of version {rollout.version} {stand}",
        hint="look at the rollout, then decide again",
    )


def _status(scene: Scene) -> str:
    record = scene.belief.version_record
    return str(record.body.get("status")) if record else "unknown"
