"""Every key of the table and of the bucket, and nothing else.

Table (`pk`, `sk`); all of one model's state is in one partition:

    MODEL#<model>       DATASET#<version>                 dataset version
    MODEL#<model>       BATCH#<sha256>                    accepted batch, by content
    MODEL#<model>       RECEIPT#<sha256 of key@version>   what became of one object under incoming/
    MODEL#<model>       QUARANTINE#<time>#<receipt>       one refused object, in order of time
    MODEL#<model>       TRAINING                          the run under way, what was trained, waiting causes
    MODEL#<model>       REQUEST#<id>                      training request
    MODEL#<model>       CAUSE#<key>                       what was decided when a cause, an end or a tick came
    MODEL#<model>       VERSION#<version>                 model version
    MODEL#<model>       ALIAS#<alias>#<seq>               one move of an alias; the last is where it points
    MODEL#<model>       ROUTE                             weights by version
    MODEL#<model>       WAITING_ROLLBACK                  rollback that waits for an endpoint to be made again
    MODEL#<model>       ROLLOUT#<version>                 rollout of a version
    MODEL#<model>       EVIDENCE#<version>                what its steps' looks have shown, in likelihoods
    MODEL#<model>       HOURLY#<version>                  what its predictions and their labels say, in likelihoods
    MODEL#<model>       MONITOR#<version>                 how far its windows are judged, and what drifts
    MODEL#<model>       DRIFT#<version>#<start>           judged window of its live traffic
    MODEL#<model>       REFERENCE#<version>#<since>       period of its traffic that drift is measured against
    MODEL#<model>       DRIFT_MUTES                       what of its drift nobody is told, until when
    MODEL#<model>       COLLECTION#<time>-<id>            labels that came together, and what became of them
    MODEL#<model>       LABELS_TOTAL                      how many labels the model's predictions have
    MODEL#<model>       QUALITY_STATE#<version>           how far its quality is judged, and whether it is lost
    MODEL#<model>       QUALITY#<version>#<start>         window whose quality is judged
    MODEL#<model>       NOTIFIED#<event id>               who was told of an event
    MODEL#<model>       NOTIFIED_HOUR#<hour>              how many messages an hour has had
    MODEL#<model>       AUDIT#<time>#<id>                 audit entry; attribute `trail` puts it into the index `trail`
    MODEL#<model>       KEY#<sha256 of a request's key>   the version that the request made
    MODELS              <model>                           registered model: description, tags, where aliases point
    STEPPING            <model>#<version>                 rollout that is looked at every minute

Experiments and runs:

    EXPERIMENTS              EXPERIMENT#<id>              experiment
    EXPERIMENTS              NAME#<name>                  the same, by its name (LONGNAME#<sha256> of a long one)
    EXPERIMENT#<id>          LOGGED#<time, falling>#<id>  logged models of an experiment, newest first
    LOGGED#<id>              LOGGED                       logged model
    IDEAS                    IDEA#<id>                    idea; its id begins with the time
    IDEAS                    AUDIT#<time>#<id>            audit entry of an idea that is about no model
    IDEAS                    HYPOTHESIS#<digest>          which idea a person's hypothesis is: none is kept twice
    EXPERIMENT#<id>          AUDIT#<time>#<id>            audit entry, of its runs too
    EXPERIMENT#<id>          STARTED#<ms>#<run>           run, in order of its start
    EXPERIMENT#<id>          OPEN#<run>                   run whose metrics are in no index: not over, or with too many
    EXPERIMENT#<id>#METRIC#<key>      <value>#<-ms>#<run> run, in order of a metric's latest value
    METRIC#<key>#<week of its start>  <value>#<-ms>#<run> the same across experiments
    OPEN#<week of its start>          <run>               the same of those that are open
    INPUT#<digest>           RUN#<ms>#<run>               run that read a dataset
    RUN#<id>                 RUN                          run, with its newest points
    RUN#<id>                 VERSION#<version>#<model>    model version that was made of a run
    RUN#<id>                 HISTORY#<bucket>#<ms>#<hash> piece of its older points

Milliseconds of runs are shifted to be positive and have twenty digits; values sort as their numbers do, NaN last.
Numbers in keys have eight digits, so that keys sort as numbers do.
"""

