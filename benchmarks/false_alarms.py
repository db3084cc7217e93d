"""A year of traffic in which nothing drifts, and traffic that does: alarms of our rule and of the peers' defaults."""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.data_work.environments import NotHere, environment, python_of
from benchmarks.drift_work import ours
from benchmarks.drift_work.scenes import EFFECTS, SCENES, Day, Scene, days, drifting
from benchmarks.frame import Options, Row, run
from trimtab.domain.drift.policy import DriftPolicy
from trimtab.domain.drift.report import DriftReport

SEED = 20130101
QUARTER = 91  # days
YEARS = 2  # of each scene
POLICY = DriftPolicy()
SCRIPTS = Path(__file__).parent / "drift_work" / "peers"
SOON = 3  # days in which a drift must show
PEER_DAYS = 28  # a peer takes a second for each
PEER_RUNS = 10  # times three days of the same drift
PEERS = "evidently,nannyml"
BROAD = 100  # features; more cost so much that a quarter of the days must do


@dataclass(frozen=True)
class Alarms:
    """What a rule did in one scene."""

    began: int  # incidents that opened
    days: int  # on which there was one at least
    looked_at: int  # days

    def a_quarter(self, number: int) -> float:
        return number * QUARTER / max(1, self.looked_at)


def measure(options: Options) -> Iterator[Row]:
    """Yield alarms a model and quarter where nothing drifts, then how often named effects are found in three days."""
    told = options.peers if options.peers is not None else "" if options.quick else PEERS
    peers = [peer for peer in told.split(",") if peer]
    for number, scene in enumerate(SCENES):
        if options.quick and scene.features > BROAD:
            continue
        count = (QUARTER if options.quick else YEARS * 365) // (12 if scene.features > BROAD else 1)
        yield _false_alarms(scene, count, peers, np.random.default_rng(SEED + number))
    for rows in (200, 1_000):
        for number, effect in enumerate(EFFECTS):
            chance = np.random.default_rng(SEED + 100 + number)
            yield _power(drifting(effect, rows), 10 if options.quick else 60, peers, chance)


def _false_alarms(
    scene: Scene, count: int, peers: Sequence[str], chance: np.random.Generator
) -> Row:
    reference = list(days(scene, scene.reference_days, chance))
    # One reference for each quarter, so that no luck of one reference is counted again and again.
    alarms = [0, 0]
    looked_at = 0
    sample: tuple[list[Day], list[Day]] | None = None
    while looked_at < count:
        live = list(days(scene, min(QUARTER, count - looked_at), chance))
        sample = sample or (reference, live)
        began, bad = _of_ours(scene, reference, live)
        alarms[0] += began
        alarms[1] += bad
        looked_at += len(live)
        reference = list(days(scene, scene.reference_days, chance))
    mine = Alarms(alarms[0], alarms[1], looked_at)
    told, detail = [], {"days": float(looked_at), "days_with_alarm": float(mine.days)}
    assert sample is not None
    for peer in peers:
        said = _of_peer(peer, scene, sample[0], sample[1][:PEER_DAYS])
        told.append(f"{peer}: {said if isinstance(said, str) else _words(said)}")
        if isinstance(said, Alarms):
            detail[peer] = said.a_quarter(said.days)
    return Row.within(
        f"false alarms a model and quarter: {scene.what}",
        mine.a_quarter(mine.began),
        POLICY.budget.false_alarms,
        "alarms",
        note="; ".join(told),
        detail=detail,
    )


def _of_ours(scene: Scene, reference: Sequence[Day], live: Sequence[Day]) -> tuple[int, int]:
    """Incidents that began, and days with one."""
    began = bad = 0
    was_bad = False
    for report in ours.judged(scene, reference, live, POLICY):
        if report is None:
            continue
        is_bad = report.state == "drift"
        began += is_bad and not was_bad
        bad += is_bad
        was_bad = is_bad
    return began, bad


def _of_peer(
    peer: str, scene: Scene, reference: Sequence[Day], live: Sequence[Day]
) -> Alarms | str:
    try:
        flags = _flags(peer, scene, reference, live)
    except NotHere as error:
        return str(error)
    found = np.atleast_1d(flags.any(axis=1))
    began = int(found[0]) + int(np.count_nonzero(found[1:] & ~found[:-1]))
    return Alarms(began, int(np.count_nonzero(found)), len(found))


def _flags(peer: str, scene: Scene, reference: Sequence[Day], live: Sequence[Day]) -> np.ndarray:
    """Whether the peer calls a feature drifted, by day and feature."""
    levels = [place for place in range(scene.features) if ours.is_level(scene, place)]
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "rows.npz"
        parts = {"reference": reference, "live": live}
        arrays = {
            name: np.concatenate([day.values for day in part]) for name, part in parts.items()
        }
        numbers = {
            f"{name}_day": np.repeat(np.arange(len(part)), [len(day.values) for day in part])
            for name, part in parts.items()
        }
        np.savez(table, **arrays, **numbers)
        words = [
            str(python_of(peer)),
            str(SCRIPTS / f"with_{peer}.py"),
            str(table),
            json.dumps(levels),
        ]
        ended = subprocess.run(
            words, env=environment(), capture_output=True, text=True, check=False, timeout=1200
        )
    if ended.returncode:
        raise NotHere(
            f"does not run: {(ended.stderr.strip().splitlines() or ['no word'])[-1][:120]}"
        )
    return np.array(json.loads(ended.stdout.strip().splitlines()[-1]), dtype=np.bool_)


def _words(alarms: Alarms) -> str:
    return f"{alarms.a_quarter(alarms.days):.0f} of {QUARTER} days with a drifted feature"


def _power(scene: Scene, runs: int, peers: Sequence[str], chance: np.random.Generator) -> Row:
    """How often feature 0 is named within three days of its drift, after three days without."""
    still = replace(scene, drift=None)
    found = 0
    for _ in range(runs):
        reference = list(days(still, scene.reference_days, chance))
        live = [*days(still, SOON, chance), *days(scene, SOON, chance)]
        found += _named(ours.judged(scene, reference, live, POLICY))
    told, detail = [], {"ours": found / runs}
    reference = list(days(still, scene.reference_days, chance))
    for peer in peers:
        try:
            flags = _flags(peer, scene, reference, list(days(scene, SOON * PEER_RUNS, chance)))
            detail[peer] = float(flags[:, 0].reshape(PEER_RUNS, SOON).any(axis=1).mean())
            told.append(f"{peer}: missed {100 * (1 - detail[peer]):.0f} %")
        except NotHere as error:
            told.append(f"{peer}: {error}")
    return Row(
        f"missed within {SOON} days, {scene.rows:,} rows a day: {scene.what}",
        100 * (1 - found / runs),
        "beside it",
        None,
        unit="%",
        note="; ".join(told),
        detail=detail,
    )


def _named(reports: Iterator[DriftReport | None]) -> bool:
    late = list(reports)[-SOON:]
    return any(one.column == "f0" for report in late if report for one in report.drifted())


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--peers", help=f"which, joined by commas; {PEERS} unless it is quick, none if empty"
    )


if __name__ == "__main__":
    about = (__doc__ or "").splitlines()[0]
    raise SystemExit(run("false_alarms", measure, about=about, arguments=_arguments))
