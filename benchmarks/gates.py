"""January's champion against the challenger of each later month, and challengers that nobody should release: the gate's
verdicts on real flights, with their intervals."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.frame import Options, Row, run
from pipelines import packaging
from pipelines.flight_delays import data

ROOT = Path(__file__).parents[1]
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
QUICK = ("january", "february", "october")
WRONG = 4  # challengers that must be refused, each for its own reason


def measure(options: Options) -> Iterator[Row]:
    """Yield a row a challenger: what it lost against the champion, beside the margin that it may lose."""
    months = QUICK if options.quick else MONTHS
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        packaging.write_sourcedir(ROOT / "pipelines/flight_delays", folder / "model" / "packed.gz")
        for month in months:
            data.write_month(MONTHS.index(month) + 1, folder / f"{month}.csv")
        reports = list(_reports(folder, months))
    for report in reports[:-WRONG]:
        yield _of_month(report)
    for report in reports[-WRONG:]:
        yield _of_wrong(report)


def _of_month(report: dict[str, Any]) -> Row:
    gain, gate = report["difference"], report["gate"]
    mine = report["metrics"]["auc"]["value"]
    champions = report["champion"]["metrics"]["auc"]["value"]
    told = (
        f"{'passed' if gate['passed'] else 'REFUSED'}: gain {gain['value']:+.3f}"
        f" ({gain['low']:+.3f} to {gain['high']:+.3f})"
    )
    if not gate["passed"]:
        told += f"; {gate['sentence']}"
    what = f"challenger of {report['challenger']}"
    detail = {**gain, "passed": float(gate["passed"]), "rows": float(report["rows"])}
    return Row(
        what,
        1 - mine,
        "January's champion",
        1 - champions,
        unit="1 - AUC",
        note=told,
        detail=detail,
    )


def _of_wrong(report: dict[str, Any]) -> Row:
    refused = not report["gate"]["passed"]
    what = f"{report['challenger']}: let through"
    return Row.within(what, float(not refused), 0.5, "times", note=report["gate"]["sentence"])


def _reports(folder: Path, months: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    python = ROOT / ".venv-jobs" / "bin" / "python"
    containers = ROOT / "local" / "sagemaker" / "containers"
    path = f"{python.parent}:{containers / 'bin'}:/usr/bin:/bin"
    ended = subprocess.run(
        [str(python), "-m", "benchmarks.gate_work.challengers", str(folder), *months],
        cwd=ROOT,
        env={"PATH": path, "PYTHONPATH": f"{containers}:{ROOT}", "OMP_WAIT_POLICY": "PASSIVE"},
        stdout=subprocess.PIPE,
        stderr=sys.stderr,
        text=True,
        check=True,
    )
    yield from map(json.loads, ended.stdout.splitlines())


if __name__ == "__main__":
    about = "The gate's verdicts on real challengers, and on wrong ones."
    raise SystemExit(run("gates", measure, about=about))
