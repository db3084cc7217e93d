"""The rest of the year: each month flies, is held against what it was trained for, and something is done about it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.demo.feed import Event
from local.demo.releases import Releases
from local.demo.scene import MODEL, Scene
from local.demo.traffic import BATCH, Flown
from local.demo.uploads import MONTHS
from pipelines.flight_delays import data
from trimtab.cli import output
from trimtab.cli.life import chapters_of_model, rows_of
from trimtab.domain.life.chapters import REFUSED
from trimtab.domain.life.page import life_page, summary
from trimtab.domain.quality.collections import COUNTED

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNTIL_JUDGED = timedelta(hours=50)  # the end of the day, and as long as a label has
WINDOWS = 100  # that are looked back upon: three days a month
CAUSES = {"DriftDetected": "drift", "QualityBreached": "quality"}
DECISIONS = ("TrainingRequested", "TrainingSkipped", "TrainingDeferred", "TrainingJoined")


@dataclass
class Month:
    """What was seen of a month, and done about it."""

    name: str
    flown: Flown
    start: datetime  # of its window
    drift: dict[str, Any] = field(default_factory=dict)  # its window
    quality: dict[str, Any] = field(default_factory=dict)
    causes: list[str] = field(default_factory=list)  # of trainings that were started
    done: list[str] = field(default_factory=list)  # in a word or two each
    told: list[str] = field(default_factory=list)  # in sentences

    @property
    def version(self) -> int:
        """The version that answered."""
        return max(self.flown.versions)

    @property
    def is_refused(self) -> bool:
        """Whether the gate refused what was trained on it."""
        return REFUSED in self.done

    def did(self, what: str, sentence: str) -> None:
        """Note what was done."""
        self.done.append(what)
        self.told.append(f"{what}: {sentence}")


class Year:
    """Lives through the months, one after the other."""

    def __init__(self, scene: Scene, releases: Releases) -> None:
        self._scene = scene
        self._feed = scene.feed
        self._releases = releases
        self.months: list[Month] = []

    def live_through(self, number: int, *, odd: bool = False) -> Month:
        """Let all flights of a month fly and their labels come, and see what is made of it; then its data arrive.

        Args:
            number: 1 to 12.
            odd: Some of the labels are wrong, repeated or corrected, or of flights that nobody predicted.
        """
        self._begin_a_day()
        flights, since, began = data.month(number), self._feed.mark(), self._scene.now()
        self._scene.traffic.turn_to(flights)
        flown = self._scene.traffic.fly(flights, together=BATCH)
        month = Month(MONTHS[number], flown, _day(began))
        self.months.append(month)
        self._label(month, odd=odd)
        self._watch(month)
        self._follow_what_was_found(month, since, began)
        self._data_arrive(month, number)
        return month

    @property
    def drifted_now(self) -> list[str]:
        """What drifted in the latest month in which anything did."""
        found = [month.drift["drifted"] for month in self.months if month.drift["drifted"]]
        return found[-1] if found else []

    def picture(self) -> tuple[str, list[str]]:
        """Return the page of the months, and the same as lines of a table."""
        names = {month.start: month.name for month in self.months}
        chapters = chapters_of_model(self._scene.api, MODEL, WINDOWS, only=names.keys())
        rows, columns = rows_of(chapters, names)
        return life_page(MODEL, chapters, names), [summary(chapters), *output.lines(rows, columns)]

    def _begin_a_day(self) -> None:
        """So that what flies in this month is the only traffic of its window."""
        now = self._scene.now()
        self._scene.cloud.advance(_day(now) + DAY - now)

    def _label(self, month: Month, *, odd: bool) -> None:
        flown = month.flown
        lines = [",".join(map(str, one)) for one in flown.labels]
        if odd:
            (id_, row, late), repeated = flown.labels[0], lines[1]
            lines += [f"{id_},{row},{1 - late}", repeated, "nobody,0,1", f"{id_},0,perhaps"]
        text = "\n".join(["inference_id,row,label", *lines]) + "\n"
        key = f"labels/{MODEL}/{month.name.lower()}.csv"
        self._scene.uploads.put(key, text.encode())
        self._scene.until("labels", lambda one: one["source"].endswith(key))
        # Some came before their predictions were counted, which is done by the hour.
        self._scene.cloud.advance(HOUR)
        wanted = dict.fromkeys(COUNTED, int(odd)) | {"new": flown.rows, "outdated": 0}
        collection = self._scene.until(
            "labels",
            lambda one: one["source"].endswith(key) and one["unknown"] == wanted["unknown"],
        )
        counts = {name: collection[name] for name in COUNTED}
        self._scene.ledger.require(counts == wanted, f"{counts}, not {wanted}")
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        month.told.append(f"{collection['received']:,} labels came: {told}")

    def _watch(self, month: Month) -> None:
        self._scene.cloud.advance(UNTIL_JUDGED)
        # Its quality is judged just after its drift; where all is well neither makes an event.
        month.quality = self._scene.until("quality", lambda one: _begins(one) == month.start)
        month.drift = self._scene.until("drift", lambda one: _begins(one) == month.start)
        for name, found in (("drift", month.drift), ("quality", month.quality)):
            month.told.append(f"{name} {found['state']}: {found['reason']}")

    def _follow_what_was_found(self, month: Month, since: int, began: datetime) -> None:
        """See what each incident that opened leads to."""
        entries = list(self._scene.api.items(self._scene.path("audit"), limit=50))
        for entry in reversed(entries):
            if entry["action"] in CAUSES and datetime.fromisoformat(entry["at"]) > began:
                cause = CAUSES[entry["action"]]
                decided = self._feed.first(DECISIONS, since=since, model=MODEL, cause=cause)
                self._follow(month, decided, cause)

    def _data_arrive(self, month: Month, number: int) -> None:
        since = self._feed.mark()
        self._scene.uploads.month(number)
        accepted = self._feed.wait("DatasetAccepted", model=MODEL, since=since)
        decided = self._feed.first(
            DECISIONS,
            since=since,
            model=MODEL,
            dataset_version=accepted["dataset_version"],
        )
        self._follow(month, decided, "new data")

    def _follow(self, month: Month, decided: Event, cause: str) -> None:
        detail = decided["detail"]
        if decided["detail-type"] != "TrainingRequested":
            word = decided["detail-type"].removeprefix("Training").lower()
            month.did(f"{cause}: {word}", detail["reason"])
            return
        month.causes.append(detail["cause"])
        finished = self._feed.wait("TrainingFinished", request_id=detail["request_id"])
        self._scene.ledger.require(finished["phase"] != "error", finished["reason"])
        month.told.append(f"training, by {detail['cause']}: {detail['reason']}")
        if finished["phase"] == "failed":
            month.did(REFUSED, finished["reason"])
            return
        month.told.append(finished["reason"])
        execution = detail["execution_arn"].rpartition("/")[2]
        made = self._scene.until("versions", lambda one: one["execution_id"] == execution)
        told = self._releases.take_over(made["version"])
        month.did(f"v{made['version']} takes over", told[-1])


def _begins(window: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(window["start"])


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
