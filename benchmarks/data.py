"""From a file to the verdict on it, whole processes: ours beside a bare scan of the same columns and five peers.

Ours reads the current file and a stored profile of the reference, which is how it is used; peers that compare are given
both files. CPU time, all on one core; ours is the median of three runs.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data_work.environments import PEERS, ROOT, NotHere, command, environment
from benchmarks.frame import Cost, Options, Row, process_cost, run

CORE = 1
# Least ratios aimed at: a peer's time and peak memory over ours, of flights and of half a million rows.
TIME = {"evidently": (25, 30), "whylogs": (None, 20), "nannyml": (None, None)}
MEMORY = {"evidently": (3, 7)}
ENOUGH_ROWS = 500_000  # of fewer, the start of Python is most of the time
SCAN = {"csv": 2.5, "parquet": 4.0}  # most times a bare scan that the verdict may take
PEAK = {"flights": 110, "500,000 rows": 160}  # MB
LARGE_PEAK = 256  # MB, at any number of rows
PACKAGE = 100  # MB, unzipped
IMPORT = 120  # ms of CPU


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this benchmark may be told."""
    parser.add_argument("--rows", type=int, default=2_500_000, help="rows of the largest table")
    parser.add_argument("--tables", type=Path, help="folder in which tables are made and kept")
    parser.add_argument("--peers", default=",".join(PEERS), help="which peers; none: ''")


def measure(options: Options) -> Iterator[Row]:
    """Yield every row."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.tables or Path(scratch)
        peers = [peer for peer in options.peers.split(",") if peer]
        # As a function's package is, and the environments of the peers.
        process_cost([sys.executable, "-m", "compileall", "-q", "trimtab", "benchmarks"], cwd=ROOT)
        yield from _package()
        yield from _table(_made(folder, "flights", 0), peers, options)
        middle = 20_000 if options.quick else 500_000
        yield from _table(
            _made(folder, "synthetic", middle), [] if options.quick else peers, options
        )
        if not options.quick:
            yield from _large(folder, options)


@dataclass(frozen=True)
class Pair:
    """A reference and a current table, as CSV and Parquet."""

    table: str
    rows: int  # 0: flights
    reference: Path  # the CSV; its profile lies beside it
    current: Path

    @property
    def name(self) -> str:
        """What the rows of the result call it."""
        return f"{self.rows:,} rows" if self.rows else self.table

    @property
    def place(self) -> int:
        """Which target is aimed at."""
        return int(self.rows > 0)


def _table(pair: Pair, peers: list[str], options: Options) -> Iterator[Row]:
    repeats = 1 if options.quick else 3
    costs = {}
    for form in ("csv", "parquet"):
        cost, scan = _in_turns([_ours(pair, form), _scan(pair, form)], repeats)
        costs[form] = cost
        yield _over_scan(pair, form, cost, scan)
    limit = PEAK.get(pair.name)
    if limit is not None:
        yield Row.within(f"{pair.name}, CSV: peak memory", costs["csv"].peak_mb, limit, "MB")
    for peer in peers:
        yield from _beside(peer, pair, costs["csv"])


def _beside(peer: str, pair: Pair, ours: Cost) -> Iterator[Row]:
    time_target = TIME.get(peer, (None, None))[pair.place]
    what = f"{pair.name}, CSV to verdict: CPU"
    try:
        words = command(peer, pair.table, pair.reference, pair.current)
        theirs = process_cost(words, env=environment(), core=CORE)
    except (NotHere, RuntimeError) as error:
        note = str(error).splitlines()[0][:150]
        yield Row(what, ours.cpu * 1e3, peer, None, target=time_target, note=note)
        return
    yield Row(what, ours.cpu * 1e3, peer, theirs.cpu * 1e3, target=time_target)
    target = MEMORY.get(peer, (None, None))[pair.place]
    what = f"{pair.name}, CSV: peak memory"
    yield Row(what, ours.peak_mb, peer, theirs.peak_mb, target=target, unit="MB")


def _large(folder: Path, options: Options) -> Iterator[Row]:
    """Doubling the rows doubles the time and leaves the memory as it is."""
    before: Cost | None = None
    for rows in (options.rows // 2, options.rows):
        pair = _made(folder, "synthetic", rows)
        for form in ("csv", "parquet"):
            cost, scan = _in_turns([_ours(pair, form), _scan(pair, form)], 1)
            yield _over_scan(pair, form, cost, scan)
            yield Row.within(f"{pair.name}, {form}: peak memory", cost.peak_mb, LARGE_PEAK, "MB")
            if form == "csv" and before is not None:
                grew = cost.cpu / before.cpu
                yield Row.within(f"{pair.name}, {form}: CPU over half the rows", grew, 2.2, "x")
            before = cost if form == "csv" else before


def _package() -> Iterator[Row]:
    """What the function's package weighs, and what its imports take."""
    trees = sorted((ROOT / "build" / "bundles").glob("lambda-data-aws-*"))
    trees = [tree for tree in trees if tree.is_dir()]
    if trees:
        sizes = [
            sum(file.stat().st_size for file in tree.rglob("*") if file.is_file()) / 1e6
            for tree in trees
        ]
        yield Row.within("validate_dataset's libraries, unzipped", max(sizes), PACKAGE, "MB")
    words = [sys.executable, "-c", "import trimtab.data.examine"]
    taken = min(process_cost(words, core=CORE).cpu for _ in range(5)) * 1e3
    bare = min(process_cost([sys.executable, "-c", ""], core=CORE).cpu for _ in range(5)) * 1e3
    yield Row.within("import of the validator, CPU", taken - bare, IMPORT, "ms")