import hashlib
from datetime import UTC, date, datetime

from trimtab.domain.tracking.sortable import sortable

MODELS = "MODELS"
STEPPING = "STEPPING"
TRAINING = "TRAINING"
ROUTE = "ROUTE"
WAITING_ROLLBACK = "WAITING_ROLLBACK"
DATASET = "DATASET#"
RECEIPT = "RECEIPT#"
QUARANTINE = "QUARANTINE#"
VERSION = "VERSION#"
KEY = "KEY#"
ALIAS = "ALIAS#"
REQUEST = "REQUEST#"
ROLLOUT = "ROLLOUT#"
DRIFT_WINDOW = "DRIFT#"
DRIFT_MUTES = "DRIFT_MUTES"
AUDIT = "AUDIT#"
TRAIL = "trail"  # index over the audit entries of all models, sorted as the table is
# One value for all: an index takes 1,000 writes a second under one, and decisions are taken by the hour.
WHOLE_TRAIL = "AUDIT"
IDEAS = "IDEAS"
IDEA = "IDEA#"
LAST = "~"  # sorts after everything that stands in a key of ours


def model(name: str) -> str:
    """Partition of one model."""
    return f"MODEL#{name}"


def number(value: int) -> str:
    """A number as part of a sort key."""
    return f"{value:08d}"


def dataset(version: int) -> str:
    """Sort key of a dataset version."""
    return DATASET + number(version)


def batch(sha256: str) -> str:
    """Sort key of an accepted batch."""
    return f"BATCH#{sha256}"


def receipt(object_key: str, version_id: str) -> str:
    """Sort key of what became of one object version under incoming/."""
    return RECEIPT + hashlib.sha256(f"{object_key}@{version_id}".encode()).hexdigest()


def quarantine(at: str, receipt_id: str) -> str:
    """Sort key of a refused object; `at` is an ISO time in UTC with microseconds."""
    return f"{QUARANTINE}{at}#{receipt_id}"


def request(request_id: str) -> str:
    """Sort key of a training request."""
    return REQUEST + request_id


def cause(key: str) -> str:
    """Sort key of what was decided on training when a cause, the end of a run, or a tick came."""
    return f"CAUSE#{key}"


def version(value: int) -> str:
    """Sort key of a model version."""
    return VERSION + number(value)


def run_version(version: int, model_name: str) -> str:
    """Sort key of a model version in the partition of the run that it was made of."""
    encoded = model_name.encode()
    told = hashlib.sha256(encoded).hexdigest() if len(encoded) > NAME_MOST else model_name
    return f"{VERSION}{number(version)}#{told}"


def request_key(key: str) -> str:
    """Sort key of what a request made, by the key that its sender gave it."""
    return KEY + hashlib.sha256(key.encode()).hexdigest()


def alias(name: str, seq: int | None = None) -> str:
    """Sort key of one move of an alias, or, without `seq`, the prefix of its history."""
    return f"{ALIAS}{name}#" + ("" if seq is None else number(seq))


def rollout(value: int) -> str:
    """Sort key of the rollout of a version."""
    return ROLLOUT + number(value)


def evidence(value: int) -> str:
    """Sort key of what the looks of a version's rollout have shown."""
    return f"EVIDENCE#{number(value)}"


def hourly(value: int) -> str:
    """Sort key of what is counted by the hour of a version that is compared with the champion."""
    return f"HOURLY#{number(value)}"


def stepping(name: str, value: int) -> str:
    """Sort key of a rollout that takes steps, among those of all models."""
    return f"{name}#{number(value)}"


