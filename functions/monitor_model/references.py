"""What one version's live traffic is compared with: the rows of its evaluation, or a period that a person accepted."""

import tempfile
from datetime import datetime
from functools import reduce
from pathlib import Path

from trimtab.aws.drift_references import DriftReferences
from trimtab.aws.live_traffic import LiveTraffic
from trimtab.aws.versions import Versions
from trimtab.data.tallies import Parting, tally
from trimtab.domain.captured import PREDICTION
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.accepted import AcceptedPeriod, standing
from trimtab.domain.drift.baseline import Baseline, baseline_of
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import Profile
from trimtab.domain.quality.predictions import SLOTS
from trimtab.errors import TrimtabError
from trimtab.runtime import Runtime

TEXTS = (ColumnType.string, ColumnType.boolean)


def column_types(spec: ModelSpec) -> dict[str, ColumnType]:
    """The columns that captures have and drift is asked of: times go by, and personal ones are in no capture."""
    contract = spec.contract
    features = {
        name: contract.types[name]
        for name in spec.features
        if name not in contract.personal and contract.types[name] is not ColumnType.datetime
    }
    return {**features, PREDICTION: ColumnType.number}


def sliced_by(spec: ModelSpec) -> list[str]:
    """The columns by whose values quality is judged as well: texts, and yes or no, four at most."""
    types = column_types(spec)
    wanted = [name for name in spec.evaluation.slices if types.get(name) in TEXTS]
    return wanted[:SLOTS]


class References:
    """The baselines of one version, each counted once and kept."""

    def __init__(
        self, runtime: Runtime, spec: ModelSpec, traffic: LiveTraffic, version: int
    ) -> None:
        self._runtime = runtime
        self._spec = spec
        self._traffic = traffic
        self._version = version
        self._periods = DriftReferences(runtime.table).of(spec.name, version)
        self._known: dict[datetime | None, Baseline] = {}

    def exist(self) -> bool:
        """Whether there is anything to compare with."""
        return self._first() is not None

    def at(self, at: datetime) -> tuple[Baseline, AcceptedPeriod | None]:
        """Return what an hour or a window is compared with that begins then, and the period that it is, if it is one.

        Raises TrimtabError if there is nothing.
        """
        period = standing(self._periods, at)
        since = period.since if period else None
        if since not in self._known:
            found = self._accepted(period) if period else self._first()
            if found is None:
                raise TrimtabError(f"version {self._version} of {self._spec.name} has no baseline")
            self._known[since] = found
        return self._known[since], period

    def _accepted(self, period: AcceptedPeriod) -> Baseline:
        """The windows of a period, each a block. Their hours are counted: it is over."""
        if (kept := self._traffic.baseline(period.since)) is not None:
            return kept
        blocks: dict[datetime, Profile] = {}
        policy = self._spec.monitoring
        for at, hour in self._traffic.hours(period.start, period.end):
            window = policy.begin(at)
            counted = hour.profile.without_reference()
            blocks[window] = blocks[window].merge(counted) if window in blocks else counted
        parts = [blocks[window] for window in sorted(blocks)]
        whole = reduce(Profile.merge, parts, Profile(columns={}))
        baseline = baseline_of(whole, parts)
        self._traffic.keep_baseline(baseline, period.since)
        return baseline

    def _first(self) -> Baseline | None:
        """The rows of its evaluation, or None if they were not kept."""
        if (known := self._known.get(None)) is not None:
            return known
        found = self._traffic.baseline() or self._evaluated()
        if found is not None:
            self._known[None] = found
        return found

    def _evaluated(self) -> Baseline | None:
        version = Versions(self._runtime.table).get(self._spec.name, self._version)
        if version is None or version.execution_id is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            scored = self._traffic.scored(version.execution_id, Path(folder))
            if scored is None:
                return None
            baseline = self._counted(scored)
        self._traffic.keep_baseline(baseline)
        return baseline

    def _counted(self, scored: Path) -> Baseline:
        time = self._spec.data.time_column
        types, parting = column_types(self._spec), None
        if time is not None and time not in self._spec.contract.personal:
            types, parting = {**types, time: ColumnType.datetime}, Parting(time, "time")
        try:
            counted = tally(scored, types, parting=parting)
        except Exception as error:
            raise TrimtabError(
                f"the evaluation rows of {self._spec.name} cannot be read: {error}"
            ) from error
        leave_out = [time] if time is not None else []
        baseline = baseline_of(counted.profile, counted.parts, leave_out=leave_out)
        # How many rows a day had there says nothing of how many requests one has.
        return baseline.model_copy(update={"block_rows": ()})
