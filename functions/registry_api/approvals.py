"""People's approvals: given to SageMaker's registry, whose event then moves our record, so that the two are one."""

import re
from typing import Any, Literal

from trimtab.api.bodies import Reasoned
from trimtab.aws.aliases import Aliases
from trimtab.aws.packages import Packages
from trimtab.aws.versions import Versions
from trimtab.domain.versions import ModelVersion, approval_refusal, rejection_refusal
from trimtab.errors import Conflict, NotFound
from trimtab.observability import logger
from trimtab.runtime import Runtime

NUMBER = re.compile(r"[1-9][0-9]{0,7}")  # eight digits, as in the table's keys


def find(runtime: Runtime, model: str, version: str) -> ModelVersion:
    """Return one version. Raises NotFound if there is no such model or version."""
    runtime.models.get(model)
    found = Versions(runtime.table).get(model, number(model, "version", version))
    if found is None:
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
    runtime: Runtime, model: str, version: str, actor: str, why: Reasoned
) -> dict[str, Any]:
    """Ask for the approval. Raises Conflict for a version that may never serve."""
    found = find(runtime, model, version)
    packages = Packages(runtime.sagemaker)
    refusal = approval_refusal(found, packages.get(_package(model, found)).approval)
    if refusal:
        raise Conflict(refusal, hint="it stays so; train a new version")
    return _ask(packages, model, found, "Approved", actor=actor, why=why)


def reject(runtime: Runtime, model: str, version: str, actor: str, why: Reasoned) -> dict[str, Any]:
    """Ask for the rejection. Raises Conflict for the champion and for a blocked version."""
    found = find(runtime, model, version)
    champion = Aliases(runtime.table).get(model, "champion")
    refusal = rejection_refusal(found, champion.version if champion else None)
    if refusal:
        raise Conflict(
            refusal, hint=f"POST /v1/models/{model}/rollback takes traffic from a champion"
        )
    return _ask(Packages(runtime.sagemaker), model, found, "Rejected", actor=actor, why=why)


def _package(model: str, version: ModelVersion) -> str:
    """Return the version's model package. Raises Conflict if it was registered without one."""
    if version.model_package_arn is None:
        raise Conflict(
            f"version {version.version} of {model} has no model package: it was registered over MLflow's API",
            hint="only versions that a pipeline made are deployed here",
        )
    return version.model_package_arn


def _ask(
    packages: Packages,
    model: str,
    version: ModelVersion,
    approval: Literal["Approved", "Rejected"],
    *,
    actor: str,
    why: Reasoned,
) -> dict[str, Any]:
    packages.decide(_package(model, version), approval, actor=actor, reason=why.reason)
    wanted = approval.lower()
    logger.info(
        "approval asked for",
        model=model,
        version=version.version,
        wanted=wanted,
        actor=actor,
        reason=why.reason,
    )
    return {
        "model": model,
        "version": version.version,
        "status": version.status.value,
        "asked": wanted,
        "actor": actor,
        "reason": why.reason,
    }
