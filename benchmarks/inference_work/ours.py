"""inference_api in this process, called as API Gateway calls it; what AWS's SDK takes of a request is told apart."""

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from botocore.client import BaseClient

from benchmarks.inference_work.columns import FEATURES
from benchmarks.tracking.our_handlers import CONTEXT, event
from trimtab import names
from trimtab.domain.columns import Column, ColumnType
from trimtab.domain.contract import Contract
from trimtab.domain.model import Data, ModelSpec, Training
from trimtab.domain.routing import Route

MODEL = "late"


@dataclass
class Spent:
    """What calls of AWS's SDK took since it was cleared."""

    seconds: float = 0.0  # of this thread's CPU: waiting for an answer is none
    calls: int = 0

    def clear(self) -> None:
        self.seconds, self.calls = 0.0, 0


class Function:
    """The function, warm."""

    def __init__(self, url: str) -> None:
        settle_in(url)
        # The logger writes to what is standard output when it is made.
        with contextlib.redirect_stdout(Path(os.devnull).open("w")):
            from functions.inference_api.handler import lambda_handler  # noqa: PLC0415 (reads the environment)
        self._handle = lambda_handler
        self.spent = Spent()
        _watch(self.spent)

    def __call__(self, rows: list[list[float]], inference_id: str | None = None) -> dict[str, Any]:
        body: dict[str, Any] = {"dataframe_split": {"columns": FEATURES, "data": rows}}
        if inference_id:
            body["inference_id"] = inference_id
        answer = self._handle(
            event("POST", f"/v1/models/{MODEL}/invocations", "", json.dumps(body)),
            CONTEXT,  # type: ignore[arg-type]
        )
        if answer["statusCode"] != 200:
            raise RuntimeError(f"the function answered {answer['statusCode']}: {answer['body']}")
        told: dict[str, Any] = json.loads(answer["body"])
        return told


def settle_in(url: str) -> None:
    """Give the services their state, and this process the function's environment."""
    spec = ModelSpec(
        name=MODEL,
        data=Data(target="late"),
        contract=Contract(
            columns={
                "late": Column(type=ColumnType.integer),
                **{name: Column(type=ColumnType.number) for name in FEATURES},
            }
        ),
        training=Training(entry_point="train.py"),
    )
    route = Route.to(1, names.endpoint_name("dev", MODEL, 1)).model_dump(mode="json")
    item = {
        "pk": {"S": f"MODEL#{MODEL}"},
        "sk": {"S": "ROUTE"},
        "revision": {"N": "1"},
        "body": {"S": json.dumps(route)},
    }
    models = json.dumps({MODEL: spec.model_dump(mode="json")})
    tell(url, objects={"/assets/models.json": models}, items={"ROUTE": item})
    os.environ.update(
        AWS_ENDPOINT_URL=url,
        AWS_ACCESS_KEY_ID="bench",
        AWS_SECRET_ACCESS_KEY="bench",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_REGION="us-east-1",
        AWS_LAMBDA_FUNCTION_NAME="bench",
        TRIMTAB_STAGE="dev",
        TRIMTAB_TABLE="table",
        TRIMTAB_BUCKET="data",
        TRIMTAB_BUS="bus",
        TRIMTAB_MODELS_URI="s3://assets/models.json",
        TRIMTAB_CAPTURE_STREAM="captures",
        POWERTOOLS_METRICS_NAMESPACE="Trimtab",
        POWERTOOLS_SERVICE_NAME="inference_api",
        POWERTOOLS_LOG_LEVEL="INFO",
    )


def tell(url: str, **state: Any) -> None:
    """Change what the services hold or do."""
    urllib3.request("PUT", url, body=json.dumps(state).encode())


def taken(url: str) -> list[str]:
    """Return the inference ids of all records that Firehose took."""
    ids: list[str] = urllib3.request("GET", f"{url}/taken").json()
    return ids


def _watch(spent: Spent) -> None:
    method = vars(BaseClient)["_make_api_call"]

    def watched(*args: Any, **kwargs: Any) -> Any:
        started = time.thread_time()
        try:
            return method(*args, **kwargs)
        finally:
            spent.seconds += time.thread_time() - started
            spent.calls += 1

    BaseClient._make_api_call = watched  # type: ignore[attr-defined]  # noqa: SLF001 (there is no other seam)
