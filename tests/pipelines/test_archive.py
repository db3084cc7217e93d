"""A model's archive is unpacked by any Python, and never beside its folder."""

import io
import tarfile
from pathlib import Path

import pytest

from pipelines.steps.archive import unpack

pytestmark = pytest.mark.filterwarnings("ignore:Python 3.14 will:DeprecationWarning")


@pytest.fixture(params=["with tarfile's filters", "without them"])
def any_python(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without them":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


def packed(to: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(to, "w:gz") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return to


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.usefixtures("any_python")
def test_files_and_folders_are_unpacked_without_the_archives_rights_to_write(
    tmp_path: Path,
) -> None:
    loose = member("code/run.sh")
    loose.mode = 0o6777
    archive = packed(tmp_path / "m.tar.gz", (member("./model.json"), b"{}"), (loose, b"#!"))

    folder = unpack(archive, tmp_path / "to")

    assert (folder / "model.json").read_bytes() == b"{}"
    assert (folder / "code/run.sh").stat().st_mode & 0o7777 == 0o755


@pytest.mark.usefixtures("any_python")
@pytest.mark.parametrize(
    "bad",
    [
        member("../outside.txt"),
        member("code/../../outside.txt"),
        member("link", tarfile.SYMTYPE, "../../outside.txt"),
        member("device", tarfile.CHRTYPE),
    ],
    ids=["above", "above by a detour", "a link out", "a device"],
)
def test_a_member_that_would_lie_outside_or_is_no_file_is_refused_before_anything_of_it_is_written(
    bad: tarfile.TarInfo, tmp_path: Path
) -> None:
    archive = packed(tmp_path / "m.tar.gz", (bad, b""))

    with pytest.raises(tarfile.TarError):
        unpack(archive, tmp_path / "to/here")

    assert not list(tmp_path.rglob("outside.txt"))
    assert not list((tmp_path / "to/here").iterdir())
