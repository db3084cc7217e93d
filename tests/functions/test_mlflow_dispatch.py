"""MLflow's wire: what is no endpoint is told so in words that a client shows, and so is what fails."""

from tests.functions.mlflow_wire import refused


def test_an_endpoint_that_is_not_served_is_named(platform):
    assert refused("POST", "traces/search", {}) == (
        404,
        "ENDPOINT_NOT_FOUND",
        "There is no endpoint POST /api/2.0/mlflow/traces/search in this deployment.",
    )
