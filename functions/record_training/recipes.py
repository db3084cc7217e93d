"""Writes down what made a model: code, image, data, parameters and environment, as far as they can be known."""

from trimtab.aws.manifests import Manifests
from trimtab.aws.run_files import RunFiles
from trimtab.domain.base import Frozen
from trimtab.domain.pipeline_parameters import (
    CODE_URI,
    IMAGE_URI,
    MANIFEST_URI,
    SEED,
    SOURCE_URI,
    hyperparameters_of,
)
from trimtab.domain.recording.facts import ExecutionFacts, Job
from trimtab.domain.recording.recipe import (
    CodeFacts,
    DataPin,
    Package,
    Recipe,
    environment_of,
)
from trimtab.domain.recording.runs import EXECUTION_TAG
from trimtab.observability import logger
from trimtab.runtime import Runtime

SUBMITTED = "sagemaker_submit_directory"  # hyperparameter of script mode: where the code is
STEPS_INPUT = "code"  # of every processing job: the packed steps


class Origin(Frozen):
    """The run that is run again."""

    run_id: str
    execution_id: str
    recipe: Recipe | None


def origin_of(runtime: Runtime, run_id: str) -> Origin | None:
    """Return the run that is run again with its recipe; None if there is none, or none that was recorded."""
    run = runtime.runs.many([run_id]).get(run_id)
    arn = run.tags.get(EXECUTION_TAG) if run else None
    if run is None or arn is None:
        return None
    recipe = RunFiles(runtime.s3, runtime.settings.bucket).recipe_of(run)
    return Origin(run_id=run_id, execution_id=arn.rpartition("/")[2], recipe=recipe)


def recipe_of(runtime: Runtime, facts: ExecutionFacts, origin: Origin | None) -> Recipe:
    """Return the recipe of an execution; what an earlier event found and is gone now is taken from there."""
    files = RunFiles(runtime.s3, runtime.settings.bucket)
    earlier = files.recipe(facts.model, facts.id)
    job = facts.training
    hyperparameters = job.told if job else {}
    source = _kept(files, facts, _source_uri(facts, job))
    source = source or (earlier.source if earlier else None)
    return Recipe(
        model=facts.model,
        variant=facts.variant,
        source=source,
        steps=_kept(files, facts, _steps_uri(facts)) or (earlier.steps if earlier else None),
        code=_code(files, facts, source, origin),
        image=(job.image if job else None) or facts.parameters.get(IMAGE_URI),
        data=_pin(runtime, facts),
        parameters=facts.parameters,
        hyperparameters=hyperparameters or hyperparameters_of(facts.parameters),
        seed=hyperparameters.get("seed", facts.parameters.get(SEED)),
        environment=environment_of(files.report(facts.model, facts.id)),
    )


def _source_uri(facts: ExecutionFacts, job: Job | None) -> str | None:
    told = job.hyperparameters.get(SUBMITTED) if job else None
    return facts.parameters.get(SOURCE_URI) or told


def _steps_uri(facts: ExecutionFacts) -> str | None:
    jobs = [step.job for step in facts.steps if step.job is not None]
    return next((job.inputs[STEPS_INPUT] for job in jobs if STEPS_INPUT in job.inputs), None)


def _kept(files: RunFiles, facts: ExecutionFacts, uri: str | None) -> Package | None:
    return files.keep_code(facts.model, uri) if uri else None


def _code(
    files: RunFiles, facts: ExecutionFacts, source: Package | None, origin: Origin | None
) -> CodeFacts:
    """What git said of the code: of a rerun of the same bytes, what it said of them the first time."""
    before = origin.recipe if origin else None
    if before and before.source and source and before.source.sha256 == source.sha256:
        return before.code
    uri = facts.parameters.get(CODE_URI)
    told = files.at(uri) if uri else None
    return CodeFacts() if told is None else CodeFacts.model_validate_json(told)


def _pin(runtime: Runtime, facts: ExecutionFacts) -> DataPin | None:
    uri = facts.parameters.get(MANIFEST_URI, "")
    here = f"s3://{runtime.settings.bucket}/"
    if not uri.startswith(here):
        return None
    try:
        manifest, _ = Manifests(runtime.s3, runtime.settings.bucket).at(uri.removeprefix(here))
    except (ValueError, runtime.s3.exceptions.NoSuchKey) as error:
        logger.warning("manifest not readable", manifest_uri=uri, reason=str(error))
        return None
    return DataPin(
        manifest_uri=uri,
        digest=manifest.digest,
        dataset_version=manifest.version,
        rows=manifest.rows,
        batches=len(manifest.batches),
    )