def notified(event_id: str) -> str:
    """Sort key of who was told of an event."""
    return f"NOTIFIED#{event_id}"


def notified_hour(at: datetime) -> str:
    """Sort key of how many messages the hour has had."""
    return f"NOTIFIED_HOUR#{at.astimezone(UTC):%Y-%m-%dT%H}"


def audit(at: str, entry_id: str) -> str:
    """Sort key of an audit entry; `at` is an ISO time in UTC with microseconds."""
    return f"{AUDIT}{at}#{entry_id}"


ARTIFACTS = "artifacts"  # what runs and pipelines leave
RUN_BODIES = "runs/"  # bodies of runs that are too large for the table
NUMBER = "v"  # before the digits of a number in a sort key
NAN = "x"  # sorts behind every number
EXPERIMENTS = "EXPERIMENTS"
EXPERIMENT = "EXPERIMENT#"
NAME_MOST = 900  # bytes of a name in a sort key, which holds 1,024


def experiment(experiment_id: str) -> str:
    """Sort key of an experiment in EXPERIMENTS, and partition of what belongs to it."""
    return EXPERIMENT + experiment_id


def experiment_name(name: str) -> str:
    """Sort key of the experiment that has this name."""
    encoded = name.encode()
    if len(encoded) > NAME_MOST:
        return f"LONGNAME#{hashlib.sha256(encoded).hexdigest()}"
    return f"NAME#{name}"


def idea(idea_id: str) -> str:
    """Sort key of an idea."""
    return IDEA + idea_id


def hypothesis(digest: str) -> str:
    """Sort key of which idea a person's hypothesis is."""
    return f"HYPOTHESIS#{digest}"


RUN = "RUN"
STARTED = "STARTED#"
OPEN = "OPEN#"
SHIFT = 2**63  # makes any integer of 64 bits positive
LAST_DAY_MS = 253_402_214_400_000  # of the calendar that datetime knows: 31 December 9999


def run(run_id: str) -> str:
    """Partition of one run."""
    return f"RUN#{run_id}"


def milliseconds(ms: int) -> str:
    """A time of a run as part of a sort key."""
    return f"{ms + SHIFT:020d}"


def started(start_ms: int, run_id: str) -> str:
    """Sort key of a run in order of its start."""
    return f"{STARTED}{milliseconds(start_ms)}#{run_id}"


def open_run(run_id: str) -> str:
    """Sort key of a run whose metrics are in no index."""
    return OPEN + run_id


def experiment_metric(experiment_id: str, key: str) -> str:
    """Partition of an experiment's runs in order of one metric."""
    return f"{experiment(experiment_id)}#METRIC#{key}"


def week_metric(key: str, week: str) -> str:
    """Partition of all runs that started in a week, in order of one metric."""
    return f"METRIC#{key}#{week}"


def week(ms: int) -> str:
    """ISO week of a time, such as 2026-W45; what is before 1970 counts as of then, what is after 9999 as of then."""
    at = datetime.fromtimestamp(min(max(ms, 0), LAST_DAY_MS) / 1000, UTC).isocalendar()
    return f"{at.year:04d}-W{at.week:02d}"


def metric_value(value: float, start_ms: int, run_id: str) -> str:
    """Sort key of a run in order of a metric's value; of equal values the run that started last comes first."""
    return f"{metric_rank(value)}#{milliseconds(-1 - start_ms)}#{run_id}"


def metric_rank(value: float) -> str:
    """The part of that key which tells the value."""
    return NAN if value != value else NUMBER + sortable(value)  # noqa: PLR0124 (only NaN is not itself)


def open_in_week(week_name: str) -> str:
    """Partition of the open runs that started in a week."""
    return OPEN + week_name


def run_of(sort_key: str) -> str:
    """The run that a sort key of an index ends with."""
    return sort_key.rpartition("#")[2]


