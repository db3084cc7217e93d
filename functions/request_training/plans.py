"""Refuses what a person wishes of a run and no pipeline of this deployment can do, before it is decided on."""

from trimtab import names
from trimtab.aws.pipelines import parameters_of
from trimtab.domain.pipeline_parameters import DECIDED
from trimtab.domain.plans import Plan
from trimtab.errors import Conflict, InvalidInput
from trimtab.runtime import Runtime


def insist_on_possible(runtime: Runtime, model: str, plan: Plan) -> None:
    """Do nothing if the model's pipeline, as it is deployed, takes the plan.

    Raises Conflict if the model has no such pipeline, InvalidInput if that has no such parameters.
    """
    if plan.variant == "train" and not plan.parameters:
        return  # what every training is: nothing to look up
    pipeline = names.pipeline_name(runtime.settings.stage, model, plan.variant)
    has = parameters_of(runtime.sagemaker, pipeline)
    if has is None:
        raise Conflict(
            f"there is no pipeline {pipeline}",
            hint=f"{model} is trained once, without --sweep and --warm-start"
            if plan.variant != "train"
            else "deploy the stage again",
        )
    if unknown := sorted(plan.parameters.keys() - has.keys()):
        raise InvalidInput(
            f"{', '.join(unknown)}: no parameter of {pipeline}",
            hint=f"it takes {', '.join(sorted(has.keys() - set(DECIDED)))}",
        )
