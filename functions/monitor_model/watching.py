"""One model's champion: its baseline, the hours of its captures, and the windows that are over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce

from aws_lambda_powertools.metrics import MetricUnit

from functions.monitor_model.measuring import Measuring
from functions.monitor_model.references import References, column_types, sliced_by
from functions.monitor_model.telling import Telling
from trimtab.aws.aliases import Aliases
from trimtab.aws.drift_mutes import DriftMutes
from trimtab.aws.ground_truth import GroundTruth
from trimtab.aws.live_traffic import LiveTraffic
from trimtab.aws.table import Record
from trimtab.aws.watches import Watches
from trimtab.domain.aliases import Alias
from trimtab.domain.captured import LATE, PREDICTION, Capture
from trimtab.domain.drift.baseline import Baseline, LiveWindow
from trimtab.domain.drift.incidents import Followed, Mute, follow
from trimtab.domain.drift.judging import judge_window
from trimtab.domain.drift.page import drift_page
from trimtab.domain.drift.report import Cause, DriftReport
from trimtab.domain.events import DriftCleared, DriftDetected
from trimtab.domain.metrics import DRIFT_INCIDENTS, DRIFTED_COLUMNS
from trimtab.domain.model import ModelSpec
from trimtab.domain.monitoring import full_hour
from trimtab.domain.profile import ColumnCounter, Profile
from trimtab.domain.quality.predictions import predicted
from trimtab.domain.watched import Watch, WatchedWindow, blinded, detected, kept
from trimtab.observability import logger, metrics
from trimtab.runtime import Runtime

CAUSES: tuple[Cause, ...] = ("data", "prediction", "feed")


class Watching:
    """Watches one model."""

    def __init__(self, runtime: Runtime, spec: ModelSpec) -> None:
        self._runtime = runtime
        self._spec = spec
        self._types = column_types(spec)
        self._watches = Watches(runtime.table)
        self._telling = Telling(runtime, spec.name, self._watches)
        self._measuring = Measuring(runtime, spec)
        self._truth = GroundTruth(runtime.s3, runtime.settings.bucket, spec.name)

    def look(self) -> int:
        """Count what arrived, judge what is over, and return how many windows that were."""
        champion = Aliases(self._runtime.table).get(self._spec.name, Alias.champion)
        if champion is None or champion.version is None:
            return 0
        version, now = champion.version, self._runtime.clock.now()
        traffic = self._traffic(version)
        references = References(self._runtime, self._spec, traffic, version)
        if not references.exist():
            logger.info("nothing to compare with", model=self._spec.name, version=version)
            return 0
        self._telling.tell(version)
        self._count(traffic, references, version, now)
        challenger = self._count_others(version, now)
        judged = 0
        while self._judge_next(traffic, references, version, champion.at):
            judged += 1
        # After it: what was estimated of a window is told beside what its labels say.
        self._measuring.look(version, champion.at, challenger)
        return judged

    def _traffic(self, version: int) -> LiveTraffic:
        runtime = self._runtime
        return LiveTraffic(runtime.s3, runtime.settings.bucket, self._spec.name, version)

    def _count(
        self, traffic: LiveTraffic, references: References, version: int, now: datetime
    ) -> None:
        def note(captures: Sequence[Capture]) -> None:
            self._truth.note(predicted(captures, version, sliced_by(self._spec)))

        arrived = traffic.arrived(full_hour(now - LATE))
        for hour, objects in traffic.unread(arrived).items():
            baseline, _ = references.at(hour)
            traffic.take_in(hour, objects, self._types, baseline, note)
        traffic.keep_read(arrived)

    def _count_others(self, champion: int, now: datetime) -> int | None:
        """Count what other versions answered that have, or lately had, requests: labels come for these too.

        Returns the challenger, if there is one.
        """
        aliases, found = Aliases(self._runtime.table), {}
        for alias in (Alias.challenger, Alias.previous):
            move = aliases.get(self._spec.name, alias)
            if move is None or move.version in (None, champion):
                continue
            found[alias] = move.version
            traffic = self._traffic(move.version)
            references = References(self._runtime, self._spec, traffic, move.version)
            if references.exist():
                self._count(traffic, references, move.version, now)
        return found.get(Alias.challenger)

    def _judge_next(
        self, traffic: LiveTraffic, references: References, version: int, promoted_at: datetime
    ) -> bool:
        """Judge the oldest window that is over and not judged yet. Returns whether there was one."""
        policy, now = self._spec.monitoring, self._runtime.clock.now().replace(microsecond=0)
        record, watch = self._watches.read(self._spec.name, version)
        begin = policy.begin(promoted_at)
        watch = watch or Watch(version=version, since=begin, judged_until=begin)
        # While another version was champion, this one had no windows.
        start = next(policy.due(max(watch.judged_until, begin), now), None)
        if start is None:
            return False
        end = start + timedelta(hours=policy.window_hours)
        baseline, period = references.at(start)
        # What windows showed beside another baseline says nothing beside this one.
        traces = () if period and period.since == start else watch.traces
        counted = [hour.profile for _, hour in traffic.hours(start, end)]
        nothing = Profile(columns={}) if counted else self._nothing(baseline)
        profile = reduce(Profile.merge, counted, nothing)
        live = LiveWindow(profile=profile, hours=policy.window_hours)
        report = judge_window(baseline, live, policy.drift, traces, predictions=[PREDICTION])
        uri = traffic.keep_report(
            start, report.model_dump_json(), self._page(report, version, start)
        )
        window = WatchedWindow(
            version=version,
            start=start,
            end=end,
            state=report.state,
            reason=report.sentence,
            rows=report.rows,
            drifted=tuple(dict.fromkeys(one.column for one in report.drifted())),
            judged_at=now,
            report_uri=uri,
            estimate=self._measuring.estimate(version, start, end, report, profile),
        )
        self._keep(record, watch.model_copy(update={"traces": traces}), window, report)
        return True

    def _nothing(self, baseline: Baseline) -> Profile:
        """No row at all, in columns that are there: nothing can be told of them, but nothing is wrong with them."""
        references = baseline.references()
        columns = {
            name: ColumnCounter(column.type, references.get(name)).profile()
            for name, column in baseline.columns.items()
        }
        return Profile(columns=columns)

    def _keep(
        self, record: Record | None, watch: Watch, window: WatchedWindow, report: DriftReport
    ) -> None:
        followed = {cause: self._followed(watch, report, cause, window) for cause in CAUSES}
        told = [
            event
            for cause, each in followed.items()
            if (event := detected(self._spec.name, window, report, cause, each))
        ]
        blind = 0 if window.state in ("ok", "drift") else watch.blind + 1
        still_open = {
            cause: each.incident
            for cause, each in followed.items()
            if each.incident is not None and each.incident.closed_at is None
        }
        further = watch.model_copy(
            update={
                "judged_until": window.end,
                "traces": kept(watch.traces, report.trace, 2 * report.rule.of),
                "incidents": still_open,
                "detected": tuple(one for one in told if isinstance(one, DriftDetected)),
                "cleared": tuple(one for one in told if isinstance(one, DriftCleared)),
                "blind": blind,
                "blinded": blinded(self._spec.name, "drift", window, blind),
            }
        )
        if self._telling.keep(record, further, window, report=window.report_uri):
            self._measure(window, len(still_open))

    def _followed(
        self, watch: Watch, report: DriftReport, cause: Cause, window: WatchedWindow
    ) -> Followed:
        # The id is made of what opens the incident: whoever judges the window again names it alike.
        id_ = f"{self._spec.name}-v{window.version}-{cause}-{window.start:%Y%m%dT%H}"
        open_one = watch.incidents.get(cause)
        return follow(
            open_one, report, cause, at=window.judged_at, new_id=id_, mutes=self._mutes(window)
        )

    def _mutes(self, window: WatchedWindow) -> tuple[Mute, ...]:
        muted = DriftMutes(self._runtime.table).get(self._spec.name).standing(window.judged_at)
        return tuple(one.mute for one in muted)

    def _measure(self, window: WatchedWindow, incidents: int) -> None:
        metrics.add_dimension(name="stage", value=self._runtime.settings.stage)
        metrics.add_dimension(name="model", value=self._spec.name)
        metrics.add_metric(name=DRIFTED_COLUMNS, unit=MetricUnit.Count, value=len(window.drifted))
        metrics.add_metric(name=DRIFT_INCIDENTS, unit=MetricUnit.Count, value=incidents)
        metrics.flush_metrics()

    def _page(self, report: DriftReport, version: int, start: datetime) -> str:
        return drift_page(
            report, title=f"{self._spec.name} v{version}, from {start:%Y-%m-%d %H:%M}"
        )
