"""`python3 steps.pyz prepare …` and `… evaluate …`: every path is an argument, every failure one last line."""

import argparse
import sys
import traceback
from pathlib import Path

from .failure import StepFailure

LONGEST_MESSAGE = 1024  # bytes of an exit message that SageMaker keeps


def main() -> None:
    """Run the step that the command line names. Exit 1, with the reason as last line, where it fails."""
    options = _parser().parse_args()
    try:
        print(_run(options))  # noqa: T201 (the job's log)
    except StepFailure as failure:
        _end(str(failure), options.exit_message)
    except Exception as error:
        traceback.print_exc()
        _end(f"{type(error).__name__}: {error}", options.exit_message)


def _run(options: argparse.Namespace) -> str:
    if options.step == "prepare":
        from .prepare import prepare  # noqa: PLC0415 (each step pays for its own imports)

        folders = (options.train, options.evaluation, options.check)
        return prepare(options.source, options.manifest_uri, *folders, changed=options.set)
    from .evaluate import Champion, evaluate  # noqa: PLC0415

    champion = Champion.named(options.champion_version, options.champion_uri)
    return evaluate(
        options.source, options.evaluation, options.challenger, champion, options.output
    )


def _end(reason: str, exit_message: Path | None) -> None:
    line = " ".join(reason.split())
    if exit_message is not None:
        exit_message.parent.mkdir(parents=True, exist_ok=True)
        exit_message.write_bytes(line.encode()[:LONGEST_MESSAGE])
    print(line, file=sys.stderr)  # noqa: T201 (the job's log)
    sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="steps", description="A step of a training pipeline.")
    steps = parser.add_subparsers(dest="step", required=True)
    prepare = steps.add_parser("prepare", help="split a dataset version by time")
    prepare.add_argument("--manifest-uri", required=True)
    prepare.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="hyperparameters of this run"
    )
    prepare.add_argument("--train", type=Path, required=True, help="folder for train.csv")
    prepare.add_argument("--check", type=Path, required=True, help="folder for check.json")
    evaluate = steps.add_parser("evaluate", help="judge a challenger")
    evaluate.add_argument("--challenger", type=Path, required=True, help="folder of model.tar.gz")
    evaluate.add_argument("--champion-version", required=True, help="number, or none")
    evaluate.add_argument("--champion-uri", required=True, help="s3://…/model.tar.gz, or none")
    evaluate.add_argument("--output", type=Path, required=True, help="folder for evaluation.json")
    for step in (prepare, evaluate):
        step.add_argument("--source", type=Path, required=True, help="folder of the packed code")
        step.add_argument("--evaluation", type=Path, required=True, help="of evaluation.csv")
        step.add_argument("--exit-message", type=Path, help="file for the reason of a failure")
    return parser


if __name__ == "__main__":
    main()
