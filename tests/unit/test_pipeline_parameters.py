"""Names of pipelines and of their parameters, there and back."""

import json
from types import SimpleNamespace

import pytest

from trimtab import names
from trimtab.domain import pipeline_parameters as parameters
from trimtab.domain.model import Training


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


RANGES = {
    "depth": {"type": "integer", "minimum": 2, "maximum": 8},
    "rate": {"type": "continuous", "minimum": 0.01, "maximum": 1},
    "booster": {"type": "categorical", "values": ["tree", "linear"]},
}


def defaults(variant, ranges=None, **sweep):
    training = {
        "entry_point": "train.py",
        "seed": 7,
        "hyperparameters": {"depth": 4, "rate": 0.1, "booster": "tree", "quiet": True},
    }
    if ranges is not None:
        objective = {"metric": "auc", "goal": "maximize"}
        training["sweep"] = {"objective": objective, "ranges": ranges, **sweep}
    spec = SimpleNamespace(training=Training.model_validate_json(json.dumps(training)))
    return parameters.defaults(spec, source_uri="s", image_uri="i", code_uri="c", variant=variant)


def test_a_training_may_differ_in_each_hyperparameter_a_sweep_in_its_ranges():
    common = {"SourceUri": "s", "ImageUri": "i", "CodeUri": "c", "Seed": "7", "Hyper-quiet": "true"}
    each = {"Hyper-depth": "4", "Hyper-rate": "0.1", "Hyper-booster": "tree"}
    assert defaults("train") == defaults("train", RANGES) == common | each
    ends = {"Min-depth": "2", "Max-depth": "8", "Min-rate": "0.01", "Max-rate": "1.0"}
    assert defaults("sweep", RANGES) == defaults("sweep-warm", RANGES)
    assert defaults("sweep", RANGES) == common | ends | {"Trials": "20", "ParallelTrials": "2"}


def test_a_grid_counts_its_own_trials():
    told = defaults("sweep", {"booster": RANGES["booster"]}, strategy="grid")
    assert "Trials" not in told
    assert told["ParallelTrials"] == "2"


def test_a_sweep_that_goes_on_has_to_be_told_from_where():
    assert set(parameters.needed("sweep-warm")) - set(parameters.needed("sweep")) == {
        "WarmStartFrom"
    }
    assert parameters.needed("train") == parameters.DECIDED
