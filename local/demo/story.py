"""The story: a year of a model's life, from the first file to what December makes of the ninth version."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from local.cloud import LocalCloud
from local.demo.feed import STEP_CHANGE, Event, Feed
from local.demo.promises import Ledger
from local.demo.releases import WEIGHTS, Releases
from local.demo.scene import MODEL, Scene
from local.demo.screen import Screen
from local.demo.traffic import Traffic
from local.demo.uploads import MONTHS, Uploads
from local.demo.year import Year
from pipelines.flight_delays import data
from trimtab.aws import keys
from trimtab.client.api import Api
from trimtab.client.connection import Connection

CHANCE = 0.5  # AUC of a coin
APRIL, DECEMBER = 4, 12
ODD = 7  # the month in which some labels are wrong, repeated, corrected or nobody's
RETREAT = 8  # the month whose version fails once it is champion
KNOWN = 11  # the month after which people know that winter has come
WINTER = timedelta(days=90)
PAGE = Path("build") / "year.html"


class Story:
    """Tells it, one promise after the other; stops at the first that breaks, since the rest builds on it."""

    def __init__(self, cloud: LocalCloud, ledger: Ledger, screen: Screen, months: int) -> None:
        """Tell of so many months, 3 to 12."""
        self._cloud = cloud
        self._last = months
        self._ledger = ledger
        self._s3 = cloud.client("s3")
        self._api = Api(_connection(cloud))
        self._feed = Feed(cloud, lambda event: screen.note(_sentence(event)))
        self._traffic = Traffic(self._api, MODEL)
        self._uploads = Uploads(cloud, MODEL)
        scene = Scene(cloud, ledger, self._api, self._feed, self._traffic, self._uploads)
        self._scene = scene
        self._releases = Releases(scene)
        self._year = Year(scene, self._releases)

    def tell(self) -> None:
        """Run every step in order."""
        steps: list[tuple[str, Callable[[], str]]] = [
            ("Good data becomes an immutable dataset version", self._january_arrives),
            ("New data starts one training run, which ends well", self._first_training),
            ("The gate decides on numbers", self._gate),
            ("The version is registered and approved", self._registered),
            ("Its endpoint is up and it is the champion", self._first_rollout),
            ("1,000 February flights are predicted over API Gateway", self._february_flies),
            ("A caller who is not signed in is refused", self._unsigned),
            ("Bad data goes to quarantine, with its reasons", self._malformed),
            ("Too little new data trains nothing, and says so", self._february_arrives),
            (
                "A second version, of January to March, takes over step by step",
                self._second_version,
            ),
            ("A third that fails on some requests is stopped at 5 %", self._third_version),
            *self._later(),
            ("Every decision stands in the audit trail", self._audited),
        ]
        try:
            for name, step in steps:
                if not self._ledger.keep(name, step):
                    return
        finally:
            self._feed.close()

    def _january_arrives(self) -> str:
        self._uploads.month(1)
        accepted = self._feed.wait("DatasetAccepted", model=MODEL, dataset_version=1)
        manifest = self._read(accepted["manifest_uri"])
        batch = manifest["batches"][0]
        return (
            f"dataset version 1: {accepted['rows']:,} rows of {batch['key']}, "
            f"sha256 {batch['sha256'][:12]}…, S3 version {batch['version_id']}"
        )

    def _first_training(self) -> str:
        requested = self._feed.wait("TrainingRequested", model=MODEL)
        finished = self._feed.wait("TrainingFinished", request_id=requested["request_id"])
        self._ledger.require(finished["phase"] == "successful", finished["reason"])
        runs = len(list(self._api.items(self._scene.path("training"))))
        self._ledger.require(runs == 1, f"{runs} training runs")
        return f"{requested['reason']}\n{finished['reason']}"

    def _gate(self) -> str:
        version = self._scene.version(1)
        report = self._evaluation(version["execution_id"])
        self._ledger.require(report["gate"]["passed"], report["gate"]["sentence"])
        return f"{report['gate']['sentence']} ({report['rows']:,} rows)"

    def _registered(self) -> str:
        registered = self._feed.wait("VersionRegistered", model=MODEL, version=1)
        approved = self._feed.wait("VersionApproved", model=MODEL, version=1)
        decided = f"version 1 approved by {approved['actor']}: {approved['reason']}"
        return f"{decided}\n{registered['model_package_arn']}"

    def _first_rollout(self) -> str:
        promoted = self._feed.wait("RolloutPromoted", model=MODEL, version=1)
        champion = self._champion()
        self._ledger.require(champion["version"] == 1, f"the champion is {champion}")
        return str(promoted["reason"])

    def _february_flies(self) -> str:
        flown = self._traffic.fly(data.month(2), rows=1000)
        self._ledger.require(flown.versions == {1}, f"versions {flown.versions} answered")
        self._ledger.require(flown.auc > CHANCE, f"AUC {flown.auc:.3f}: no better than chance")
        return (
            f"{flown.rows:,} predictions in {flown.seconds:.1f} s, all by version 1; "
            f"AUC {flown.auc:.3f} against what really happened ({100 * flown.late_share:.1f} % were late)"
        )

    def _unsigned(self) -> str:
        url = self._cloud.connection.api_url + self._scene.path()
        answer = urllib3.request("GET", url, retries=False)
        self._ledger.require(answer.status == HTTPStatus.FORBIDDEN, f"HTTP {answer.status}")
        return f"GET {MODEL}, unsigned: HTTP {answer.status} {answer.data.decode()}"

    def _malformed(self) -> str:
        before = self._state()
        flights = data.month(2).head(600)
        flights.loc[flights.index[17], "carrier"] = "ZZ"  # no such airline
        flights.loc[flights.index[99], "distance"] = -1400
        rows = flights.to_csv(index=False).splitlines()
        rows[42] = rows[42][: len(rows[42]) // 2]  # a line that was cut off
        key = keys.incoming_prefix(MODEL) + "february, broken (é+1).csv"
        self._uploads.put(key, ("\n".join(rows) + "\n").encode())
        refused = self._feed.wait("DatasetQuarantined", model=MODEL, batch_key=key)
        self._ledger.require(self._state() == before, f"{before} became {self._state()}")
        named = ", ".join(refused["anomalies"])
        return f"{named}; nothing else moved\n{key}: {refused['reason']}"

    def _february_arrives(self) -> str:
        self._uploads.month(2)
        self._feed.wait("DatasetAccepted", model=MODEL, dataset_version=2)
        return str(self._feed.wait("TrainingSkipped", model=MODEL, dataset_version=2)["reason"])

    def _second_version(self) -> str:
        self._uploads.month(3)
        told = self._releases.take_over(2)
        version = self._scene.version(2)
        report = self._evaluation(version["execution_id"])
        flown = self._traffic.fly(data.month(4), rows=100)
        self._ledger.require(flown.versions == {2}, f"versions {flown.versions} answered")
        return "\n".join([report["gate"]["sentence"], *told])

    def _third_version(self) -> str:
        version = self._releases.register_a_leak(2)
        self._releases.begin(version)
        weight = min(WEIGHTS)
        asked = self._releases.step(version, weight)
        stopped = self._feed.wait("RolloutRolledBack", model=MODEL, from_version=version)
        self._ledger.require(
            stopped["weight"] == weight, f"it was stopped at {stopped['weight']} %"
        )
        self._traffic.follow_the_route()
        after = self._traffic.ask(50)
        self._ledger.require(set(after.answered) == {2}, f"afterwards: {after}")
        return f"{asked}\n{stopped['reason']}\nafterwards: {after}"

    def _later(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Each month from April on, and what else happens in it."""
        for number in range(APRIL, self._last + 1):
            yield f"{MONTHS[number]} flies, and is judged", partial(self._month, number)
            if number == RETREAT:
                title = "The newest champion fails, and its alarm brings the one before back"
                yield title, self._retreat
            if number == KNOWN:
                yield "Drift that people know to come with winter is muted", self._mute
        if self._last == DECEMBER:
            yield "The year in one picture: drift, loss, retraining, a refusal", self._pictured

    def _month(self, number: int) -> str:
        month = self._year.live_through(number, odd=number == ODD)
        flown = month.flown
        return "\n".join(
            [f"{flown.rows:,} flights by version {month.version}, AUC {flown.auc:.3f}", *month.told]
        )

    def _retreat(self) -> str:
        facts = self._state()
        champion, before = facts["champion"]["version"], facts["previous"]["version"]
        failure = self._releases.fail_as_champion(champion)
        told, seconds = failure.told, failure.seconds
        self._ledger.require(told["version"] == before, f"version {told['version']} answers")
        self._ledger.require(not failure.failed, f"{failure.failed} requests were not answered")
        self._traffic.follow_the_route()
        after = self._traffic.ask(50)
        self._ledger.require(set(after.answered) == {before}, f"afterwards: {after}")
        return (
            f"{told['reason']}\nuntil then version {before} answered {failure.instead} requests in its stead, and "
            f"told so; {seconds:.1f} s from the alarm to the rollback, nobody asked for it; afterwards: {after}"
        )

    def _mute(self) -> str:
        until = self._scene.now() + WINTER
        wish = {
            "columns": sorted(self._year.drifted_now),
            "until": until.isoformat(),
            "reason": "winter comes every year; what it costs is seen by labels",
        }
        muted = self._api.post(self._scene.path("drift", "mute"), wish)["items"]
        names = ", ".join(muted[0]["mute"]["columns"])
        return f"{names}: judged, and told to nobody until {until:%Y-%m-%d}: {wish['reason']}"

    def _pictured(self) -> str:
        page, lines = self._year.picture()
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page, encoding="utf-8")
        months = self._year.months
        causes = Counter(cause for month in months for cause in month.causes)
        self._ledger.require({"drift", "quality"} <= causes.keys(), f"trained by {dict(causes)}")
        refused = [month.name for month in months if month.is_refused]
        self._ledger.require(refused, "the gate let everything through")
        return "\n".join([*lines, f"as a page: {PAGE}, {len(page) // 1024} KB"])

    def _audited(self) -> str:
        entries = list(self._api.items(self._scene.path("audit")))
        actions = Counter(entry["action"] for entry in reversed(entries))
        wanted = {"DatasetAccepted", "DatasetQuarantined", "TrainingRequested", "TrainingSkipped"}
        wanted |= {"VersionRegistered", "VersionApproved", "RolloutAdvanced", "RolloutPromoted"}
        wanted |= {"RolloutRolledBack"}
        if self._last == DECEMBER:
            wanted |= {"LabelsCollected", "DriftDetected", "DriftMuted", "QualityBreached"}
        missing = wanted - actions.keys()
        self._ledger.require(not missing, f"no entry for {', '.join(sorted(missing))}")
        unsaid = [entry for entry in entries if not (entry["actor"] and entry["reason"])]
        self._ledger.require(not unsaid, f"{len(unsaid)} entries without actor or reason")
        counted = ", ".join(f"{count} {action}" for action, count in actions.items())
        return f"{len(entries)} entries, each with actor and reason: {counted}"

    def _read(self, uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _evaluation(self, execution_id: str) -> Any:
        key = keys.evaluation_key(MODEL, execution_id)
        return self._read(f"s3://{self._cloud.connection.data_bucket}/{key}")

    def _champion(self) -> dict[str, Any]:
        champion: dict[str, Any] = self._api.get(self._scene.path())["champion"]
        return champion

    def _state(self) -> dict[str, Any]:
        facts: dict[str, Any] = self._api.get(self._scene.path())
        return facts


def _connection(cloud: LocalCloud) -> Connection:
    facts = cloud.connection
    return Connection(facts.api_url, facts.region, facts.access_key_id, facts.secret_access_key)


def _sentence(event: Event) -> str:
    detail = event["detail"]
    if event["detail-type"] == STEP_CHANGE:
        return f"{detail['stepName']}: {detail['currentStepStatus']}"
    return f"{event['detail-type']}: {detail['reason']}"
