"""Each function is imported from its own asset alone, in an interpreter that has nothing else."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.bundling.assemble import assemble
from infra.bundling.platforms import LOCAL

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "build" / "lambda-runtime"
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))
DATA_FUNCTIONS = {"collect_labels", "compare_datasets", "monitor_model", "validate_dataset"}
NEVER = {"pandas", "aws_xray_sdk", "sagemaker", "duckdb", "pyarrow", "moto", "aws_cdk", "ministack"}
DATA_ONLY = {"arro3", "numpy"}
STARTED_LATE = {"boto3", "botocore.session", "botocore.client"}
"""boto3 costs a cold start more than everything else: it comes with the first client, not with the handler."""

PROBE = """
import importlib, json, sys
sys.path[:] = json.loads(sys.argv[2]) + [path for path in sys.path if "site-packages" not in path]
handler = importlib.import_module(f"functions.{sys.argv[1]}.handler")
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({"callable": callable(handler.lambda_handler), "files": files}))
"""


def make_asset(name: str, out: Path, root: Path = ROOT) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    lock = "lambda-data" if name in DATA_FUNCTIONS else "lambda"
    assemble(root, name, lock=lock, platform=LOCAL, out=out)
    return out


def import_handler(name: str, asset: Path) -> dict[str, Any]:
    """Import the handler as Lambda does; return the modules it brought in. Fails with the interpreter's own words."""
    path = json.dumps([str(asset), str(RUNTIME)])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", PROBE, name, path],
        cwd=asset,
        env={
            "AWS_DEFAULT_REGION": "us-east-1",
            "POWERTOOLS_SERVICE_NAME": name,
            "PATH": os.defpath,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


Imported = Callable[[str], tuple[Path, dict[str, Any]]]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """A function's asset and what importing its handler brings in, by name; each is made once."""

    @functools.cache
    def imported(name: str) -> tuple[Path, dict[str, Any]]:
        asset = make_asset(name, tmp_path_factory.mktemp("assets") / name)
        return asset, import_handler(name, asset)

    return imported


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_asset_is_all_its_handler_needs(imported: Imported, name: str) -> None:
    asset, answer = imported(name)
    assert answer["callable"]
    python = Path(os.__file__).parent
    outside = {
        module: file
        for module, file in answer["files"].items()
        if file and not any(Path(file).is_relative_to(home) for home in (asset, RUNTIME, python))
    }
    assert outside == {}
    assert not [file for file in answer["files"].values() if file and "site-packages" in file]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_cold_start_imports_no_more_than_it_needs(imported: Imported, name: str) -> None:
    modules = set(imported(name)[1]["files"])
    banned = NEVER | STARTED_LATE | (set() if name in DATA_FUNCTIONS else DATA_ONLY)
    assert modules & banned == set()


def test_its_bytecode_is_there_because_it_could_not_be_written_later(imported: Imported) -> None:
    asset, _ = imported("roll_back")
    sources = {path.with_suffix("").name for path in (asset / "trimtab").glob("*.py")}
    compiled = {
        path.name.partition(".")[0] for path in (asset / "trimtab" / "__pycache__").iterdir()
    }
    assert sources == compiled


@pytest.mark.parametrize(
    "statement", ["import click", "import functions.inference_api.handler", "import infra.settings"]
)
def test_an_import_of_what_is_not_packaged_is_found(statement: str, tmp_path: Path) -> None:
    asset = make_asset("roll_back", tmp_path / "asset")
    handler = asset / "functions" / "roll_back" / "handler.py"
    for stale in (handler.parent / "__pycache__").iterdir():
        stale.unlink()
    handler.write_text(f"{statement}\n{handler.read_text()}")
    with pytest.raises(AssertionError, match="ModuleNotFoundError"):
        import_handler("roll_back", asset)
