"""What no committed file may hold is found."""

from pathlib import Path

import pytest

from tests.committed_files import LARGEST, complaints


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"key = AKIA" + b"A" * 16 + b"\n", "1: looks like an AWS access key"),
        (b"\n-----BEGIN RSA PRIVATE" + b" KEY-----\n", "2: looks like a private key"),
        (b"a\nb \n", "2: ends in white space"),
        (b"no newline", "does not end in a newline"),
        (b"x" * LARGEST + b"\n", "bytes; 1,048,576 at most"),
    ],
)
def test_it_is_named_with_its_line(content: bytes, says: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    (complaint,) = complaints(file)
    assert complaint.startswith(str(file))
    assert says in complaint


def test_a_clean_file_gives_no_complaint(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("clean\n")
    assert list(complaints(file)) == []
