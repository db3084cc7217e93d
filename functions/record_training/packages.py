"""Brings the version's record to where SageMaker's registry is, one audited step at a time."""

from functions.record_training.schema import PackageDetail
from trimtab import names
from trimtab.aws.evaluations import Evaluations
from trimtab.aws.packages import Packages
from trimtab.aws.table import Record, Stale
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions, of_record
from trimtab.domain.audit import AuditEntry
from trimtab.domain.events import Detail, VersionApproved, VersionRegistered, VersionRejected
from trimtab.domain.plans import REPEATING
from trimtab.domain.recording.runs import run_of_version
from trimtab.domain.training import TrainingRequest
from trimtab.domain.versions import (
    AUTOMATIC,
    GateSaid,
    ModelVersion,
    Package,
    VersionStatus,
    earns_approval,
    followed,
    registered,
)
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.runtime import Runtime

STEPS = 8  # a version takes two at most; the rest is for lost races
ACTIONS = {
    VersionStatus.pending_approval: "VersionRegistered",
    VersionStatus.approved: "VersionApproved",
    VersionStatus.rejected: "VersionRejected",
}
TOLD_BY = {  # what an event of SageMaker is about, in our words
    "PendingManualApproval": VersionStatus.pending_approval,
    "Approved": VersionStatus.approved,
    "Rejected": VersionStatus.rejected,
}


def record_package(runtime: Runtime, detail: PackageDetail) -> ModelVersion | None:
    """Record what the registry says of the package, tell it, and approve it where the policy does."""
    model = names.model_of(runtime.settings.stage, detail.group)
    spec = runtime.models.get(model)
    if detail.status != "Completed":
        logger.info("package left alone", model=model, arn=detail.arn, status=detail.status)
        return None
    packages = Packages(runtime.sagemaker)
    package = packages.get(detail.arn)
    if package.approval == "PendingManualApproval" != detail.approval:
        # SageMaker lags behind its own event: the next delivery finds what was approved.
        raise Fault(f"{package.arn} was told as {detail.approval} and is {package.approval}")
    version, steps = _catch_up(runtime, model, package)
    told = TOLD_BY.get(detail.approval)
    if not steps and told is not None:
        steps = [told]  # made before by the same cause: its telling may have been lost
    events = [event for step in steps if (event := _event(model, version, step))]
    if events:
        runtime.bus.publish(*events)
    waits = package.approval == "PendingManualApproval"
    if waits and earns_approval(version, spec.release) and _renews(runtime, model, package):
        packages.decide(
            package.arn, "Approved", actor=AUTOMATIC, reason=version.verdict or version.reason
        )
    return version


def _catch_up(
    runtime: Runtime, model: str, package: Package
) -> tuple[ModelVersion, list[VersionStatus]]:
    """Return the version as SageMaker has it, and the steps that it took to get there."""
    versions = Versions(runtime.table)
    steps: list[VersionStatus] = []
    for _ in range(STEPS):
        record = versions.read(model, package.version)
        known = of_record(record)
        if known is not None and known.model_package_arn is None:
            raise Fault(
                f"version {known.version} of {model} was registered by {known.created_by}, not by a pipeline"
            )
        following = _next(runtime, model, known, package)
        if following is None and known is not None:
            return known, steps
        if following is not None:
            entry = _entry(runtime, model, known, following)
            if _written(versions, model, record, following, entry):
                steps.append(following.status)
    raise Fault(f"version {package.version} of {model} changed {STEPS} times while it was recorded")


def _next(
    runtime: Runtime, model: str, known: ModelVersion | None, package: Package
) -> ModelVersion | None:
    if known is not None:
        return followed(known, package, runtime.clock.now())
    execution_id = package.properties.get("execution_id")
    evaluations = Evaluations(runtime.s3, runtime.settings.bucket)
    evaluation = evaluations.get(model, execution_id) if execution_id else None
    gate = evaluation.gate if evaluation else None
    request = _request_of(runtime, model, package)
    return registered(
        package,
        evaluation.metrics if evaluation else None,
        GateSaid(gate.passed, gate.sentence) if gate else None,
        runtime.clock.now(),
        request.actor if request else None,
        run_of_version(execution_id, package.model_data_uri, request) if execution_id else None,
    )


def _request_of(runtime: Runtime, model: str, package: Package) -> TrainingRequest | None:
    """Return the request whose training made the package, if it is known."""
    request_id = package.properties.get("request_id")
    return Trainings(runtime.table).request(model, request_id) if request_id else None


def _renews(runtime: Runtime, model: str, package: Package) -> bool:
    """Whether the package was made to be released: a run that only shows whether another can be repeated was not."""
    request = _request_of(runtime, model, package)
    return request is None or request.plan.purpose not in REPEATING


def _written(
    versions: Versions, model: str, record: Record | None, version: ModelVersion, entry: AuditEntry
) -> bool:
    try:
        versions.write(model, record, version, entry)
    except Stale:
        return False
    logger.info(
        "version recorded",
        model=model,
        version=version.version,
        status=version.status.value,
        actor=entry.actor,
        reason=version.reason,
    )
    return True


def _entry(
    runtime: Runtime, model: str, before: ModelVersion | None, after: ModelVersion
) -> AuditEntry:
    return AuditEntry(
        id=runtime.new_id(),
        model=model,
        at=after.decided_at,
        actor=after.decided_by,
        action=ACTIONS[after.status],
        subject=f"version {after.version}",
        before={"status": before.status.value} if before else None,
        after={"status": after.status.value, "model_package_arn": after.model_package_arn},
        reason=after.reason,
    )


def _event(model: str, version: ModelVersion, step: VersionStatus) -> Detail | None:
    """The event of one step, or None if the version has gone on from it in another direction."""
    if step is VersionStatus.pending_approval:
        return VersionRegistered(
            model=model,
            at=version.created_at,
            reason=version.verdict or version.refusal or "registered without a gate's verdict",
            version=version.version,
            model_package_arn=version.model_package_arn or "",
        )
    if step is not version.status:
        return None
    kind = VersionApproved if step is VersionStatus.approved else VersionRejected
    return kind(
        model=model,
        at=version.decided_at,
        reason=version.reason,
        version=version.version,
        actor=version.decided_by,
    )
