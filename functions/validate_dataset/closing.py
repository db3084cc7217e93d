"""A person's word on a quarantined object: it becomes a batch after all, or stays out for good."""

from typing import Literal

from trimtab.aws.dataset_versions import DatasetVersions
from trimtab.aws.datasets import Datasets
from trimtab.aws.incoming import Incoming, ObjectGone
from trimtab.aws.table import Stale
from trimtab.domain.datasets import Batch, Closing, Receipt, Release, Report
from trimtab.domain.manifests import labelled_rows, newest_moment
from trimtab.domain.model import ModelSpec
from trimtab.domain.quarantine import closed_already, rejected, release_refusal
from trimtab.errors import Conflict, NotFound
from trimtab.observability import logger
from trimtab.runtime import Runtime

Verdict = Literal["released", "rejected"]


class Quarantine:
    """Closes quarantines. Saying the same again changes nothing and is answered as the first time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._incoming = Incoming(runtime.s3, runtime.settings.bucket)
        self._datasets = Datasets(runtime.table)
        self._versions = DatasetVersions(self._datasets, runtime.s3, runtime.settings.bucket)

    def release(self, model: str, id: str, *, actor: str, reason: str) -> Receipt:
        """Accept the object after all. Raises Conflict if it was rejected, or has no rows to train on."""
        spec = self._runtime.models.get(model)
        receipt = self._find(model, id, "released")
        if receipt.closing is not None:
            return receipt
        report = self._report(receipt)
        if refusal := release_refusal(report, spec):
            raise Conflict(
                f"{receipt.key} cannot be released: {refusal}",
                hint="mend the file and put it again",
            )
        release = Release(
            actor=actor,
            reason=reason,
            at=self._runtime.clock.now(),
            report_uri=receipt.report_uri or "",
            anomalies=receipt.anomalies,
        )
        return self._told(self._accept(spec, receipt, report, release), "released")

    def reject(self, model: str, id: str, *, actor: str, reason: str) -> Receipt:
        """Keep the object out for good. Raises Conflict if it was released."""
        receipt = self._find(model, id, "rejected")
        if receipt.closing is not None:
            return receipt
        now = self._runtime.clock.now()
        closed = rejected(receipt, Closing(verdict="rejected", actor=actor, reason=reason, at=now))
        try:
            self._datasets.close(closed)
        except Stale:
            return self._find(model, id, "rejected")  # somebody else was faster
        return self._told(closed, "rejected")

    def _find(self, model: str, id: str, wanted: Verdict) -> Receipt:
        receipt = self._datasets.receipt_with(model, id)
        if receipt is None or not (receipt.is_in_quarantine or receipt.closing):
            raise NotFound(
                f"{model} has nothing in quarantine with the id {id}",
                hint=f"GET /v1/models/{model}/quarantine lists what it has",
            )
        if (conflict := closed_already(receipt, wanted)) is not None:
            raise Conflict(conflict, hint="put the file again to have it checked anew")
        return receipt

    def _report(self, receipt: Receipt) -> Report:
        report = self._incoming.read_report(receipt.arrival)
        try:
            self._incoming.size(receipt.arrival)
        except ObjectGone as gone:
            raise Conflict(
                f"{receipt.key} cannot be released: its version {receipt.version_id} was deleted",
                hint="put the file again; a copy lies beside the report",
            ) from gone
        return report

    def _accept(
        self, spec: ModelSpec, receipt: Receipt, report: Report, release: Release
    ) -> Receipt:
        profile = self._incoming.read_profile(receipt.arrival)
        assert report.format is not None
        assert report.sha256 is not None
        batch = Batch(
            key=receipt.key,
            version_id=receipt.version_id,
            size=report.size,
            sha256=report.sha256,
            rows=report.rows,
            format=report.format,
            labelled_rows=labelled_rows(profile, spec.data.target),
            newest_row_at=newest_moment(profile, spec.data.time_column),
            release=release,
        )
        now, window = self._runtime.clock.now(), spec.data.window
        return self._versions.accept(spec.name, batch, profile, window=window, now=now)

    def _told(self, receipt: Receipt, wanted: Verdict) -> Receipt:
        if (conflict := closed_already(receipt, wanted)) is not None:
            raise Conflict(conflict, hint="put the file again to have it checked anew")
        logger.info(
            "quarantine closed",
            model=receipt.model,
            key=receipt.key,
            verdict=wanted,
            dataset_version=receipt.dataset_version,
            reason=receipt.reason,
        )
        return receipt
