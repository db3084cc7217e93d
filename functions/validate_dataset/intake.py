"""From an object version that arrived to the receipt of what became of it."""

from functools import cached_property
from typing import Any

from trimtab.aws.dataset_versions import DatasetVersions
from trimtab.aws.datasets import Datasets, receipt_of
from trimtab.aws.examinations import Examinations
from trimtab.aws.incoming import Download, Incoming, ObjectGone
from trimtab.data.examine import examine
from trimtab.domain.anomalies import Anomaly, AnomalyCode, cut, in_one_sentence
from trimtab.domain.datasets import NO_MODEL, Arrival, Batch, Outcome, Receipt, Report
from trimtab.domain.evolution import told_of
from trimtab.domain.examination import Answer, Asked, Examination, Question
from trimtab.domain.manifests import labelled_rows, newest_moment
from trimtab.domain.model import ModelSpec
from trimtab.domain.profile import Profile
from trimtab.errors import Fault
from trimtab.runtime import Runtime

JOB_LIMIT = 500 << 30  # bytes; more than a job reads in the time that it is given


class Intake:
    """Takes in what people put under incoming/. The objects themselves stay where they are, pinned by version."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._incoming = Incoming(runtime.s3, runtime.settings.bucket)
        self._datasets = Datasets(runtime.table)
        self._versions = DatasetVersions(self._datasets, runtime.s3, runtime.settings.bucket)

    @cached_property
    def _examinations(self) -> Examinations:
        """Made on first use: most objects need no client of SageMaker."""
        runtime = self._runtime
        return Examinations(runtime.s3, runtime.sagemaker, runtime.settings)

    def receive(self, arrival: Arrival) -> Receipt:
        """Decide what becomes of the object version; say it again if that was decided before."""
        if (known := self._datasets.receipt(arrival)) is not None:
            return known
        try:
            return self._decide(arrival)
        except ObjectGone:
            return self._refuse(arrival, "the object was gone before it could be read")

    def _decide(self, arrival: Arrival) -> Receipt:
        size = self._incoming.size(arrival)
        if not size and arrival.key.endswith("/"):
            return self._refuse(arrival, "the object is the mark of a folder, not a file")
        specs = self._runtime.models.all()
        if (spec := specs.get(arrival.model)) is None:
            return self._quarantine(arrival, _unread(_unknown_model(arrival, list(specs))), size)
        if size > int(self._runtime.settings.examination_bytes):
            return self._hand_over(arrival, spec, size)
        with self._incoming.download(arrival) as file:
            return self._judge(arrival, spec, file)

    def take_back(self, job: str) -> Receipt | None:
        """Decide by what a job found of an object; None if the job is not over, or was asked by nobody here.

        Raises Fault if the job failed: that says nothing of the object, and its event can be sent again.
        """
        ended = self._examinations.ended(job)
        arrival = ended.asked.arrival
        if ended.status in ("Failed", "Stopped"):
            raise Fault(
                f"{job} could not examine {arrival.key}: {ended.reason}",
                hint="send the object's event again when that is mended: another job is started",
            )
        if ended.status != "Completed":
            return None
        if (known := self._datasets.receipt(arrival)) is not None:
            return known
        try:
            return self._conclude(arrival, ended.asked.question, self._examinations.answer(arrival))
        except ObjectGone:
            return self._refuse(arrival, "the object was gone before it could be read")

    def _hand_over(self, arrival: Arrival, spec: ModelSpec, size: int) -> Receipt:
        """Let a job examine the object; its end brings the verdict."""
        if size > JOB_LIMIT or not self._examinations.can_start:
            return self._quarantine(arrival, _unread(_too_large(size)), size)
        now, last = self._runtime.clock.now(), self._versions.last(spec.name)
        question = Question(spec=spec, now=now, last=last)
        asked = Asked(bucket=self._runtime.settings.bucket, arrival=arrival, question=question)
        job = self._examinations.start(asked, size)
        reason = f"the file has {size:,} bytes: {job} examines it"
        return receipt_of(arrival, Outcome.handed_over, reason=reason, at=now)

    def _judge(self, arrival: Arrival, spec: ModelSpec, file: Download) -> Receipt:
        now = self._runtime.clock.now()
        known = self._versions.duplicate(spec.name, arrival, sha256=file.sha256, now=now)
        if known is not None:
            return known
        question = Question(spec=spec, now=now, last=self._versions.last(spec.name))
        found = examine(file.path, spec, now=now, last=question.last)
        answer = Answer(size=file.size, sha256=file.sha256, examination=found)
        return self._conclude(arrival, question, answer)

    def _conclude(self, arrival: Arrival, question: Question, answer: Answer) -> Receipt:
        """Accept or quarantine by what was found, whoever looked."""
        spec, last, found = question.spec, question.last, answer.examination
        now = self._runtime.clock.now()
        known = self._versions.duplicate(spec.name, arrival, sha256=answer.sha256, now=now)
        if known is not None:
            return known
        if found.anomalies or found.format is None:
            judged = {
                "sha256": answer.sha256,
                "contract": spec.contract.digest,
                "compared_with": last.dataset_version if last else None,
            }
            return self._quarantine(arrival, found, answer.size, **judged)
        batch = Batch(
            key=arrival.key,
            version_id=arrival.version_id,
            size=answer.size,
            sha256=answer.sha256,
            rows=found.rows,
            format=found.format,
            labelled_rows=labelled_rows(found.profile, spec.data.target),
            newest_row_at=newest_moment(found.profile, spec.data.time_column),
            dialect=found.dialect,
            contract=spec.contract.digest,
            **told_of(found.notices),
        )
        # The clock is asked again: reading may have taken minutes.
        window, now = spec.data.window, self._runtime.clock.now()
        return self._versions.accept(spec.name, batch, found.profile, window=window, now=now)

    def _quarantine(
        self, arrival: Arrival, found: Examination, size: int, **judged: Any
    ) -> Receipt:
        """Copy, report, record: each step repeats without harm, and the record is made last."""
        now, reason = self._runtime.clock.now(), in_one_sentence(found.anomalies)
        report = Report(
            model=arrival.model,
            key=arrival.key,
            version_id=arrival.version_id,
            reason=reason,
            at=now,
            size=size,
            format=found.format,
            rows=found.rows,
            copy_uri=self._incoming.copy_to_quarantine(arrival, size=size),
            anomalies=found.anomalies,
            notices=found.notices,
            **{"sha256": None, **judged},
        )
        self._incoming.write_profile(arrival, found.profile)
        report_uri = self._incoming.write_report(arrival, report)
        return self._datasets.record(
            receipt_of(
                arrival,
                Outcome.quarantined,
                reason=reason,
                at=now,
                sha256=report.sha256,
                report_uri=report_uri,
                anomalies=tuple(anomaly.code for anomaly in found.anomalies),
            )
        )

    def _refuse(self, arrival: Arrival, reason: str) -> Receipt:
        now = self._runtime.clock.now()
        return self._datasets.record(receipt_of(arrival, Outcome.refused, reason=reason, at=now))


def _unread(anomaly: Anomaly) -> Examination:
    return Examination(format=None, rows=0, anomalies=(anomaly,), profile=Profile(columns={}))


def _unknown_model(arrival: Arrival, known: list[str]) -> Anomaly:
    models = f"this deployment knows {', '.join(sorted(known)) or 'no model'}"
    sentence = (
        f"the object lies in no model's folder; put it under incoming/<model>/: {models}"
        if arrival.model == NO_MODEL
        else f"there is no model {cut(arrival.model)}: {models}"
    )
    return Anomaly(code=AnomalyCode.unknown_model, sentence=sentence)


def _too_large(size: int) -> Anomaly:
    sentence = f"the file has {size:,} bytes; at most {JOB_LIMIT:,} are read: send it in parts"
    return Anomaly(code=AnomalyCode.file_too_large, count=size, limit=JOB_LIMIT, sentence=sentence)
