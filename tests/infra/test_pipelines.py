"""Every model's pipelines are deployed as its model.yaml asks, and SageMaker would take them."""

import json
from typing import Any

from pipelines import definition
from pipelines.definition_check import problems
from pipelines.spec import load_all
from tests.infra.conftest import Template
from tests.infra.test_rights import listed, statements
from tests.pipelines.jobs import ROOT

MODELS = load_all(ROOT / "pipelines")
SWEEPING = [name for name, each in MODELS.items() if each.spec.training.sweep]
FILLED_IN = "arn:aws:iam::000000000000:role/filled-in"


def deployed(template: Template) -> dict[str, dict[str, Any]]:
    """Return the definition of each pipeline by name; what is filled in at deployment is a word."""
    found = {}
    for each in template.resources("AWS::SageMaker::Pipeline"):
        body = each.properties["PipelineDefinition"]["PipelineDefinitionBody"]
        parts = body["Fn::Join"][1]
        text = "".join(part if isinstance(part, str) else FILLED_IN for part in parts)
        found[each.properties["PipelineName"]] = json.loads(text)
    return found


def test_each_model_has_the_pipelines_that_its_model_yaml_asks_for(platform: Template):
    ends = {"train": "", "sweep": "-sweep", "sweep-warm": "-sweep-warm"}
    asked = {
        f"trimtab-dev-{name}{ends[variant]}"
        for name, each in MODELS.items()
        for variant in definition.variants(each.spec)
    }
    found = deployed(platform)
    assert found.keys() == asked
    assert [problem for each in found.values() for problem in problems(each)] == []


def test_the_role_of_a_pipeline_may_tune_only_where_there_is_a_sweep(platform: Template):
    tuning = [
        action
        for _, statement in statements(platform)
        for action in listed(statement["Action"])
        if action == "sagemaker:CreateHyperParameterTuningJob"
    ]
    assert len(tuning) == len(SWEEPING)
