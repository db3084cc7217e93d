"""Tells what there is and what happened, and takes people's approvals."""

from constructs import Construct

from infra.constructs.foundation import Foundation
from infra.constructs.http_api import HttpApi
from infra.constructs.platform_function import PlatformFunction
from infra.constructs.rights import arn
from trimtab import names
from trimtab.api.routes import of_function

# What MLflow's clients call. The paths below these are the function's own matter: it knows every endpoint of MLflow's,
# and answers one that it does not serve in words that a client shows.
MLFLOW_ROUTES = (
    "ANY /api/2.0/mlflow/{proxy+}",
    "ANY /api/3.0/mlflow/{proxy+}",
    "ANY /api/2.0/mlflow-artifacts/{proxy+}",
    "GET /version",
    "GET /health",
)

RUN_BODIES = "runs/"  # runs that are too large for the table
ARTIFACTS = "artifacts/"
PROXIED_ARTIFACTS = "artifacts/mlflow/"  # those that clients without rights in S3 write and remove


class RegistryApi(Construct):
    """Woken by people over HTTP."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation, api: HttpApi) -> None:
        super().__init__(scope, id)
        self.function = PlatformFunction(
            self, "Function", name="registry_api", foundation=foundation
        )
        api.route(self.function, *of_function("registry_api"), *MLFLOW_ROUTES)
        self._allow(foundation)

    def _allow(self, foundation: Foundation) -> None:
        group = names.model_package_group(foundation.settings.stage, "*")
        foundation.store.grant_change_state(self.function.role)
        foundation.store.grant_read_indexes(self.function.role)
        self._allow_artifacts(foundation)
        self._allow_datasets(foundation)
        foundation.store.grant_keep_runs(self.function.role)
        foundation.store.grant_read_objects(self.function.role, RUN_BODIES)
        foundation.store.grant_write_objects(self.function.role, RUN_BODIES)
        self.function.allow_publishing()
        self.function.allow(
            "sagemaker:DescribeModelPackage",
            "sagemaker:UpdateModelPackage",
            on=[arn(self, "sagemaker", f"model-package/{group}/*")],
        )

    def _allow_artifacts(self, foundation: Foundation) -> None:
        """What it signs addresses for: S3 looks at the signer's rights when one is used."""
        store, role = foundation.store, self.function.role
        store.grant_list_objects(role, ARTIFACTS)
        store.grant_read_objects(role, ARTIFACTS)
        store.grant_write_large_objects(role, ARTIFACTS)
        store.grant_remove_objects(role, PROXIED_ARTIFACTS)

    def _allow_datasets(self, foundation: Foundation) -> None:
        """It reads manifests, and signs addresses of the object versions that they pin."""
        store, role = foundation.store, self.function.role
        store.grant_read_objects(role, "datasets/")
        store.grant_read_versions(role, "incoming/")
