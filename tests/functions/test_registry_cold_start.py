"""What a new process of registry_api loads until it has answered its first request of an MLflow client."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.dynamodb_server import Server
from tests.functions.mlflow_wire import event
from tests.moto_platform import ENVIRONMENT

ROOT = Path(__file__).parents[2]
DEAR = {
    *("boto3", "botocore.client", "botocore.session", "urllib3"),  # the table needs none of them
    *("aws_xray_sdk", "arro3", "click", "jsonschema", "numpy", "pandas", "pyarrow", "rich", "yaml"),
    "functions.registry_api.v1",  # the other half of the function
    *(
        "aws_lambda_powertools.event_handler",
        "trimtab.domain.model",
    ),  # and what only that half needs
    "trimtab.api.openapi",  # knows every schema there is
}
FIRST_REQUEST = """
import json, sys
from types import SimpleNamespace
from functions.registry_api.handler import lambda_handler
names = "function_name memory_limit_in_mb invoked_function_arn aws_request_id"
context = SimpleNamespace(**dict.fromkeys(names.split(), "cold"))
answer = lambda_handler(json.loads(sys.argv[1]), context)
print(json.dumps([answer["statusCode"], sorted(sys.modules)]))
"""


def test_a_first_request_loads_no_client_but_our_own_and_no_data_engine():
    server = Server()
    server.answers = [(200, {})]
    in_lambda = {
        "AWS_LAMBDA_FUNCTION_NAME": "trimtab-dev-registry-api",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server.url,
    }
    asked = json.dumps(event("GET", "/api/2.0/mlflow/runs/get", run_id="0" * 32))
    done = subprocess.run(
        [sys.executable, "-c", FIRST_REQUEST, asked],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **in_lambda},
        capture_output=True,
        text=True,
        check=False,
    )
    server.stop()
    assert done.returncode == 0, done.stderr
    status, loaded = json.loads(done.stdout.splitlines()[-1])
    assert status == 404, "there is no such run"
    assert [operation for operation, _ in server.asked] == ["GetItem"]
    assert DEAR & set(loaded) == set()
