"""What may be asked of each kind of entity: prefixes, attributes, operators, and the words of refusal.

Searches refuse with the messages of MLflow's own server, since its clients show and sometimes test them. Where MLflow
prints a set, whose order changes from process to process, these messages have it sorted.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.domain.search.comparisons import Field, Kind

ORDERED = ("!=", "<", "<=", "=", ">", ">=")
TEXT = ("!=", "=", "ILIKE", "LIKE")
TEXT_OR_NULL = (*TEXT, "IS NOT NULL", "IS NULL")
TEXT_OR_LIST = ("!=", "=", "ILIKE", "IN", "LIKE", "NOT IN")
LIST = ("!=", "=", "IN", "NOT IN")

PREFIXES = {
    "metric": Field.metric,
    "metrics": Field.metric,
    "parameter": Field.parameter,
    "parameters": Field.parameter,
    "param": Field.parameter,
    "params": Field.parameter,
    "tag": Field.tag,
    "tags": Field.tag,
    "attribute": Field.attribute,
    "attributes": Field.attribute,
    "attr": Field.attribute,
    "run": Field.attribute,
    "dataset": Field.dataset,
    "datasets": Field.dataset,
}
FEW_PREFIXES = {"attribute": Field.attribute, "tag": Field.tag, "tags": Field.tag}
LOGGED_MODEL_PREFIXES = {
    "attributes": Field.attribute,
    "metrics": Field.metric,
    "params": Field.parameter,
    "tags": Field.tag,
}
DATASET_KEYS = ("context", "digest", "name")


@dataclass(frozen=True)
class Rules:
    """The language of one kind of entity."""

    prefixes: Mapping[str, Field]
    no_prefix: Callable[[str], str]  # what is said of a prefix that is none
    attributes: frozenset[str]  # that a filter may name, aliases included
    numeric: frozenset[str]
    operators: Callable[[Field, str], tuple[str, ...]]
    no_operator: Callable[[Field, str, str, tuple[str, ...]], str]
    listed: frozenset[str] = frozenset()  # attributes that take IN and NOT IN
    aliases: Mapping[str, str] = field(default_factory=dict)
    sortable: frozenset[str] = frozenset()
    default_order: tuple[tuple[str, bool], ...] = ()  # attribute, ascending
    tie_breakers: tuple[tuple[str, bool], ...] = ()


def spelled(words: Iterable[str]) -> str:
    """Return words as MLflow prints a set of them."""
    return "{" + ", ".join(repr(word) for word in sorted(words)) + "}"


def _any_prefix(prefix: str) -> str:
    kinds = ["metric", "parameter", "tag", "attribute", "dataset"]
    return f"Invalid entity type '{prefix}'. Valid values are {kinds}"


def _few_prefixes(prefix: str) -> str:
    kinds = ("attribute", "tag", "tags")
    return f"Invalid entity type '{prefix}'. Valid entity types are {kinds}"


def _logged_model_prefix(prefix: str) -> str:
    kinds = list(LOGGED_MODEL_PREFIXES)
    return f"Invalid entity type: '{prefix}'. Expected one of {kinds}."


def _not_one_of(_field: Field, _key: str, operator: str, allowed: tuple[str, ...]) -> str:
    return f"Invalid comparator '{operator}' not one of '{spelled(allowed)}'"


def _no_experiment_operator(field: Field, key: str, operator: str, allowed: tuple[str, ...]) -> str:
    if key == "experiment_id" and field is Field.attribute:
        return f"Invalid comparator for experiment_id: {operator}"
    return _not_one_of(field, key, operator, allowed)


def _no_registry_operator(field: Field, key: str, operator: str, _allowed: tuple[str, ...]) -> str:
    named = f" {key}" if key == "version_number" and field is Field.attribute else ""
    return f"Invalid comparator for {field.value}{named}: {operator}"


def _no_logged_model_operator(
    field: Field, key: str, operator: str, allowed: tuple[str, ...]
) -> str:
    if key == "status" and field is Field.attribute:
        return f"Invalid comparison operator for status: {operator}"
    plural = {"attribute": "attributes", "metric": "metrics", "parameter": "params"}
    named = f"{plural.get(field.value, 'tags')}.{key}"
    return f"Invalid comparison operator for {named}: '{operator}'. Expected one of {allowed}."


RUN_TIMES = frozenset({"start_time", "end_time"})
RUN_ATTRIBUTES = RUN_TIMES | {"artifact_uri", "run_id", "run_name", "status", "user_id"}
EXPERIMENT_TIMES = frozenset({"creation_time", "last_update_time"})
EXPERIMENT_ATTRIBUTES = EXPERIMENT_TIMES | {"experiment_id", "name"}
VERSION_TIMES = frozenset({"creation_timestamp", "last_updated_timestamp"})
LOGGED_MODEL_TIMES = VERSION_TIMES | {"creation_time", "last_updated_time"}
LOGGED_MODEL_NAMES = frozenset(
    {"experiment_id", "model_id", "model_type", "name", "source_run_id", "status"}
)


def _run_operators(field: Field, key: str) -> tuple[str, ...]:
    if field is Field.metric or (field is Field.attribute and key in RUN_TIMES):
        return ORDERED
    return TEXT_OR_NULL if field in (Field.parameter, Field.tag) else TEXT_OR_LIST


def _experiment_operators(field: Field, key: str) -> tuple[str, ...]:
    if field is Field.tag:
        return TEXT_OR_NULL
    if key in EXPERIMENT_TIMES:
        return ORDERED
    return LIST if key == "experiment_id" else TEXT


def _registry_operators(field: Field, key: str) -> tuple[str, ...]:
    if field is Field.tag:
        return TEXT
    return ORDERED if key == "version_number" else TEXT_OR_LIST


def _logged_model_operators(field: Field, key: str) -> tuple[str, ...]:
    if field is Field.metric or (field is Field.attribute and key in LOGGED_MODEL_TIMES):
        return ("<", "<=", ">", ">=", "=", "!=")
    if field is Field.attribute and key == "status":
        return ("=", "!=", "IN", "NOT IN")
    return ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")


RULES: Mapping[Kind, Rules] = {
    Kind.run: Rules(
        prefixes=PREFIXES,
        no_prefix=_any_prefix,
        attributes=RUN_ATTRIBUTES | {"created", "Created", "run name", "Run name", "Run Name"},
        numeric=RUN_TIMES,
        operators=_run_operators,
        no_operator=_not_one_of,
        listed=frozenset({"run_id"}),
        aliases={
            "created": "start_time",
            "Created": "start_time",
            "run name": "run_name",
            "Run name": "run_name",
            "Run Name": "run_name",
        },
        sortable=RUN_ATTRIBUTES | {"created", "Created"},
        tie_breakers=(("start_time", False), ("run_id", True)),
    ),
    Kind.experiment: Rules(
        prefixes=FEW_PREFIXES,
        no_prefix=_few_prefixes,
        attributes=EXPERIMENT_ATTRIBUTES,
        numeric=EXPERIMENT_TIMES,
        operators=_experiment_operators,
        no_operator=_no_experiment_operator,
        listed=frozenset({"experiment_id"}),
        sortable=EXPERIMENT_ATTRIBUTES,
        default_order=(("creation_time", False), ("experiment_id", True)),
        tie_breakers=(("experiment_id", False),),
    ),
    Kind.registered_model: Rules(
        prefixes=FEW_PREFIXES,
        no_prefix=_few_prefixes,
        attributes=frozenset({"name"}),
        numeric=frozenset(),
        operators=_registry_operators,
        no_operator=_no_registry_operator,
        listed=frozenset({"name"}),
        aliases={"timestamp": "last_updated_timestamp"},
        sortable=frozenset({"name", "timestamp", "last_updated_timestamp"}),
        tie_breakers=(("name", True),),
    ),
    Kind.model_version: Rules(
        prefixes=FEW_PREFIXES,
        no_prefix=_few_prefixes,
        attributes=frozenset({"name", "run_id", "source_path", "version_number"}),
        numeric=VERSION_TIMES | {"version_number"},
        operators=_registry_operators,
        no_operator=_no_registry_operator,
        listed=frozenset({"name", "run_id"}),
        sortable=VERSION_TIMES | {"name", "version_number"},
        default_order=(
            ("last_updated_timestamp", False),
            ("name", True),
            ("version_number", False),
        ),
        tie_breakers=(("name", True), ("version_number", False)),
    ),
    Kind.logged_model: Rules(
        prefixes=LOGGED_MODEL_PREFIXES,
        no_prefix=_logged_model_prefix,
        attributes=LOGGED_MODEL_NAMES | LOGGED_MODEL_TIMES,
        numeric=LOGGED_MODEL_TIMES,
        operators=_logged_model_operators,
        no_operator=_no_logged_model_operator,
        listed=LOGGED_MODEL_NAMES,
        aliases={
            "creation_time": "creation_timestamp",
            "last_updated_time": "last_updated_timestamp",
        },
        sortable=LOGGED_MODEL_NAMES | LOGGED_MODEL_TIMES,
        tie_breakers=(("creation_timestamp", False), ("model_id", True)),
    ),
}
