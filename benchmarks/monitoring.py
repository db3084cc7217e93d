"""What watching costs: a report of a million live rows beside the peers', one hour's tick, a year of hours added up."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.data_work.environments import NotHere, environment, python_of
from benchmarks.frame import Options, Row, process_cost, run
from benchmarks.frame.process import Cost
from trimtab.domain.cells import Cells
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.adding import added
from trimtab.domain.drift.baseline import Baseline, LiveWindow, baseline_of
from trimtab.domain.drift.judging import judge_window
from trimtab.domain.drift.page import drift_page
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.profile import Profile, profile_of

SEED = 20130101
FEATURES = 20
SCRIPTS = Path(__file__).parent / "drift_work" / "peers"
PEERS = {"evidently": "report_of_evidently.py", "nannyml": "report_of_nannyml.py"}
TIMES_FASTER = 10.0  # of Evidently and NannyML, whole process
TICK_MS = 250.0  # one hour's captures of 20 features: profile, judge, draw
YEAR_SECONDS = 60.0  # 8,760 hourly profiles of 20 features
HOURS = 8_760


def measure(options: Options) -> Iterator[Row]:
    """Yield the whole process beside each peer, then what a monitor does each hour and once a year."""
    rows = 100_000 if options.quick else 1_000_000
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / f"{name}.csv" for name in ("reference", "live")]
        for number, file in enumerate(files):
            _write(file, rows, number)
        yield from _reports(files, rows)
    yield from _ticks(50 if options.quick else 300)


def _reports(files: list[Path], rows: int) -> Iterator[Row]:
    command = [str(Path(sys.executable).with_name("trimtab")), "drift", "check"]
    command += ["--reference", str(files[0]), "--current", str(files[1]), "--output", "json"]
    page = files[0].with_name("drift.html")
    mine = process_cost(_ending_well([*command, "--html", str(page)]))
    for peer, script in PEERS.items():
        what = f"drift report of {rows:,} × {FEATURES} rows against as many, whole process"
        try:
            theirs = _peer(peer, script, files)
        except NotHere as error:
            yield Row(f"{what}: {peer}", mine.wall, peer, None, unit="s", note=str(error))
            continue
        yield Row(
            what,
            mine.wall,
            peer,
            theirs.wall,
            target=TIMES_FASTER,
            unit="s",
            note=f"ours {mine.peak_mb:.0f} MB, {peer} {theirs.peak_mb:.0f} MB",
            detail={"cpu_s": mine.cpu, "peer_cpu_s": theirs.cpu},
        )
        yield Row(f"{what}: memory", mine.peak_mb, peer, theirs.peak_mb, target=3.0, unit="MB")


def _ending_well(command: list[str]) -> list[str]:
    """Drift is no failure of the process here."""
    return ["/bin/sh", "-c", '"$@" > /dev/null || [ $? = 3 ]', "sh", *command]


def _peer(peer: str, script: str, files: list[Path]) -> Cost:
    command = [str(python_of(peer)), str(SCRIPTS / script), *map(str, files)]
    try:
        return process_cost(command, env=environment())
    except (RuntimeError, subprocess.SubprocessError) as error:
        raise NotHere(f"does not run: {error}"[:150]) from error


def _ticks(hours: int) -> Iterator[Row]:
    chance = np.random.default_rng(SEED)
    baseline = baseline_of(_profile(chance.normal(size=(100_000, FEATURES)), None))
    parts = [_profile(chance.normal(size=(1_000, FEATURES)), baseline) for _ in range(hours)]
    started = time.perf_counter()
    live = chance.normal(size=(1_000, FEATURES))
    for _ in range(10):
        window = LiveWindow(profile=_profile(live, baseline), hours=1.0)
        report = judge_window(baseline, window, DriftPolicy())
        page = drift_page(report, title="an hour")
    tick = (time.perf_counter() - started) * 100
    size = len(parts[0].model_dump_json().encode())
    yield Row.within(
        "one hour of 1,000 rows × 20: profile, judge, draw the page",
        tick,
        TICK_MS,
        "ms",
        note=f"the page has {len(page.encode()) // 1000} KB, the profile {size // 1000} KB",
    )
    started = time.perf_counter()
    whole = added(parts)
    took = (time.perf_counter() - started) / hours
    yield Row.within(
        "a year of hourly profiles, added up",
        took * HOURS,
        YEAR_SECONDS,
        "s",
        note=f"{took * 1e3:.1f} ms each, measured on {hours}; sum {len(whole.model_dump_json()) // 1000} KB",
    )


def _profile(values: np.ndarray, baseline: Baseline | None) -> Profile:
    references = {} if baseline is None else baseline.references()
    none = np.zeros(len(values), dtype=np.bool_)
    columns = {}
    for place in range(values.shape[1]):
        cells = Cells(ColumnType.number, none, none, str, numbers=values[:, place].copy())
        columns[f"f{place}"] = profile_of(cells, references.get(f"f{place}"))
    return Profile(rows=len(values), columns=columns)


def _write(file: Path, rows: int, seed: int) -> None:
    """Sixteen numbers and four columns of levels, of which two drift."""
    chance = np.random.default_rng(SEED + seed)
    with file.open("w", encoding="utf-8") as out:
        out.write(",".join(f"f{place}" for place in range(FEATURES)) + "\n")
        for size in (min(100_000, rows - done) for done in range(0, rows, 100_000)):
            values = chance.normal(0.5 * seed * (np.arange(16) == 0), 1, (size, 16)).round(4)
            levels = chance.integers(0, (3, 12, 40, 900), (size, 4))
            out.writelines(
                ",".join(map(str, numbers))
                + ","
                + ",".join(f"level {each}" for each in names)
                + "\n"
                for numbers, names in zip(values.tolist(), levels.tolist(), strict=True)
            )


if __name__ == "__main__":
    raise SystemExit(run("monitoring", measure, about=(__doc__ or "").splitlines()[0]))
