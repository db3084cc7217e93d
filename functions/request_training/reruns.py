"""POST /v1/runs/{run}/reproductions: a recorded run again, by the one decision on training; and the seeds that tell."""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.request_training.weighing import Weighing
from trimtab import names
from trimtab.api.bodies import Rerun, RerunAnswer
from trimtab.aws.pipelines import parameters_of
from trimtab.aws.run_files import RunFiles
from trimtab.aws.still_there import StillThere
from trimtab.aws.training import Trainings
from trimtab.domain.pipeline_parameters import IMAGE_URI, SEED
from trimtab.domain.plans import Plan, Variant
from trimtab.domain.recording.ids import run_id_of
from trimtab.domain.recording.recipe import Recipe
from trimtab.domain.recording.reproduction import (
    REPRODUCTION_TAG,
    SEEDS,
    next_seed,
    seed_runs_of,
)
from trimtab.domain.recording.reruns import Parameters, Wish, plan_of
from trimtab.domain.recording.runs import ORIGIN_TAG, REQUEST_TAG
from trimtab.domain.tracking.names import check_run_id
from trimtab.domain.tracking.runs import Run
from trimtab.domain.tracking.summaries import MODEL_TAG
from trimtab.domain.training import Cause, CauseKind, TrainingRequest
from trimtab.errors import InvalidInput, Irreproducible, NotFound
from trimtab.http import accepted, body_json, caller
from trimtab.runtime import Runtime, get_runtime

GONE_MOST = 20  # things that are gone, told one by one


def register(app: APIGatewayHttpResolver) -> None:
    """Give the API the route."""

    @app.post("/v1/runs/<run>/reproductions")
    def rerun(run: str) -> Response[str]:
        wished = body_json(app, Rerun)
        key = f"person-{app.current_event.request_context.request_id}"
        return accepted(
            _asked(get_runtime(), run, wished, key, caller(app)).model_dump(mode="json")
        )


def _asked(runtime: Runtime, run_id: str, wished: Rerun, key: str, actor: str) -> RerunAnswer:
    run = _found(runtime, run_id)
    model = run.tags.get(MODEL_TAG, "")
    recipe = RunFiles(runtime.s3, runtime.settings.bucket).recipe_of(run)
    if recipe is None:
        raise Irreproducible(
            f"nobody recorded the recipe of run {run_id}",
            hint="runs of training pipelines have one; a run that a client tracked is repeated where it ran",
        )
    plan = planned(runtime, run_id, recipe, wished.wish)
    reason = wished.reason or f"{plan.purpose.replace('_', ' ')} of run {run_id}"
    cause = Cause(
        kind=CauseKind.person, key=key, actor=actor, reason=reason, plan=plan, force=wished.force
    )
    weighing = Weighing(runtime, model)
    decision = weighing.weigh(cause)
    weighing.insist_on_start(decision)
    return RerunAnswer(
        decision=decision.kind,
        reason=decision.reason,
        request_id=decision.request_id,
        dataset_version=decision.dataset_version,
        waits_for=decision.waits_for,
        until=decision.until,
        model=model,
        origin_run_id=run_id,
        purpose=plan.purpose,
        parameters=plan.parameters,
    )


def planned(runtime: Runtime, run_id: str, recipe: Recipe, wish: Wish) -> Plan:
    """Return the plan of a rerun. Raises Irreproducible with all that is not there any more."""
    variant: Variant = "sweep" if wish.wider_sweep else recipe.variant
    name = names.pipeline_name(runtime.settings.stage, recipe.model, variant)
    has = parameters_of(runtime.sagemaker, name)
    if has is None:
        raise Irreproducible(
            f"there is no pipeline {name}",
            hint="this deployment has no such pipeline for the model; without --wider-sweep the recipe trains once",
        )
    there = StillThere(runtime.s3, runtime.settings.bucket)
    gone = [*there.gone(recipe, with_data=wish.on_its_own_data), *_unknown_image(recipe, has)]
    if gone:
        raise Irreproducible(
            f"run {run_id} cannot be run again: {gone[0]}"
            + (f", and {len(gone) - 1} more" if len(gone) > 1 else ""),
            hint="what is in the bucket's earlier versions can be brought back; --full-data needs no old data",
            problems=[{"field": "recipe", "message": each} for each in gone[:GONE_MOST]],
        )
    sweep = runtime.models.get(recipe.model).training.sweep if variant != "train" else None
    return plan_of(run_id, recipe, wish, has, variant, sweep.ranges if sweep else ())


def next_to_measure(runtime: Runtime, model: str, request_id: str) -> Cause | None:
    """Return the cause of the next run with another seed, if the run that ended leaves a rerun's verdict open."""
    request = Trainings(runtime.table).request(model, request_id)
    if request is None or request.execution_arn is None:
        return None
    ended = run_id_of(request.execution_arn.rpartition("/")[2])
    of = request.plan.origin_run_id if request.plan.purpose == "spread" else ended
    run = _kept(runtime, of) if of else None
    if run is None or run.tags.get(REPRODUCTION_TAG) != "measuring":
        return None
    first = Trainings(runtime.table).request(model, run.tags.get(REQUEST_TAG, ""))
    return None if first is None else _of_seed(run, first)


def _kept(runtime: Runtime, run_id: str) -> Run | None:
    """Return a run, or None if there is none yet: its execution's end may have been told before it was recorded."""
    try:
        return runtime.runs.get(run_id)
    except NotFound:
        return None


def _of_seed(run: Run, first: TrainingRequest) -> Cause:
    """The cause of one more run: the rerun's own plan with another seed."""
    number = len(seed_runs_of(run.tags)) + 1
    seed = next_seed(first.plan.parameters[SEED], number)
    plan = first.plan.model_copy(
        update={
            "purpose": "spread",
            "origin_run_id": run.id,
            "parameters": {**first.plan.parameters, SEED: seed},
        }
    )
    return Cause(
        kind=CauseKind.person,
        key=f"spread-{run.id}-{number}",
        actor=first.actor,
        reason=f"seed {number} of {SEEDS}: run {run.id} differs in its bytes from run {run.tags.get(ORIGIN_TAG)}",
        plan=plan,
    )


def _unknown_image(recipe: Recipe, has: Parameters) -> list[str]:
    """Say of an image that the pipeline's role may not pull it: its rights are for the repository of its own."""
    own = has.get(IMAGE_URI)
    if recipe.image is None or own is None or _repository(recipe.image) == _repository(str(own)):
        return []
    return [
        f"image {recipe.image} is not of the repository {_repository(str(own))} that is deployed"
    ]


def _repository(image: str) -> str:
    return image.partition("@")[0].rpartition(":")[0] or image


def _found(runtime: Runtime, run_id: str) -> Run:
    try:
        check_run_id(run_id)
    except InvalidInput:
        raise NotFound(
            f"there is no run {run_id[:100]!r}", hint="GET /v1/runs lists them"
        ) from None
    return runtime.runs.get(run_id)
