"""GET /v1/models and everything below a model; POST approve and reject of a version; the API's own description."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from functions.registry_api import (
    aliases,
    approvals,
    batches,
    ideas,
    lineage,
    lists,
    models,
    mutes,
    references,
    runs,
    training,
)
from trimtab.api.bodies import Approval, ContractForms, Reasoned
from trimtab.api.queries import Sparse
from trimtab.aws.datasets import Datasets
from trimtab.aws.rollouts import Rollouts
from trimtab.domain.contract_export import json_schema, mlflow_signature
from trimtab.errors import NotFound
from trimtab.http import accepted, api, body_json, caller
from trimtab.query import cut_down, read_query
from trimtab.runtime import get_runtime

app = api()
lists.register(app)
aliases.register(app)
ideas.register(app)
batches.register(app)
runs.register(app)
lineage.register(app)
training.register(app)
mutes.register(app)
references.register(app)


@app.get("/v1/openapi.json")
def describe_api() -> dict[str, Any]:
    """Answer the OpenAPI document of all routes."""
    from trimtab.api.openapi import document  # noqa: PLC0415 (a cold start need not know every schema)

    return document()


@app.get("/v1/models/<model>")
def show_model(model: str) -> dict[str, Any]:
    """Answer what serves, what trains and what is newest."""
    runtime = get_runtime()
    return _one(models.summary(runtime, runtime.models.get(model)))


@app.get("/v1/models/<model>/contract")
def show_contract(model: str) -> dict[str, Any]:
    """Answer what data and requests of the model must look like, for this tool and others."""
    spec = get_runtime().models.get(model)
    return _one(
        ContractForms(
            digest=spec.contract.digest,
            contract=spec.contract.model_dump(mode="json", exclude_defaults=True),
            json_schema=json_schema(spec),
            mlflow=mlflow_signature(spec),
        )
    )


@app.get("/v1/models/<model>/versions/<version>")
def show_version(model: str, version: str) -> dict[str, Any]:
    """Answer where a version comes from, how good it was, and whether it may serve."""
    return _one(approvals.find(get_runtime(), model, version))


@app.get("/v1/models/<model>/rollouts/<version>")
def show_rollout(model: str, version: str) -> dict[str, Any]:
    """Answer how far the rollout of a version is, and what its steps have shown."""
    runtime = get_runtime()
    runtime.models.get(model)
    number = approvals.number(model, "rollout of version", version)
    found = Rollouts(runtime.table).get(model, number)
    if found is None:
        raise NotFound(
            f"{model} has no rollout of version {version}",
            hint=f"GET /v1/models/{model}/rollouts lists those it has",
        )
    return _one(found)


@app.get("/v1/models/<model>/datasets/<version>")
def show_dataset(model: str, version: str) -> dict[str, Any]:
    """Answer what a dataset version holds."""
    runtime = get_runtime()
    runtime.models.get(model)
    number = approvals.number(model, "dataset", version)
    return _one(Datasets(runtime.table).get(model, number))


@app.post("/v1/models/<model>/versions/<version>/approve")
def approve(model: str, version: str) -> Response[str]:
    """Ask SageMaker's registry to approve the version."""
    return accepted(
        approvals.approve(get_runtime(), model, version, caller(app), body_json(app, Approval))
    )


@app.post("/v1/models/<model>/versions/<version>/reject")
def reject(model: str, version: str) -> Response[str]:
    """Ask SageMaker's registry to reject the version."""
    return accepted(
        approvals.reject(get_runtime(), model, version, caller(app), body_json(app, Reasoned))
    )


def _one(thing: BaseModel) -> dict[str, Any]:
    return cut_down(thing.model_dump(mode="json"), read_query(app, Sparse), type(thing))
