"""The table of routes: what API Gateway is given, what OpenAPI says and what docs/http-api.md lists."""

from collections.abc import Iterator

from pydantic import BaseModel

from trimtab.api import bodies, queries
from trimtab.api.route import Route
from trimtab.domain.aliases import AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.dataset_differences import DatasetDiff
from trimtab.domain.datasets import DatasetVersion, Receipt
from trimtab.domain.drift.accepted import AcceptedPeriod
from trimtab.domain.drift.mutes import Muted
from trimtab.domain.explaining import Why
from trimtab.domain.ideas import Idea
from trimtab.domain.lineage import Lineage
from trimtab.domain.quality.collections import Collection
from trimtab.domain.quality.windows import QualityWindow
from trimtab.domain.recording.shown import RunShown
from trimtab.domain.registry.live import AliasStanding, ModelStanding
from trimtab.domain.rollouts import Rollout
from trimtab.domain.tracking.summaries import RunsDiff, RunSummary
from trimtab.domain.training import TrainingRequest
from trimtab.domain.versions import ModelVersion
from trimtab.domain.watched import WatchedWindow
from trimtab.errors import Conflict, EndpointError, NotReady, OperatorError, TimedOut, TooLarge

MODEL = "/v1/models/{model}"


def _get(
    path: str,
    name: str,
    says: str,
    answer: type[BaseModel] | None,
    query: type[queries.Sparse] = queries.Sparse,
) -> Route:
    return Route("GET", path, "registry_api", name, says, answer, query=query)


def _list(
    path: str,
    name: str,
    says: str,
    answer: type[BaseModel],
    query: type[queries.Paged] = queries.Paged,
) -> Route:
    return Route("GET", path, "registry_api", name, says, answer, listed=True, query=query)


OPENAPI = Route(
    "GET",
    "/v1/openapi.json",
    "registry_api",
    "describe_api",
    "this API as an OpenAPI 3.1 document",
    None,
)

MODELS = (
    _list(
        "/v1/models",
        "list_models",
        "the models of the deployment, with champion and training",
        bodies.ModelSummary,
    ),
    _get(
        MODEL,
        "show_model",
        "champion, challenger, previous version, route, training under way, latest versions",
        bodies.ModelSummary,
    ),
    _list(f"{MODEL}/versions", "list_versions", "versions, newest first", ModelVersion),
    _get(
        f"{MODEL}/versions/{{version}}",
        "show_version",
        "one version: status, dataset version, run, metrics",
        ModelVersion,
    ),
    Route(
        "POST",
        f"{MODEL}/versions/{{version}}/approve",
        "registry_api",
        "approve_version",
        "202: asked of SageMaker's registry, whose event changes the version; 409 if it is rejected or blocked; 403 for who "
        "asked for its training, where the model's policy forbids that; after `expires_at` the version does not begin to serve",
        bodies.Asked,
        status=202,
        body=bodies.Approval,
        refuses=(Conflict,),
    ),
    Route(
        "POST",
        f"{MODEL}/versions/{{version}}/reject",
        "registry_api",
        "reject_version",
        "202 as above; 409 for the champion and for a blocked version",
        bodies.Asked,
        status=202,
        body=bodies.Reasoned,
        refuses=(Conflict,),
    ),
)

ALIASES = (
    _list(
        "/v1/live",
        "list_live",
        "the versions that the aliases of every model point at, or pointed at the time `at`",
        ModelStanding,
        queries.AtQuery,
    ),
    _list(
        f"{MODEL}/aliases",
        "list_aliases",
        "the version that each alias of a model points at, or pointed at the time `at`, since when and why",
        AliasStanding,
        queries.AtQuery,
    ),
    _list(
        f"{MODEL}/aliases/{{alias}}",
        "list_alias_moves",
        "every move of an alias, newest first; none is ever changed",
        AliasMove,
    ),
)