def _made(folder: Path, table: str, rows: int) -> Pair:
    """Return the tables, made if they are not there; the reference's profile is stored beside it."""
    stem = f"synthetic-{rows}" if rows else table
    reference, current = (folder / f"{stem}-{which}.csv" for which in ("reference", "current"))
    if not current.with_suffix(".parquet").exists():
        words = [sys.executable, "-m", "benchmarks.data_work.tables", str(folder), table, str(rows)]
        process_cost(words, cwd=ROOT)
    if not reference.with_suffix(".json").exists():
        process_cost(_ours(Pair(table, rows, reference, reference), "csv"), cwd=ROOT)
    return Pair(table, rows, reference, current)


def _ours(pair: Pair, form: str) -> list[str]:
    profile = str(pair.reference.with_suffix(".json"))
    return [*_module("ours"), str(pair.current.with_suffix(f".{form}")), pair.table, profile]


def _scan(pair: Pair, form: str) -> list[str]:
    return [*_module("scan"), str(pair.current.with_suffix(f".{form}")), pair.table]


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.data_work.{name}"]


def _in_turns(commands: list[list[str]], repeats: int) -> list[Cost]:
    """Run the commands in turns and return each one's median, by CPU."""
    taken = [[process_cost(each, cwd=ROOT, core=CORE) for each in commands] for _ in range(repeats)]
    return [
        sorted(costs, key=lambda cost: cost.cpu)[len(costs) // 2]
        for costs in zip(*taken, strict=True)
    ]


def _over_scan(pair: Pair, form: str, ours: Cost, scan: Cost) -> Row:
    """The limit is so many times the scan; a ratio of 1 or more keeps it."""
    most = SCAN[form] * scan.cpu * 1e3
    note = f"a bare scan takes {scan.cpu * 1e3:,.0f} ms of CPU: {ours.cpu / scan.cpu:.1f}x of it"
    peer = f"{SCAN[form]:g} scans"
    aim = 1.0 if pair.rows >= ENOUGH_ROWS else None
    return Row(f"{pair.name}, {form}: CPU", ours.cpu * 1e3, peer, most, target=aim, note=note)


if __name__ == "__main__":
    raise SystemExit(run("data", measure, about=__doc__.splitlines()[0], arguments=arguments))
