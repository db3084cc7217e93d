"""The parameters that a pipeline declares: what an execution is told, and what it may do otherwise than model.yaml."""

from pipelines.definition.values import Json
from pipelines.definition.wiring import Pipeline
from trimtab.domain import pipeline_parameters as parameters


def declared(pipeline: Pipeline) -> list[Json]:
    """Return the parameters: those without a default first."""
    wiring = pipeline.wiring
    defaults = parameters.defaults(
        pipeline.spec,
        source_uri=wiring.source_uri,
        image_uri=wiring.image_uri,
        code_uri=wiring.code_uri,
        variant=pipeline.variant,
    )
    return [{"Name": name, "Type": "String"} for name in parameters.needed(pipeline.variant)] + [
        _with_default(pipeline, name, value) for name, value in defaults.items()
    ]


def _with_default(pipeline: Pipeline, name: str, value: str) -> Json:
    if pipeline.sweep is not None and name in parameters.WHOLE:
        return {"Name": name, "Type": "Integer", "DefaultValue": int(value)}
    return {"Name": name, "Type": "String", "DefaultValue": value}
