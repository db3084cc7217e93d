"""Names of what is deployed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.names import endpoint_name, of_endpoint


@given(
    st.sampled_from(["dev", "staging", "prod"]),
    st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True),
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
