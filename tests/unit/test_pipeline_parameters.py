"""Names of pipelines and of their parameters, there and back."""

import pytest

from trimtab import names
from trimtab.domain import pipeline_parameters as parameters


def test_hyperparameters_come_back_out_of_an_execution_s_parameters():
    given = {"Seed": "1", parameters.hyperparameter("max-iter"): "50", "RequestId": "r-1"}
    assert parameters.hyperparameters_of(given) == {"max-iter": "50"}


@pytest.mark.parametrize("variant", ["train", "sweep", "sweep-warm"])
@pytest.mark.parametrize("model", ["churn", "flight-delays"])
def test_a_pipeline_s_name_tells_model_and_variant(model, variant):
    name = names.pipeline_name("dev", model, variant)
    assert names.of_pipeline("dev", name) == (model, variant)


def test_a_package_group_s_name_tells_its_model():
    group = names.model_package_group("dev", "flight-delays")
    assert names.model_of("dev", group) == "flight-delays"
