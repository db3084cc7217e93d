"""A data directory that cannot be used whole is refused, and left as it is."""

import json
from pathlib import Path

import pytest

from local.data_dir import DataDir
from trimtab.errors import InvalidInput


def used(path: Path) -> Path:
    """Return a directory as a cloud leaves it."""
    directory = DataDir(path)
    directory.write("sagemaker", {"version": 1})
    (path / "state").mkdir()
    (path / "state" / "sqs.json").write_text("{}")
    directory.close()
    return path


def test_a_directory_can_be_used_again(tmp_path: Path) -> None:
    again = DataDir(used(tmp_path / "data"))
    assert again.read("sagemaker") == {"version": 1}
    again.close()


@pytest.mark.parametrize("name", ["cloud.json", "sagemaker.json", "state/sqs.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    path = used(tmp_path / "data")
    (path / name).write_text('{"half": ')
    for _ in range(2):  # the first refusal has let go of the directory
        with pytest.raises(InvalidInput, match=f"{name} is not JSON") as refused:
            DataDir(path)
        assert "--data" in refused.value.hint
    assert (path / name).read_text() == '{"half": '


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = used(tmp_path / "data")
    (path / "cloud.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(InvalidInput, match="format 99"):
        DataDir(path)


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InvalidInput, match="something else"):
        DataDir(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="cannot be used"):
        DataDir(tmp_path / "file" / "data")