DATA = (
    _get(
        f"{MODEL}/contract",
        "show_contract",
        "the contract, and what a request must look like as JSON Schema and as MLflow signature",
        bodies.ContractForms,
    ),
    _list(f"{MODEL}/datasets", "list_datasets", "dataset versions, newest first", DatasetVersion),
    _get(
        f"{MODEL}/datasets/{{version}}",
        "show_dataset",
        "one dataset version: rows, newest batch, manifest, profile",
        DatasetVersion,
    ),
    _list(
        f"{MODEL}/datasets/{{version}}/batches",
        "list_batches",
        "the batches of a dataset version, newest first, each with an address that gives exactly its bytes for fifteen "
        "minutes",
        bodies.BatchFile,
    ),
    Route(
        "GET",
        f"{MODEL}/datasets/{{version}}/diff",
        "compare_datasets",
        "diff_datasets",
        "what differs between two dataset versions: batches, rows, columns, and which features moved most",
        DatasetDiff,
        query=queries.Compared,
    ),
    _list(
        f"{MODEL}/quarantine",
        "list_quarantine",
        "refused files with their reasons, newest first: see [anomalies](anomalies.md)",
        Receipt,
    ),
    Route(
        "POST",
        f"{MODEL}/quarantine/{{receipt}}/release",
        "validate_dataset",
        "release_batch",
        "the file with this receipt makes the next dataset version after all; 409 if it was rejected, or if nobody "
        "could train on its rows",
        Receipt,
        body=bodies.Reasoned,
        refuses=(Conflict,),
    ),
    Route(
        "POST",
        f"{MODEL}/quarantine/{{receipt}}/reject",
        "validate_dataset",
        "reject_batch",
        "the quarantine of the file with this receipt is closed; 409 if it was released",
        Receipt,
        body=bodies.Reasoned,
        refuses=(Conflict,),
    ),
)


def _orders(**orders: str) -> Iterator[Route]:
    """Yield the routes by which people say what is to become of a rollout."""
    for order, answers in orders.items():
        yield Route(
            "POST",
            f"{MODEL}/rollouts/{{version}}/{order}",
            "advance_rollout",
            f"{order}_rollout",
            f"{answers}; 409 where that makes no sense any more",
            bodies.RolloutAnswer,
            body=bodies.Reasoned,
            refuses=(Conflict,),
        )


LIFE = (
    _list(
        f"{MODEL}/training",
        "list_training",
        "training requests with cause, phase and reason; causes that started none are `TrainingSkipped`, `TrainingJoined` and "
        "`TrainingDeferred` in the audit trail",
        TrainingRequest,
    ),
    Route(
        "POST",
        f"{MODEL}/training",
        "request_training",
        "request_training",
        "202: what was decided (`start`, `join`, `wait`, or `skip` if too many wait) and why; "
        "409 while there are no data; 503 if SageMaker does not start the pipeline",
        bodies.TrainingAnswer,
        status=202,
        body=bodies.TrainingWish,
        refuses=(Conflict, OperatorError),
    ),
    _get(
        f"{MODEL}/training/why",
        "explain_training",
        "why the model was trained, or was not: a sentence, every cause of the time with outcome, numbers and the policy's "
        "line, what waits now and until when, what is left of the budget",
        Why,
        queries.WhyQuery,
    ),
    _list(f"{MODEL}/rollouts", "list_rollouts", "rollouts, newest version first", Rollout),
    _get(
        f"{MODEL}/rollouts/{{version}}",
        "show_rollout",
        "one rollout: phase, weight, what its steps have shown",
        Rollout,
    ),
    Route(
        "POST",
        f"{MODEL}/rollouts/preview",
        "advance_rollout",
        "preview_rollouts",
        "what a policy of steps would have made of past releases, replayed on their recorded requests",
        bodies.RolloutPreview,
        body=bodies.RolloutPreviewWish,
    ),
    *_orders(
        pause="the rollout keeps its weight; a breach still ends it",
        resume="the rollout goes on; its step has as much time left as when it was paused",
        promote="the version answers all requests at once, whatever its steps have shown",
        abort="the version gets no requests any more; it is not blocked, `retry` begins anew",
        retry="an ended rollout that blocked nothing begins anew at its first weight",
    ),
    Route(
        "POST",
        f"{MODEL}/rollback",
        "roll_back",
        "roll_back",
        "200: where the traffic is, and whether this request moved it (`changed`); 409 if there is nothing to return to",
        bodies.RollBackAnswer,
        body=bodies.RollBackRequest,
        refuses=(Conflict,),
    ),
    _list(
        f"{MODEL}/drift",
        "list_drift",
        "judged windows of the champion's live traffic, newest first: whether they drifted, and in what",
        WatchedWindow,
    ),
    _list(
        f"{MODEL}/drift/mutes",
        "list_drift_mutes",
        "what of the model's drift nobody is told just now, newest first",
        Muted,
    ),
    Route(
        "POST",
        f"{MODEL}/drift/accept",
        "registry_api",
        "accept_drift",
        "the period of live traffic that drift is measured against from its `since` on, in place of the version's evaluation",
        AcceptedPeriod,
        body=bodies.DriftAcceptance,
        refuses=(Conflict,),
    ),
    Route(
        "POST",
        f"{MODEL}/drift/mute",
        "registry_api",
        "mute_drift",
        "what is muted now; drift of these columns is judged and kept, and told to nobody until then",
        bodies.DriftMuteList,
        body=bodies.DriftMute,
        refuses=(Conflict,),
    ),
    Route(
        "POST",
        f"{MODEL}/drift/unmute",
        "registry_api",
        "unmute_drift",
        "what is muted now, without the mute that was about exactly this",
        bodies.DriftMuteList,
        body=bodies.DriftUnmute,
    ),
    Route(
        "POST",
        f"{MODEL}/labels",
        "collect_labels",
        "collect_labels",
        "what became of labels of predictions that were made: each is new, repeated, corrected, outdated or of an unknown id",
        Collection,
        body=bodies.LabelsWish,
    ),
    Route(
        "GET",
        f"{MODEL}/labels/wanted",
        "collect_labels",
        "list_wanted_labels",
        "predictions of a day that have no label and are worth one: a sample with its weights, then the least certain",
        bodies.LabelsWanted,
        query=queries.WantedQuery,
    ),
    _list(
        f"{MODEL}/labels",
        "list_labels",
        "collections of labels, files and requests, newest first, and what became of them",
        Collection,
    ),
    _list(
        f"{MODEL}/quality",
        "list_quality",
        "windows of the champion's predictions that were held against their labels, newest first",
        QualityWindow,
    ),
    _list(f"{MODEL}/audit", "list_model_audit", "audit entries, newest first", AuditEntry),
    Route(
        "POST",
        f"{MODEL}/invocations",
        "inference_api",
        "predict",
        "predictions, version, inference id",
        bodies.Prediction,
        body=bodies.Rows,
        takes=("text/csv",),
        refuses=(Conflict, TooLarge, EndpointError, NotReady, TimedOut),
    ),
)

