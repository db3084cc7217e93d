"""The story: what a model goes through in its first three months, and what a July months later makes of it."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from local.cloud import LocalCloud
from local.demo.feed import STEP_CHANGE, Event, Feed
from local.demo.promises import Broken, Ledger
from local.demo.releases import REQUESTS, Releases
from local.demo.screen import Screen
from local.demo.traffic import Traffic
from pipelines.flight_delays import data
from trimtab.aws import keys
from trimtab.client.api import Api
from trimtab.client.connection import Connection
from trimtab.domain.quality.collections import COUNTED

MODEL = "flight-delays"
CHANCE = 0.5  # AUC of a coin
JULY = 1000  # flights that are predicted
PATIENCE, LOOK_AGAIN = 30.0, 0.5  # seconds
HOUR = timedelta(hours=1)
UNTIL_JUDGED = timedelta(hours=50)  # the end of the day, and as long as a label has
MONTHS = {1: "january", 2: "february", 3: "march", 6: "june"}


class Story:
    """Tells it, one promise after the other; stops at the first that breaks, since the rest builds on it."""

    def __init__(self, cloud: LocalCloud, ledger: Ledger, screen: Screen) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._s3 = cloud.client("s3")
        self._api = Api(_connection(cloud))
        self._feed = Feed(cloud, lambda event: screen.note(_sentence(event)))
        self._traffic = Traffic(self._api, MODEL)
        self._releases = Releases(cloud, self._api, self._feed, self._traffic)

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
            ("The champion fails, and its alarm brings version 1 back", self._champion_fails),
            ("July flies, its labels come late, and all are accounted for", self._july_flies),
            (
                "Drift and quality of July are told, and what is done about them",
                self._july_is_judged,
            ),
            (
                "The drift waits for data; with June's it trains, and the gate decides",
                self._june_arrives,
            ),
            ("Every decision stands in the audit trail", self._audited),
        ]
        try:
            for name, step in steps:
                if not self._ledger.keep(name, step):
                    return
        finally:
            self._feed.close()

    def _january_arrives(self) -> str:
        self._upload(1)
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
        runs = len(list(self._api.items(f"/v1/models/{MODEL}/training")))
        self._ledger.require(runs == 1, f"{runs} training runs")
        return f"{requested['reason']}\n{finished['reason']}"

    def _gate(self) -> str:
        version = self._api.get(f"/v1/models/{MODEL}/versions/1")
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
        url = f"{self._cloud.connection.api_url}/v1/models/{MODEL}"
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
        self._put(key, ("\n".join(rows) + "\n").encode())
        refused = self._feed.wait("DatasetQuarantined", model=MODEL, batch_key=key)
        self._ledger.require(self._state() == before, f"{before} became {self._state()}")
        named = ", ".join(refused["anomalies"])
        return f"{named}; nothing else moved\n{key}: {refused['reason']}"

    def _february_arrives(self) -> str:
        self._upload(2)
        self._feed.wait("DatasetAccepted", model=MODEL, dataset_version=2)
        return str(self._feed.wait("TrainingSkipped", model=MODEL, dataset_version=2)["reason"])

    def _second_version(self) -> str:
        self._upload(3)
        self._releases.begin(MODEL, 2)
        told = []
        for weight in REQUESTS:
            asked = self._releases.step(MODEL, 2, weight)
            told.append(f"{weight} %: {asked}")
        promoted = self._feed.wait("RolloutPromoted", model=MODEL, version=2)
        version = self._api.get(f"/v1/models/{MODEL}/versions/2")
        report = self._evaluation(version["execution_id"])
        self._traffic.follow_the_route()
        flown = self._traffic.fly(data.month(4), rows=100)
        self._ledger.require(flown.versions == {2}, f"versions {flown.versions} answered")
        steps = "\n".join(told)
        return f"{report['gate']['sentence']}\n{steps}\n100 %: {promoted['reason']}"

    def _third_version(self) -> str:
        version = self._releases.register_a_leak(MODEL, 2)
        self._releases.begin(MODEL, version)
        weight = min(REQUESTS)
        asked = self._releases.step(MODEL, version, weight)
        stopped = self._feed.wait("RolloutRolledBack", model=MODEL, from_version=version)
        self._ledger.require(
            stopped["weight"] == weight, f"it was stopped at {stopped['weight']} %"
        )
        self._traffic.follow_the_route()
        after = self._traffic.ask(50)
        self._ledger.require(set(after.answered) == {2}, f"afterwards: {after}")
        return f"{asked}\n{stopped['reason']}\nafterwards: {after}"

    def _champion_fails(self) -> str:
        failure = self._releases.fail_as_champion(MODEL, 2)
        told, seconds = failure.told, failure.seconds
        self._ledger.require(told["version"] == 1, f"version {told['version']} answers")
        self._ledger.require(not failure.failed, f"{failure.failed} requests were not answered")
        self._traffic.follow_the_route()
        after = self._traffic.ask(50)
        self._ledger.require(set(after.answered) == {1}, f"afterwards: {after}")
        return (
            f"{told['reason']}\nuntil then version 1 answered {failure.instead} requests in its stead, and told so; "
            f"{seconds:.1f} s from the alarm to the rollback, nobody asked for it; "
            f"afterwards: {after}"
        )

    def _july_flies(self) -> str:
        flown = self._traffic.fly(data.month(7), rows=JULY)
        corrected, repeated = flown.labels[0], flown.labels[1]
        lines = [
            "inference_id,row,label",
            *(",".join(map(str, one)) for one in flown.labels),
            f"{corrected[0]},{corrected[1]},{1 - corrected[2]}",
            ",".join(map(str, repeated)),
            "nobody,0,1",
            f"{corrected[0]},0,perhaps",
        ]
        self._put(f"labels/{MODEL}/july.csv", ("\n".join(lines) + "\n").encode())
        self._until(f"{MODEL}/labels", lambda one: one["unknown"] > JULY)
        # They came before their predictions were counted, which is done by the hour.
        self._cloud.advance(HOUR)
        told = self._feed.wait("LabelsCollected", model=MODEL, labels=JULY)
        [collection] = self._api.items(f"/v1/models/{MODEL}/labels")
        counts = {name: collection[name] for name in COUNTED}
        wanted = dict.fromkeys(COUNTED, 1) | {"new": JULY, "outdated": 0}
        self._ledger.require(counts == wanted, f"{counts}, not {wanted}")
        self._ledger.require(flown.versions == {1}, f"versions {flown.versions} answered")
        return f"{flown.rows:,} flights by version 1, AUC {flown.auc:.3f}\n{told['reason']}"

    def _july_is_judged(self) -> str:
        self._cloud.advance(UNTIL_JUDGED)
        drift = self._feed.wait("DriftDetected", model=MODEL, version=1)
        done = self._feed.wait("TrainingDeferred", model=MODEL, cause="drift")
        # It is judged just after its drift, and as all is well it makes no event.
        quality = self._until(f"{MODEL}/quality", lambda one: one["labels"] == JULY)
        return (
            f"{drift['reason']}\n{done['reason']}\nquality {quality['state']}: {quality['reason']}"
        )

    def _until(self, path: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first item of a list that is wanted; for what makes no event, so the list is looked at again."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for item in self._api.items(f"/v1/models/{path}"):
                if wanted(item):
                    return item
            time.sleep(LOOK_AGAIN)
        raise Broken(f"/v1/models/{path} held nothing of that kind within {PATIENCE:.0f} s")

    def _june_arrives(self) -> str:
        self._upload(6)
        requested = self._feed.wait("TrainingRequested", model=MODEL, cause="drift")
        finished = self._feed.wait("TrainingFinished", request_id=requested["request_id"])
        self._ledger.require(finished["phase"] in ("successful", "failed"), finished["reason"])
        return f"{requested['reason']}\n{finished['phase']}: {finished['reason']}"

    def _audited(self) -> str:
        entries = list(self._api.items(f"/v1/models/{MODEL}/audit"))
        actions = Counter(entry["action"] for entry in reversed(entries))
        wanted = {"DatasetAccepted", "DatasetQuarantined", "TrainingRequested", "TrainingSkipped"}
        wanted |= {"VersionRegistered", "VersionApproved", "RolloutAdvanced", "RolloutPromoted"}
        wanted |= {"RolloutRolledBack", "LabelsCollected", "DriftDetected", "TrainingDeferred"}
        missing = wanted - actions.keys()
        self._ledger.require(not missing, f"no entry for {', '.join(sorted(missing))}")
        unsaid = [entry for entry in entries if not (entry["actor"] and entry["reason"])]
        self._ledger.require(not unsaid, f"{len(unsaid)} entries without actor or reason")
        counted = ", ".join(f"{count} {action}" for action, count in actions.items())
        return f"{len(entries)} entries, each with actor and reason: {counted}"

    def _upload(self, month: int) -> None:
        key = f"{keys.incoming_prefix(MODEL)}{MONTHS[month]}.csv"
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "month.csv"
            data.write_month(month, file)
            self._put(key, file.read_bytes())

    def _put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._cloud.connection.data_bucket, Key=key, Body=body)

    def _read(self, uri: str) -> Any:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def _evaluation(self, execution_id: str) -> Any:
        key = keys.evaluation_key(MODEL, execution_id)
        return self._read(f"s3://{self._cloud.connection.data_bucket}/{key}")

    def _champion(self) -> dict[str, Any]:
        champion: dict[str, Any] = self._api.get(f"/v1/models/{MODEL}")["champion"]
        return champion

    def _state(self) -> dict[str, Any]:
        facts: dict[str, Any] = self._api.get(f"/v1/models/{MODEL}")
        return facts


def _connection(cloud: LocalCloud) -> Connection:
    facts = cloud.connection
    return Connection(facts.api_url, facts.region, facts.access_key_id, facts.secret_access_key)


def _sentence(event: Event) -> str:
    detail = event["detail"]
    if event["detail-type"] == STEP_CHANGE:
        return f"{detail['stepName']}: {detail['currentStepStatus']}"
    return f"{event['detail-type']}: {detail['reason']}"