def reader(digest: str) -> str:
    """Partition of the runs that read a dataset."""
    return f"INPUT#{digest}"


def reading(start_ms: int, run_id: str) -> str:
    """Sort key of a run that read a dataset."""
    return f"RUN#{milliseconds(start_ms)}#{run_id}"


def history(bucket: int, first_ms: int | None = None, digest: str = "") -> str:
    """Sort key of a piece of a run's history, or, without a time, the prefix of a bucket's pieces."""
    prefix = f"HISTORY#{bucket:02d}#"
    return prefix if first_ms is None else f"{prefix}{milliseconds(first_ms)}#{digest}"


def run_body_key(run_id: str, digest: str) -> str:
    """Key of the body of a run that is too large for the table, by its content."""
    return f"{RUN_BODIES}{run_id}/{digest}.json.zlib"


def incoming_prefix(name: str) -> str:
    """Prefix under which people put a model's data."""
    return f"incoming/{name}/"


def manifest_key(name: str, dataset_version: int) -> str:
    """Key of a dataset version's manifest."""
    return f"datasets/{name}/{dataset_version}/manifest.json"


def batch_profile_key(name: str, sha256: str) -> str:
    """Key of the profile of a batch, by the batch's content."""
    return f"datasets/{name}/profiles/{sha256}.json"


def merged_profile_key(name: str, digest: str) -> str:
    """Key of the profile of several batches together, by the digest of the batches."""
    return f"datasets/{name}/merged-profiles/{digest}.json"


def quarantine_prefix(name: str, receipt_id: str) -> str:
    """Prefix under which a refused object and its report are kept."""
    return f"quarantine/{name}/{receipt_id}/"


def examination_prefix(name: str, receipt_id: str) -> str:
    """Prefix of what a job that examines an object is asked and answers."""
    return f"examinations/{name}/{receipt_id}/"


def run_prefix(name: str, execution_id: str) -> str:
    """Prefix of everything one pipeline execution writes."""
    return f"artifacts/{name}/{execution_id}/"


def evaluation_key(name: str, execution_id: str) -> str:
    """Key of the report of one pipeline execution's evaluation."""
    return run_prefix(name, execution_id) + "evaluation/evaluation.json"


def golden_key(name: str, execution_id: str) -> str:
    """Key of the golden requests that the evaluation left for the version's endpoint."""
    return run_prefix(name, execution_id) + "evaluation/golden.json"


def scored_key(name: str, execution_id: str) -> str:
    """Key of the evaluation rows with the version's predictions: what its live traffic is compared with first."""
    return run_prefix(name, execution_id) + "evaluation/scored.csv"


CAPTURES = "captures/"  # what was asked and predicted; Firehose writes there
LIVE = "profiles/"  # counts of captures, by the hour
DRIFT = "reports/"  # what was found of windows


def captures_prefix(name: str, version: int, hour: datetime | None = None) -> str:
    """Prefix of a version's captures, or of those that arrived in one hour."""
    prefix = f"{CAPTURES}{name}/{version}/"
    return prefix if hour is None else f"{prefix}{hour:%Y/%m/%d/%H}/"


def live_baseline_key(
    name: str, version: int, since: datetime | None = None, slot: int | None = None
) -> str:
    """Key of the counts that a version's live traffic is compared with: first, or since a period was accepted.

    `slot` is the part of the week that is compared by itself.
    """
    told = "" if since is None else f"-{since:%Y%m%dT%H}"
    part = "" if slot is None else f"-of-week-{slot:03}"
    return f"{LIVE}{name}/{version}/baseline{told}{part}.json"


def live_hour_key(name: str, version: int, hour: datetime) -> str:
    """Key of the counts of an hour's captures."""
    return f"{LIVE}{name}/{version}/hours/{hour:%Y/%m/%d/%H}.json"


