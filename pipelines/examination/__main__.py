"""`python3 -m pipelines.examination --request request.json --output folder`."""

import argparse
import sys
import traceback
from pathlib import Path

from pipelines.examination.spark import examine_object

LONGEST_MESSAGE = 1024  # bytes of an exit message that SageMaker keeps


def main() -> None:
    """Examine the object. Exit 1, with the reason as last line, where that fails."""
    options = _parser().parse_args()
    try:
        print(examine_object(options.request, options.output, options.scratch))  # noqa: T201 (the job's log)
    except Exception as error:
        traceback.print_exc()
        line = " ".join(f"{type(error).__name__}: {error}".split())
        options.exit_message.parent.mkdir(parents=True, exist_ok=True)
        options.exit_message.write_bytes(line.encode()[:LONGEST_MESSAGE])
        print(line, file=sys.stderr)  # noqa: T201 (the job's log)
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="examination", description="Examine a large file.")
    parser.add_argument("--request", type=Path, required=True, help="object and question")
    parser.add_argument("--output", type=Path, required=True, help="folder for answer.json")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the file")
    parser.add_argument("--exit-message", type=Path, required=True, help="reason of a failure")
    return parser


if __name__ == "__main__":
    main()
