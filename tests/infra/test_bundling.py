"""A function's asset: the same bytes everywhere, changed by its own code only, and holding nothing else."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from infra.bundling import third_party
from infra.bundling.assemble import assemble
from infra.bundling.platforms import AWS, LOCAL, Platform, from_environment
from trimtab.errors import OperatorError

ROOT = Path(__file__).parents[2]
OF_DATA = ("compare_datasets", "validate_dataset")  # they carry numpy and arrow
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))


def copy_of_the_tree(to: Path) -> Path:
    """Copy what assets are cut from; the third-party trees are shared, being addressed by their lock."""
    for folder in ("functions", "trimtab", "requirements"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, to / folder, ignore=ignore)
    (to / "build").mkdir()
    (to / "build" / "bundles").symlink_to(ROOT / "build" / "bundles")
    return to


def digest(folder: Path) -> str:
    """Digest of names and contents; times and modes do not count, as in CDK's own fingerprint."""
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content.update(f"{path.relative_to(folder)}\0".encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()


def asset(root: Path, name: str, out: Path, platform: Platform = AWS) -> Path:
    lock = "lambda-data" if name in OF_DATA else "lambda"
    out.mkdir(parents=True)
    assemble(root, name, lock=lock, platform=platform, out=out)
    return out


@pytest.mark.parametrize("platform", [AWS, LOCAL], ids=["aws", "local"])
def test_another_folder_another_time_the_same_bytes(platform: Platform, tmp_path: Path) -> None:
    elsewhere = copy_of_the_tree(tmp_path / "elsewhere" / "tree")
    os.utime(elsewhere / "functions" / "roll_back" / "handler.py", (0, 0))
    here = asset(ROOT, "roll_back", tmp_path / "a", platform)
    there = asset(elsewhere, "roll_back", tmp_path / "b", platform)
    assert digest(here) == digest(there)


def test_an_edit_of_one_function_changes_one_asset(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path / "tree")
    before = {name: digest(asset(tree, name, tmp_path / "before" / name)) for name in FUNCTIONS}
    handler = tree / "functions" / "roll_back" / "handler.py"
    handler.write_text(handler.read_text() + "\n# edited\n")
    after = {name: digest(asset(tree, name, tmp_path / "after" / name)) for name in FUNCTIONS}
    assert [name for name in FUNCTIONS if before[name] != after[name]] == ["roll_back"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_asset_holds_its_own_folder_and_no_other(name: str, tmp_path: Path) -> None:
    out = asset(ROOT, name, tmp_path / name)
    assert sorted(path.name for path in (out / "functions").iterdir()) == ["__init__.py", name]
    for ours in ("infra", "pipelines", "local", "tests"):
        assert not (out / ours).exists()
    assert (out / "trimtab" / "names.py").exists()
    assert not (out / "trimtab" / "cli").exists()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_asset_holds_nothing_of_this_machine(name: str, tmp_path: Path) -> None:
    out = asset(ROOT, name, tmp_path / name)
    paths = [path.relative_to(out) for path in out.rglob("*")]
    assert not [path for path in paths if path.name in {"bin", "tests", "__pycache__", ".lock"}]
    assert not [path for path in paths if path.name in {"RECORD", "INSTALLER", "direct_url.json"}]
    assert not [path for path in paths if path.parts[0] in {"boto3", "botocore"}]
    machine = str(ROOT).encode()
    assert not [
        path for path in paths if path.suffix == ".py" and machine in (out / path).read_bytes()
    ]


def test_lambda_gets_arm_code_for_its_own_python() -> None:
    (core,) = third_party.tree(ROOT, "lambda", AWS).glob("pydantic_core/*.so")
    assert "cpython-313" in core.name
    machine = core.read_bytes()[18:20]
    assert machine == (183).to_bytes(2, "little")  # EM_AARCH64, in the ELF header


def test_only_functions_of_data_carry_numpy_and_arrow(tmp_path: Path) -> None:
    small = asset(ROOT, "inference_api", tmp_path / "small")
    large = asset(ROOT, "validate_dataset", tmp_path / "large")
    assert (large / "numpy").is_dir()
    assert (large / "arro3").is_dir()
    assert not (small / "numpy").exists()
    assert not (small / "arro3").exists()


def test_assets_are_well_below_lambdas_limit(tmp_path: Path) -> None:
    for name in FUNCTIONS:
        files = [path for path in asset(ROOT, name, tmp_path / name).rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20
        assert size < (95 if name in OF_DATA else 20), f"{name} has {size:.0f} MiB"


def test_the_platform_is_named_by_the_environment() -> None:
    assert from_environment({}) is AWS
    assert from_environment({"TRIMTAB_PLATFORM": "local"}) is LOCAL
    with pytest.raises(OperatorError, match="there is no platform 'windows'"):
        from_environment({"TRIMTAB_PLATFORM": "windows"})
