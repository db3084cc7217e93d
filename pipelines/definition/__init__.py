"""A model's pipelines, as the JSON that SageMaker runs: one trains once, and two sweep where model.yaml has a sweep.

Prepare → Check → Train or Tune → Evaluate → Gate → Register.

Plain values in, plain values out; the same spec and wiring give the same definition. Anything in the wiring may be a
CDK token. Where SageMaker fills in a value at run time there is a `Get`, a `Std:Join` or a `Std:JsonGet`.
"""

from pipelines.definition.declared import declared
from pipelines.definition.evaluating import evaluate
from pipelines.definition.gate import gate
from pipelines.definition.preparing import check, prepare
from pipelines.definition.training import train
from pipelines.definition.tuning import tune
from pipelines.definition.values import THREADS, Json
from pipelines.definition.wiring import Pipeline, Wiring
from trimtab.domain.model import ModelSpec
from trimtab.domain.plans import Variant

__all__ = ["THREADS", "Wiring", "build", "variants"]

VERSION = "2020-12-01"


def variants(spec: ModelSpec) -> tuple[Variant, ...]:
    """Return the pipelines that a model has. A grid tries everything there is: nothing is left to go on with."""
    sweep = spec.training.sweep
    if sweep is None:
        return ("train",)
    return ("train", "sweep") if sweep.strategy == "grid" else ("train", "sweep", "sweep-warm")


def build(spec: ModelSpec, wiring: Wiring, variant: Variant = "train") -> Json:
    """Return the definition of one of a model's pipelines."""
    if variant not in variants(spec):
        raise ValueError(f"{spec.name} has no pipeline of variant {variant}")
    pipeline = Pipeline(spec, wiring, variant)
    trained = train(pipeline) if pipeline.sweep is None else tune(pipeline, pipeline.sweep)
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": declared(pipeline),
        "Steps": [
            prepare(pipeline),
            check([trained, evaluate(pipeline)]),
            # Not in the branch of Check, since SageMaker nests no conditions: it waits for Evaluate, which is.
            gate(pipeline),
        ],
    }
