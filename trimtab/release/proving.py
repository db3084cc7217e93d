"""Asks the endpoint of a version its golden request, before the version gets traffic."""

from typing import TYPE_CHECKING

from trimtab.aws.golden import GoldenRequests
from trimtab.aws.invocations import Invocations
from trimtab.domain.golden import Shown, compare
from trimtab.domain.routing import WHOLE, Target
from trimtab.domain.versions import ModelVersion
from trimtab.errors import ModelFailed

if TYPE_CHECKING:
    from trimtab.runtime import Runtime


class Proving:
    """Holds what an endpoint answers against what its version answered in the evaluation."""

    def __init__(self, runtime: "Runtime") -> None:
        self._runtime = runtime

    def show(self, model: str, version: ModelVersion, endpoint_name: str) -> Shown:
        """Ask the golden request, and return what came of it. Raises NotReady or TimedOut if nothing could be told.

        It also pays for a cold start, so that no caller has to.
        """
        golden = (
            GoldenRequests(self._runtime.s3, self._runtime.settings.bucket).get(
                model, version.execution_id
            )
            if version.execution_id
            else None
        )
        if golden is None:
            return Shown(f"no golden requests of version {version.version} are kept")
        target = Target(version=version.version, weight=WHOLE, endpoint_name=endpoint_name)
        rows = [list(row) for row in golden.data]
        try:
            answers = Invocations(self._runtime.sagemaker_runtime).predict(
                target, golden.columns, rows, self._runtime.new_id()
            )
        except ModelFailed as failure:
            return Shown(failure.message, problem=failure.message)
        return compare(golden, answers)