def live_read_key(name: str, version: int) -> str:
    """Key of which captures of the last hours are counted."""
    return f"{LIVE}{name}/{version}/read.json"


def drift_report_key(name: str, version: int, start: datetime, ending: str) -> str:
    """Key of what was found of a window that began then."""
    return f"{DRIFT}{name}/{version}/drift/{start:%Y-%m-%dT%H}.{ending}"


PREDICTED = "predictions/"  # what was predicted, by the ids under which labels come
LABELS = "labels/"  # where people put labels
GROUND_TRUTH = "ground-truth/"  # labels that were taken in


def predictions_prefix(name: str) -> str:
    """Prefix of what a model predicted."""
    return f"{PREDICTED}{name}/"


def predictions_key(name: str, day: date) -> str:
    """Key of what a model predicted on a day."""
    return f"{predictions_prefix(name)}{day.isoformat()}.npz"


def ground_truth_key(name: str, day: date) -> str:
    """Key of the labels of a day's predictions."""
    return f"{GROUND_TRUTH}{name}/{day.isoformat()}.npz"


def waiting_labels_key(name: str, collection: str) -> str:
    """Key of labels whose predictions are not known yet; collections are named by time, and so are in order."""
    return f"{GROUND_TRUTH}{name}/waiting/{collection}.npz"


def quality_reference_key(name: str, version: int) -> str:
    """Key of how good a version was in its evaluation."""
    return f"{LIVE}{name}/{version}/quality.json"


LABELS_TOTAL = "LABELS_TOTAL"
COLLECTION = "COLLECTION#"
QUALITY_WINDOW = "QUALITY#"


def collection(collection_id: str) -> str:
    """Sort key of labels that came together; ids begin with the time."""
    return COLLECTION + collection_id


def quality_state(version: int) -> str:
    """Sort key of how far a version's quality is judged."""
    return f"QUALITY_STATE#{number(version)}"


def quality_window(version: int, start: str) -> str:
    """Sort key of a window whose quality is judged; `start` is an ISO time in UTC."""
    return f"{QUALITY_WINDOW}{number(version)}#{start}"


def drift_state(version: int) -> str:
    """Sort key of how far a version's windows are judged, and what drifts."""
    return f"MONITOR#{number(version)}"


def drift_reference(version: int, since: datetime | None = None) -> str:
    """Sort key of a period that was accepted of a version, or the prefix of all of them."""
    prefix = f"REFERENCE#{number(version)}#"
    return prefix if since is None else f"{prefix}{since:%Y-%m-%dT%H}"


def drift_window(version: int, start: str) -> str:
    """Sort key of a judged window; `start` is an ISO time in UTC."""
    return f"{DRIFT_WINDOW}{number(version)}#{start}"


def source_key(name: str, sha256: str, ending: str) -> str:
    """Key of packed code that trained a model, by its content; it outlives the deployment that packed it."""
    return f"sources/{name}/{sha256}{ending}"


LOGGED = "LOGGED"
LOGGED_CREATED = "LOGGED#"
LOGGED_LAST = "LOGGED#~"  # behind every logged model of an experiment
FALLING = (
    10**15
)  # milliseconds; what is left of them falls as time goes on, in fifteen digits for 30,000 years


def logged_model(model_id: str) -> str:
    """Partition of a logged model."""
    return f"LOGGED#{model_id}"


def logged_created(created_ms: int, model_id: str) -> str:
    """Sort key of a logged model among those of its experiment: the newest first, then by id."""
    return logged_place(f"{FALLING - created_ms:015d}", model_id)


def logged_place(place: str, model_id: str) -> str:
    """The same sort key, of the two parts that `logged_found` gives."""
    return f"{LOGGED_CREATED}{place}#{model_id}"


def logged_found(sort_key: str) -> tuple[str, str]:
    """Return where a logged model stands in the order of creation, and its id."""
    _, place, model_id = sort_key.split("#", 2)
    return place, model_id
