"""MLflow's REST API, so that its unmodified client works against this deployment."""
