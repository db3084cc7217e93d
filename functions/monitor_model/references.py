"""What one version's live traffic is compared with: the rows of its evaluation, or a period that a person accepted."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path

from trimtab.aws.drift_references import DriftReferences
from trimtab.aws.live_traffic import LiveTraffic
from trimtab.aws.versions import Versions
from trimtab.data.scored_file import read_columns
from trimtab.data.tallies import Parting, tally
from trimtab.domain.captured import PREDICTION
from trimtab.domain.columns import ColumnType
from trimtab.domain.drift.accepted import AcceptedPeriod, standing
from trimtab.domain.drift.baseline import Baseline, baseline_of
from trimtab.domain.drift.together import Projection, projection_of
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import Profile
from trimtab.domain.quality.predictions import SLOTS
from trimtab.errors import TrimtabError
from trimtab.runtime import Runtime

DAY = 24  # hours: the evaluation's rows are parted by days
WEEKS = 4  # blocks of a part of the week; fewer do not say what is usual of it
MICROSECONDS = 1_000_000
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
        self._known: dict[tuple[datetime | None, int | None], Baseline | None] = {}

    def exist(self) -> bool:
        """Whether there is anything to compare with."""
        return self._of(None, None) is not None

    def at(self, at: datetime) -> tuple[Baseline, AcceptedPeriod | None]:
        """Return what an hour or a window is compared with that begins then, and the period that it is, if it is one.

        Raises TrimtabError if there is nothing.
        """
        period = standing(self._periods, at)
        found = self._of(period, self._spec.monitoring.slot(at))
        if found is None:
            raise TrimtabError(f"version {self._version} of {self._spec.name} has no baseline")
        return found, period

    def _of(self, period: AcceptedPeriod | None, slot: int | None) -> Baseline | None:
        since = period.since if period else None
        if (since, slot) not in self._known:
            found = self._traffic.baseline(since, slot)
            if found is None:
                found = self._accepted(period, slot) if period else self._evaluated(slot)
                if found is not None:
                    self._traffic.keep_baseline(found, since, slot)
            self._known[since, slot] = found
        return self._known[since, slot]

    def _accepted(self, period: AcceptedPeriod, slot: int | None) -> Baseline:
        """The windows of a period, each a block. Their hours are counted: it is over."""
        policy = self._spec.monitoring
        starts = list(policy.windows(policy.begin(period.start), period.end))
        mine = [start for start in starts if slot is None or policy.slot(start) == slot]
        parts = self._windows(mine)
        if len(parts) < WEEKS:
            parts = self._windows(starts)
        found = baseline_of(reduce(Profile.merge, parts, Profile(columns={})), parts)
        first = self._of(None, None)  # the hours were counted by what its features have in common
        return found.model_copy(update={"projection": first.projection if first else None})

    def _windows(self, starts: Sequence[datetime]) -> list[Profile]:
        """What was counted of these windows, but for those in which nothing was."""
        length = timedelta(hours=self._spec.monitoring.window_hours)
        found = []
        for start in starts:
            hours = [hour.profile for _, hour in self._traffic.hours(start, start + length)]
            if hours:
                found.append(reduce(Profile.merge, [each.without_reference() for each in hours]))
        return found

    def _evaluated(self, slot: int | None) -> Baseline | None:
        """The rows of its evaluation, or None if they were not kept."""
        version = Versions(self._runtime.table).get(self._spec.name, self._version)
        if version is None or version.execution_id is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            scored = self._traffic.scored(version.execution_id, Path(folder))
            return None if scored is None else self._counted(scored, slot)

    def _counted(self, scored: Path, slot: int | None) -> Baseline:
        time = self._spec.data.time_column
        types, parting = column_types(self._spec), None
        if time is not None and time not in self._spec.contract.personal:
            types, parting = {**types, time: ColumnType.datetime}, Parting(time, "time")
        try:
            projection = self._projection(scored, slot)
            counted = tally(scored, types, parting=parting, projection=projection)
        except Exception as error:
            raise TrimtabError(
                f"the evaluation rows of {self._spec.name} cannot be read: {error}"
            ) from error
        whole, parts = counted.profile, counted.parts
        if slot is not None and parting is not None and self._spec.monitoring.window_hours == DAY:
            of_slot = [
                part
                for part in parts
                if self._spec.monitoring.slot(_day_of(part, parting.column)) == slot
            ]
            if len(of_slot) >= WEEKS:
                whole, parts = reduce(Profile.merge, of_slot), of_slot
        leave_out = [time] if time is not None else []
        baseline = baseline_of(whole, parts, leave_out=leave_out)
        # How many rows a day had there says nothing of how many requests one has.
        return baseline.model_copy(update={"block_rows": (), "projection": projection})

    def _projection(self, scored: Path, slot: int | None) -> Projection | None:
        """What the features of the evaluation have in common, if that is asked for; learnt once, of all its days."""
        if not self._spec.monitoring.drift.together:
            return None
        if slot is not None:
            first = self._of(None, None)
            return first.projection if first else None
        types = {name: t for name, t in column_types(self._spec).items() if name != PREDICTION}
        return projection_of(read_columns(scored, types))


def _day_of(part: Profile, time: str) -> datetime:
    """When a day's rows began."""
    numbers = part.columns[time].numbers
    return datetime.fromtimestamp(numbers.minimum / MICROSECONDS if numbers else 0, UTC)
