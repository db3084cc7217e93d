"""The archives that jobs fetch: complete, small, and the same bytes wherever they are made."""

import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from pipelines import packaging
from pipelines.code_facts import code_facts
from pipelines.spec import load
from tests.pipelines.jobs import FLIGHT_DELAYS
from trimtab.domain.recording.recipe import CodeFacts


def copied(to: Path) -> Path:
    folder = to / "flight_delays"
    shutil.copytree(FLIGHT_DELAYS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def packed(folder: Path, out: Path) -> bytes:
    packaging.write_sourcedir(folder, out)
    return out.read_bytes()


def test_a_model_s_code_is_packed_to_the_same_bytes_from_another_place_and_time(tmp_path: Path):
    copy = copied(tmp_path)
    for path in copy.iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "train.pyc").write_bytes(b"x")
    (copy / ".hidden").write_text("x")
    here = packed(FLIGHT_DELAYS, tmp_path / "a" / "here.gz")
    assert here == packed(copy, tmp_path / "b" / "there.gz")


def test_a_model_s_code_is_what_containers_need_and_no_more(tmp_path: Path):
    packed(FLIGHT_DELAYS, tmp_path / "code.gz")
    with tarfile.open(tmp_path / "code.gz") as archive:
        assert archive.getnames() == ["inference.py", "model.json", "train.py"]
        member = archive.extractfile("model.json")
        assert member is not None
        spec = json.load(member)
    assert spec["data"]["target"] == "late"
    assert set(spec) == {"name", "problem", "data", "contract", "training", "evaluation"}
    assert list(spec["contract"]["columns"]) == list(
        load(FLIGHT_DELAYS / "model.yaml").contract.columns
    )


def test_release_policy_is_not_part_of_the_code_but_training_is(tmp_path: Path):
    copy = copied(tmp_path)
    before = packed(copy, tmp_path / "before.gz")
    text = (copy / "model.yaml").read_text()
    (copy / "model.yaml").write_text(text.replace("approval: auto", "approval: manual"))
    assert packed(copy, tmp_path / "released.gz") == before
    (copy / "model.yaml").write_text(text.replace("seed: 2013", "seed: 2014"))
    assert packed(copy, tmp_path / "seeded.gz") != before


def test_the_steps_are_packed_to_the_same_bytes_each_time(tmp_path: Path):
    packaging.write_steps(tmp_path / "a" / "steps.pyz")
    packaging.write_steps(tmp_path / "b" / "steps.pyz")
    assert (tmp_path / "a" / "steps.pyz").read_bytes() == (
        tmp_path / "b" / "steps.pyz"
    ).read_bytes()


def test_the_steps_archive_holds_the_steps_and_nothing_of_the_laptop(tmp_path: Path):
    packaging.write_steps(tmp_path / "steps.pyz")
    with zipfile.ZipFile(tmp_path / "steps.pyz") as archive:
        names = archive.namelist()
        text = b"".join(archive.read(name) for name in names)
    assert {"__main__.py", "steps/prepare.py", "steps/evaluate.py"} <= set(names)
    assert all(name.endswith(".py") for name in names)
    for word in (b"pydantic", b"trimtab", b"/opt/ml", b"sklearn"):
        assert word not in text, word


def git(folder: Path, *words: str) -> None:
    told = ["-c", "user.name=ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *told, *words], cwd=folder, check=True, capture_output=True)


def test_what_git_says_of_the_code_is_of_the_packed_folders_alone(tmp_path: Path):
    model, other = tmp_path / "model", tmp_path / "other"
    for folder in (model, other):
        folder.mkdir()
        (folder / "train.py").write_text("depth = 3\n")
    assert code_facts(model) == CodeFacts()
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    first = code_facts(model)
    assert (first.branch, first.dirty, first.diff) == ("main", False, "")
    (other / "train.py").write_text("depth = 4\n")
    git(tmp_path, "commit", "-qam", "second")
    (other / "train.py").write_text("depth = 5\n")
    assert code_facts(model) == first
    (model / "train.py").write_text("depth = 6\n")
    changed = code_facts(model)
    assert (changed.commit, changed.dirty) == (first.commit, True)
    assert "+depth = 6" in changed.diff
    git(tmp_path, "checkout", "-q", "--detach")
    assert code_facts(model).branch is None


def test_what_git_says_is_written_beside_the_code(tmp_path: Path):
    out = tmp_path / "build" / "code.json"
    packaging.write_code_facts(FLIGHT_DELAYS, out)
    assert CodeFacts.model_validate_json(out.read_text()) == code_facts(
        FLIGHT_DELAYS, packaging.STEPS
    )