AUDIT = (
    _list(
        "/v1/audit",
        "list_audit",
        "audit entries of all models, newest first; `from` and `to` are times, `actor` is an ARN or its end",
        AuditEntry,
        queries.AuditQuery,
    ),
)

IDEA = "/v1/ideas/{idea}"
IDEAS = (
    _list(
        "/v1/ideas",
        "list_ideas",
        "ideas, newest first; `q` finds words of the hypothesis or of the conclusion's reason",
        Idea,
        queries.IdeasQuery,
    ),
    Route(
        "POST",
        "/v1/ideas",
        "registry_api",
        "tell_idea",
        "the idea as it is kept, with earlier ones that are like it (`similar`); told again by the same person it is "
        "kept once",
        bodies.IdeaKept,
        body=bodies.TellIdea,
    ),
    _get(IDEA, "show_idea", "one idea: hypothesis, runs, conclusion", Idea),
    Route(
        "POST",
        f"{IDEA}/runs",
        "registry_api",
        "link_runs",
        "the idea with these runs too; 409 if they would be too many",
        Idea,
        body=bodies.LinkRuns,
        refuses=(Conflict,),
    ),
    Route(
        "POST",
        f"{IDEA}/conclusion",
        "registry_api",
        "conclude_idea",
        "the idea with what came of it: `worked`, `failed`, or `open` again",
        Idea,
        body=bodies.ConcludeIdea,
    ),
)

RUNS = (
    _list(
        "/v1/runs",
        "list_runs",
        "runs, newest first, of one experiment or of all",
        RunSummary,
        queries.RunsQuery,
    ),
    _list(
        "/v1/runs/best",
        "list_best_runs",
        "runs of all experiments with the largest (`order=min`: smallest) value of a metric, the best first",
        RunSummary,
        queries.BestQuery,
    ),
    _get(
        "/v1/runs/diff",
        "compare_runs",
        "two runs side by side: parameters, metrics, code",
        RunsDiff,
        queries.DiffQuery,
    ),
    _get(
        "/v1/runs/{run}",
        "show_run",
        "one run: parameters, latest metrics, tags, code version; of a pipeline's execution also recipe, durations, costs",
        RunShown,
    ),
    Route(
        "POST",
        "/v1/runs/{run}/reproductions",
        "request_training",
        "rerun_run",
        "202: what was decided on running a pipeline's run again: on the very bytes it read, or as the body's `wish` differs; 409 with "
        "all that is not there any more: see [recorded runs](runs.md)",
        bodies.RerunAnswer,
        status=202,
        body=bodies.Rerun,
        refuses=(Conflict, OperatorError),
    ),
)

LINEAGE = (
    _get(
        "/v1/lineage",
        "show_lineage",
        "what a thing was made of and what was made of it: file, dataset, training, run, version, endpoint, report",
        Lineage,
        queries.LineageQuery,
    ),
)

ROUTES: tuple[Route, ...] = (
    OPENAPI,
    *MODELS,
    *ALIASES,
    *DATA,
    *LIFE,
    *AUDIT,
    *IDEAS,
    *RUNS,
    *LINEAGE,
)


def of_function(name: str) -> Iterator[str]:
    """Yield the routes that a function answers, as API Gateway writes them."""
    yield from (route.key for route in ROUTES if route.function == name)
