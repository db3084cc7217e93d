"""People's approvals: given to SageMaker's registry, whose event then moves our record, so that the two are one."""

import re
from datetime import datetime
from typing import Any, Literal

from trimtab.api.bodies import Approval, Asked, Reasoned
from trimtab.aws.aliases import Aliases
from trimtab.aws.packages import Packages
from trimtab.aws.versions import Versions
from trimtab.domain.audit import AuditEntry
from trimtab.domain.registry.hands import Hand
from trimtab.domain.registry.names import NAME_MOST
from trimtab.domain.versions import (
    REACHABLE,
    Judgement,
    ModelVersion,
    VersionStatus,
    approval_refusal,
    judged,
    rejection_refusal,
    self_approval_refusal,
)
from trimtab.errors import Conflict, InvalidInput, NotAllowed, NotFound
from trimtab.observability import logger
from trimtab.runtime import Runtime

NUMBER = re.compile(r"[1-9][0-9]{0,7}")  # eight digits, as in the table's keys


def find(runtime: Runtime, model: str, version: str) -> ModelVersion:
    """Return one version. Raises NotFound if there is no such model or version."""
    known = Versions(runtime.table)
    if len(model) > NAME_MOST:
        runtime.models.get(model)
    found = known.get(model, number(model, "version", version))
    if found is None:
        if known.latest(model) is None:
            runtime.models.get(model)
        raise NotFound(
            f"{model} has no version {version}",
            hint=f"GET /v1/models/{model}/versions lists those it has",
        )
    return found


def number(model: str, thing: str, given: str) -> int:
    """Return the number that a path names. Raises NotFound if it is none."""
    if NUMBER.fullmatch(given) is None:
        raise NotFound(
            f"{model} has no {thing} {given!r}", hint=f"a {thing} is a whole number from 1"
        )
    return int(given)


def approve(
    runtime: Runtime, model: str, version: str, actor: str, why: Approval
) -> dict[str, Any]:
    """Ask for the approval. Raises Conflict for a version that may never serve, NotAllowed by the model's policy."""
    found = find(runtime, model, version)
    if why.expires_at is not None and why.expires_at <= runtime.clock.now():
        raise InvalidInput(
            f"expires_at: {why.expires_at.isoformat()} has passed", hint="name a time to come"
        )
    if found.model_package_arn is None:
        return _decide_here(runtime, model, found, VersionStatus.approved, actor=actor, why=why)
    spec = runtime.models.get(model)
    if policy := self_approval_refusal(found, actor, spec.release):
        raise NotAllowed(policy, hint="ask a colleague to approve it")
    packages = Packages(runtime.sagemaker)
    refusal = approval_refusal(found, packages.get(found.model_package_arn).approval)
    if refusal:
        raise Conflict(refusal, hint="it stays so; train a new version")
    _ask(runtime, found.model_package_arn, "Approved", actor, why)
    return _told(model, found, VersionStatus.approved, actor, why)


def reject(runtime: Runtime, model: str, version: str, actor: str, why: Reasoned) -> dict[str, Any]:
    """Ask for the rejection. Raises Conflict for the champion and for a blocked version."""
    found = find(runtime, model, version)
    if found.model_package_arn is None:
        return _decide_here(runtime, model, found, VersionStatus.rejected, actor=actor, why=why)
    champion = Aliases(runtime.table).get(model, "champion")
    refusal = rejection_refusal(found, champion.version if champion else None)
    if refusal:
        raise Conflict(
            refusal, hint=f"POST /v1/models/{model}/rollback takes traffic from a champion"
        )
    _ask(runtime, found.model_package_arn, "Rejected", actor, why)
    return _told(model, found, VersionStatus.rejected, actor, why)


def _ask(
    runtime: Runtime,
    arn: str,
    approval: Literal["Approved", "Rejected"],
    actor: str,
    why: Reasoned,
) -> None:
    """Give the judgement to SageMaker's registry, whose event moves our record."""
    Packages(runtime.sagemaker).decide(
        arn, approval, actor=actor, reason=why.reason, expires_at=_end(why)
    )


def _decide_here(
    runtime: Runtime,
    model: str,
    version: ModelVersion,
    status: VersionStatus,
    *,
    actor: str,
    why: Reasoned,
) -> dict[str, Any]:
    """Judge a version that no registry but ours knows. Raises Conflict if it was judged otherwise for good."""
    hand = Hand(actor, why.reason, runtime.clock.now(), runtime.new_id)
    judgement = Judgement(actor=actor, reason=why.reason, expires_at=_end(why))

    def weigh(before: ModelVersion) -> ModelVersion:
        if before.status is not status and status not in REACHABLE.get(before.status, ()):
            told = f"{before.status.value} by {before.decided_by}: {before.reason}"
            raise Conflict(
                f"version {before.version} is {told}", hint="it stays so; register a new version"
            )
        return before if before.status is status else judged(before, status, judgement, hand.at)

    def tell(before: ModelVersion, after: ModelVersion) -> AuditEntry:
        return hand.entry(
            model,
            "VersionApproved" if status is VersionStatus.approved else "VersionRejected",
            f"version {after.version}",
            before={"status": before.status.value},
            after={"status": after.status.value},
        )

    after = runtime.registry.versions.change(model, version.version, weigh, tell)
    return _told(model, after, status, actor, why)


def _end(why: Reasoned) -> datetime | None:
    return why.expires_at if isinstance(why, Approval) else None


def _told(
    model: str, version: ModelVersion, wanted: VersionStatus, actor: str, why: Reasoned
) -> dict[str, Any]:
    """Log what was asked for, and return what the caller is told: the status until SageMaker's event comes."""
    logger.info(
        "approval asked for",
        model=model,
        version=version.version,
        wanted=wanted.value,
        actor=actor,
        reason=why.reason,
    )
    return Asked(
        model=model,
        version=version.version,
        status=version.status,
        asked=wanted.value,
        actor=actor,
        reason=why.reason,
        expires_at=_end(why),
    ).model_dump(mode="json")
