"""Names of what is deployed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.names import endpoint_name, of_endpoint, pipeline_name

WORD = st.text("abvz019", min_size=1, max_size=5)  # a model's name is words joined by hyphens


@given(
    st.sampled_from(["dev", "staging", "prod"]),
    st.lists(WORD, min_size=1, max_size=4).map(lambda words: "m" + "-".join(words)),
    st.integers(1, 10**6),
)
def test_an_endpoints_name_tells_model_and_version(stage: str, model: str, version: int) -> None:
    assert of_endpoint(stage, endpoint_name(stage, model, version)) == (model, version)


@pytest.mark.parametrize(
    "name",
    [
        "trimtab-prod-delays-v1",
        "delays-v1",
        "trimtab-dev-delays",
        "trimtab-dev-v1",
        "trimtab-dev-a-vx",
    ],
)
def test_the_name_of_anything_else_tells_nothing(name: str) -> None:
    assert of_endpoint("dev", name) is None


def test_the_variants_of_a_models_pipeline_have_names_of_their_own() -> None:
    assert pipeline_name("dev", "churn") == "trimtab-dev-churn"
    assert pipeline_name("dev", "churn", "sweep-warm") == "trimtab-dev-churn-sweep-warm"
