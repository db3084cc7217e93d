"""`python -m tests.committed_files [file…]`: what no committed file may hold; all of git's files without arguments."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LARGEST = 1 << 20  # bytes; data comes from packages, never from the repository
SECRETS = {
    "an AWS access key": re.compile(rb"\b(?:AKIA|ASIA)(?!\w*EXAMPLE\b)[A-Z2-7]{16}\b"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a GitHub token": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b"),
    "an AWS secret key": re.compile(
        rb"(?i)aws_secret_access_key\s*[=:]\s*[\"']?[A-Za-z0-9/+]{40}\b"
    ),
}


def complaints(path: Path) -> Iterator[str]:
    """Yield what is wrong with a file, with the line where there is one."""
    content = path.read_bytes()
    if len(content) > LARGEST:
        yield f"{path}: has {len(content):,} bytes; {LARGEST:,} at most"
    for what, pattern in SECRETS.items():
        if match := pattern.search(content):
            line = content.count(b"\n", 0, match.start()) + 1
            yield f"{path}:{line}: looks like {what}"
    if b"\0" in content:
        return
    for number, text in enumerate(content.splitlines(), start=1):
        if text != text.rstrip():
            yield f"{path}:{number}: ends in white space"
    if content and not content.endswith(b"\n"):
        yield f"{path}: does not end in a newline"


def committed() -> list[str]:
    """Return every file that git knows."""
    command = ["git", "ls-files", "-z"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name]


def main(names: list[str]) -> int:
    """Print every complaint; 1 if there is any."""
    found = [each for name in names if Path(name).is_file() for each in complaints(Path(name))]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or committed()))
