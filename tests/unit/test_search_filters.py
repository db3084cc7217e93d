"""MLflow's filter language: what it takes, what it refuses and in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.search import Comparison, Field, Kind, parse_filter
from trimtab.domain.search.comparisons import Value
from trimtab.domain.search.filters import LENGTH_MOST
from trimtab.errors import InvalidInput

A, M, P, T, D = Field.attribute, Field.metric, Field.parameter, Field.tag, Field.dataset
RUN_KEYS = (
    "{'Created', 'Run Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', "
    "'run_id', 'run_name', 'start_time', 'status', 'user_id'}"
)
ILL_FORMED = (
    "While parsing a list in the query, expected a non-empty list of string values, "
    "but got ill-formed list."
)
TAKEN: list[tuple[Kind, str, tuple[Field, str, str, Value]]] = [
    (Kind.run, "metrics.auc > 0.9", (M, "auc", ">", 0.9)),
    (Kind.run, "metric.auc>=-1", (M, "auc", ">=", -1.0)),
    (Kind.run, "metrics.auc < 1e-3", (M, "auc", "<", 0.001)),
    (Kind.run, "metrics.auc <= .5", (M, "auc", "<=", 0.5)),
    (Kind.run, "metrics.auc != 5.", (M, "auc", "!=", 5.0)),
    (Kind.run, "metrics.`val auc/mean` = 1", (M, "val auc/mean", "=", 1.0)),
    (Kind.run, 'metrics."val auc" = 1', (M, "val auc", "=", 1.0)),
    (Kind.run, "`metrics`.auc = 1", (M, "auc", "=", 1.0)),
    (Kind.run, "metrics.1 = 1", (M, "1", "=", 1.0)),
    (Kind.run, "params.lr = '0.1'", (P, "lr", "=", "0.1")),
    (Kind.run, 'parameters.lr = "0.1"', (P, "lr", "=", "0.1")),
    (Kind.run, "param.lr != 'it''s'", (P, "lr", "!=", "it''s")),
    (Kind.run, "params.lr like'%x'", (P, "lr", "LIKE", "%x")),
    (Kind.run, "params.lr IS NULL", (P, "lr", "IS NULL", None)),
    (Kind.run, "tags.mlflow.runName = 'a'", (T, "mlflow.runName", "=", "a")),
    (Kind.run, "tag.`a` ilike 'A%'", (T, "a", "ILIKE", "A%")),
    (Kind.run, "tags.a is not\n null", (T, "a", "IS NOT NULL", None)),
    (Kind.run, "tags.and = 'or'", (T, "and", "=", "or")),
    (Kind.run, "tags.日本 = 'ü'", (T, "日本", "=", "ü")),
    (Kind.run, "tags.a = ''", (T, "a", "=", "")),
    (Kind.run, "status = 'FINISHED'", (A, "status", "=", "FINISHED")),
    (Kind.run, "attributes.status = 'FINISHED'", (A, "status", "=", "FINISHED")),
    (Kind.run, "attr.`Run name` = 'x'", (A, "run_name", "=", "x")),
    (Kind.run, "`run name` LIKE 'x'", (A, "run_name", "LIKE", "x")),
    (Kind.run, "run.run_name = 'x'", (A, "run_name", "=", "x")),
    (Kind.run, "Created > 1", (A, "start_time", ">", 1)),
    (Kind.run, "start_time > 1.5", (A, "start_time", ">", 1.5)),
    (Kind.run, "end_time < 99999999999999999999", (A, "end_time", "<", 1e20)),
    (Kind.run, "run_id IN ('a', \"b\",)", (A, "run_id", "IN", ("a", "b"))),
    (Kind.run, "run_id not  in ('a')", (A, "run_id", "NOT IN", ("a",))),
    (Kind.run, "dataset.name = 'd'", (D, "name", "=", "d")),
    (Kind.run, "datasets.digest IN ('d')", (D, "digest", "IN", ("d",))),
    (Kind.experiment, "name LIKE 'x%'", (A, "name", "LIKE", "x%")),
    (Kind.experiment, "attribute.`name` = 'x'", (A, "name", "=", "x")),
    (Kind.experiment, "tags.a IS NULL", (T, "a", "IS NULL", None)),
    (Kind.experiment, "creation_time >= 5", (A, "creation_time", ">=", 5)),
    (Kind.experiment, "experiment_id = '007'", (A, "experiment_id", "=", "7")),
    (Kind.experiment, "experiment_id IN ('1')", (A, "experiment_id", "IN", ("1",))),
    (Kind.registered_model, "name ILIKE '%X%'", (A, "name", "ILIKE", "%X%")),
    (Kind.registered_model, "name IN ('a','b')", (A, "name", "IN", ("a", "b"))),
    (Kind.registered_model, "tag.`a b` != 'x'", (T, "a b", "!=", "x")),
    (Kind.model_version, "version_number > 3", (A, "version_number", ">", 3)),
    (Kind.model_version, "version_number = '3'", (A, "version_number", "=", 3)),
    (Kind.model_version, "source_path LIKE 's3%'", (A, "source_path", "LIKE", "s3%")),
    (Kind.model_version, "run_id IN ('a')", (A, "run_id", "IN", ("a",))),
    (Kind.logged_model, "attributes.name = 'x'", (A, "name", "=", "x")),
    (Kind.logged_model, "metrics.a > 1", (M, "a", ">", 1.0)),
    (Kind.logged_model, "params.a = 1", (P, "a", "=", "1")),
    (Kind.logged_model, "params.a IN ('x')", (P, "a", "IN", ("x",))),
    (Kind.logged_model, "name = x", (A, "name", "=", "x")),
    (Kind.logged_model, "creation_time > 1", (A, "creation_timestamp", ">", 1)),
    (Kind.logged_model, "status IN ('READY')", (A, "status", "IN", ("READY",))),
    (Kind.logged_model, "status != 'FAILED'", (A, "status", "!=", "FAILED")),
]
REFUSED: list[tuple[Kind, str, str]] = [
    (Kind.run, "  ", "Invalid filter '  '. Could not be parsed."),
    (
        Kind.run,
        "status = 'a'; status = 'b'",
        "Search filter contained multiple expression \"status = 'a'; status = 'b'\". "
        "Provide AND-ed expression list.",
    ),
    (Kind.run, "status = 'a';", "Invalid clause(s) in filter string: ';'"),
    (Kind.run, "start_time=1 or end_time=1", "Invalid clause(s) in filter string: 'or'"),
    (
        Kind.run,
        "(status = 'a' AND (end_time = 1))",
        "Invalid clause(s) in filter string: '(status = 'a' AND (end_time = 1))'",
    ),
    (Kind.run, "(status = 'a'", "Invalid clause(s) in filter string: '(status = 'a''"),
    (Kind.run, "status", "Invalid clause(s) in filter string: 'status'"),
    (Kind.run, "status =", "Invalid clause(s) in filter string: 'status', '='"),
    (Kind.run, "= 'x'", "Invalid clause(s) in filter string: '=', ''x''"),
    (
        Kind.run,
        "params.a = 'unclosed",
        "Invalid clause(s) in filter string: 'params.a', '=', ''', 'unclosed'",
    ),
    (
        Kind.run,
        "params.a BETWEEN 1 AND 2",
        "Invalid clause(s) in filter string: 'params.a', 'BETWEEN', '1', '2'",
    ),
    (Kind.run, "run_id IN 'a'", "Invalid clause(s) in filter string: 'run_id', 'IN', ''a''"),
    (Kind.run, "'a' = 'a'", "Invalid comparison clause. Expected 'Identifier' found ''a''"),
    (
        Kind.run,
        "metrics.val-auc > 1",
        "Invalid comparison clause. Expected 'Identifier' found 'metrics.val-auc'",
    ),
    (Kind.run, "foo = 'x'", f"Invalid attribute key 'foo' specified. Valid keys are '{RUN_KEYS}'"),
    (
        Kind.run,
        "foo.bar = 'x'",
        "Invalid entity type 'foo'. Valid values are "
        "['metric', 'parameter', 'tag', 'attribute', 'dataset']",
    ),
    (
        Kind.run,
        "dataset.size = 'x'",
        "Invalid dataset key 'size' specified. Valid keys are '{'context', 'digest', 'name'}'",
    ),
    (Kind.run, "metrics.a > 'x'", "Expected numeric value type for metric. Found 'x'"),
    (Kind.run, "metrics.a > 1_000", "Expected numeric value type for metric. Found 1_000"),
    (Kind.run, "metrics.a > NaN", "Expected numeric value type for metric. Found NaN"),
    (
        Kind.run,
        "params.a = 1",
        "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1",
    ),
    (
        Kind.run,
        "tags.a IN ('x')",
        "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('x')",
    ),
    (
        Kind.run,
        "status = x",
        "Parameter value is either not quoted or unidentified quote types used for string value x. "
        "Use either single or double quotes.",
    ),
    (
        Kind.run,
        "start_time > '1'",
        "Expected numeric value type for numeric attribute: start_time. Found '1'",
    ),
    (Kind.run, "status = 1", "Expected a quoted string value for attributes. Got value 1"),
    (
        Kind.run,
        "dataset.name = 1",
        "Expected a quoted string value for dataset attributes. Got value 1",
    ),
    (
        Kind.run,
        "status IN ('x')",
        "Only ['run_id'] attributes support comparison with a list of quoted string values.",
    ),
    (
        Kind.run,
        "run_id IN ()",
        "While parsing a list in the query, expected a non-empty list of string values, "
        "but got empty list",
    ),
    (
        Kind.run,
        "run_id IN (1)",
        "While parsing a list in the query, expected string value, punctuation, or whitespace, "
        "but got different type in list: (1)",
    ),
    (Kind.run, "run_id IN ('a' 'b')", ILL_FORMED),
    (Kind.run, "run_id IN ('a',,'b')", ILL_FORMED),
    (Kind.run, "run_id IN ('a', b)", ILL_FORMED),
    (Kind.run, "run_id IN (,)", ILL_FORMED),
    (Kind.run, "run_id = ('a')", "Invalid comparator '=' for a list: use IN or NOT IN"),
    (
        Kind.run,
        "metrics.a = 1 AND params.a > 'x'",
        "Invalid comparator '>' not one of "
        "'{'!=', '=', 'ILIKE', 'IS NOT NULL', 'IS NULL', 'LIKE'}'",
    ),
    (
        Kind.run,
        "status NOT LIKE 'x'",
        "Invalid comparator 'NOT LIKE' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'",
    ),
    (
        Kind.run,
        "metrics.a == 1",
        "Invalid comparator '==' not one of '{'!=', '<', '<=', '=', '>', '>='}'",
    ),
    (
        Kind.run,
        "start_time IS NULL",
        "IS NULL / IS NOT NULL is only supported for tags and params, "
        "not for 'attribute' 'start_time'",
    ),
    (
        Kind.experiment,
        "attributes.name = 'x'",
        "Invalid entity type 'attributes'. Valid entity types are ('attribute', 'tag', 'tags')",
    ),
    (Kind.experiment, "name='x' or name='y'", "Invalid clause(s) in filter string: or"),
    (
        Kind.experiment,
        "name IS NULL",
        "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'",
    ),
    (
        Kind.experiment,
        "creation_time > 1.5",
        "Invalid value for numeric attribute 'creation_time': 1.5",
    ),
    (Kind.experiment, "experiment_id > '1'", "Invalid comparator for experiment_id: >"),
    (
        Kind.experiment,
        "experiment_id = 'a'",
        "Invalid experiment ID 'a'. Experiment ID must be a valid integer.",
    ),
    (
        Kind.experiment,
        "name > 'x'",
        "Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'LIKE'}'",
    ),
    (
        Kind.registered_model,
        "creation_timestamp > 1",
        "Invalid attribute key 'creation_timestamp' specified. Valid keys are '{'name'}'",
    ),
    (
        Kind.registered_model,
        "name = 1",
        "Expected a quoted string value or a list of quoted string values for attributes. "
        "Got value 1",
    ),
    (Kind.registered_model, "name > 'x'", "Invalid comparator for attribute: >"),
    (Kind.registered_model, "tags.a > 'x'", "Invalid comparator for tag: >"),
    (
        Kind.registered_model,
        "tags.a IS NULL",
        "IS NULL / IS NOT NULL is not supported for registered model search.",
    ),
    (
        Kind.model_version,
        "params.a = 'x'",
        "Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')",
    ),
    (
        Kind.model_version,
        "run_id = 1",
        "Only the '{'creation_timestamp', 'last_updated_timestamp', 'version_number'}' attributes "
        "support comparison with numeric values.",
    ),
    (
        Kind.model_version,
        "version_number = 'a'",
        "Invalid value for numeric attribute 'version_number': 'a'",
    ),
    (
        Kind.model_version,
        "version_number = 1.5",
        "Invalid value for numeric attribute 'version_number': 1.5",
    ),
    (
        Kind.model_version,
        "version_number LIKE '1'",
        "Invalid comparator for attribute version_number: LIKE",
    ),
    (
        Kind.model_version,
        "source_path IN ('a')",
        "Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.",
    ),
    (Kind.logged_model, " ", "Invalid filter string: ' '. Expected a single SQL expression."),
    (
        Kind.logged_model,
        "name",
        "Invalid filter string: 'name'. Expected a list of comparisons separated by 'AND' "
        "(e.g. 'metrics.loss > 0.1 AND params.lr = 0.01').",
    ),
    (
        Kind.logged_model,
        "attribute.name = 'x'",
        "Invalid entity type: 'attribute'. Expected one of "
        "['attributes', 'metrics', 'params', 'tags'].",
    ),
    (
        Kind.logged_model,
        "params.a > 'x'",
        "Invalid comparison operator for params.a: '>'. Expected one of "
        "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').",
    ),
    (
        Kind.logged_model,
        "metrics.a LIKE 'x'",
        "Invalid comparison operator for metrics.a: 'LIKE'. Expected one of "
        "('<', '<=', '>', '>=', '=', '!=').",
    ),
    (
        Kind.logged_model,
        "tags.a IS NULL",
        "Invalid comparison operator for tags.a: 'IS NULL'. Expected one of "
        "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN').",
    ),
    (Kind.logged_model, "status LIKE 'R%'", "Invalid comparison operator for status: LIKE"),
    (Kind.logged_model, "status = 'DONE'", "Unknown model status in filter: 'DONE'"),
    (
        Kind.logged_model,
        "creation_time > 'x'",
        "Expected numeric value type for numeric attribute: creation_timestamp. Found 'x'",
    ),
]


@pytest.mark.parametrize(("kind", "text", "expected"), TAKEN)
def test_a_comparison_is_read(
    kind: Kind, text: str, expected: tuple[Field, str, str, Value]
) -> None:
    assert parse_filter(text, kind) == (Comparison(*expected),)


@pytest.mark.parametrize(("kind", "text", "message"), REFUSED)
def test_what_the_language_lacks_is_refused_in_mlflows_words(
    kind: Kind, text: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_filter(text, kind)
    assert caught.value.message == message


@pytest.mark.parametrize("text", [None, ""])
def test_no_filter_compares_nothing(text: str | None) -> None:
    assert parse_filter(text, Kind.run) == ()


@pytest.mark.parametrize(
    "text",
    [
        "metrics.a > 1 AND tags.b = 'x'",
        "metrics.a > 1 and tags.b='x'",
        "metrics.a > 1\n\tAND\ttags.b = 'x'",
        "AND metrics.a > 1 AND AND tags.b = 'x' AND",
        "metrics.a > 1 tags.b = 'x'",
    ],
)
def test_comparisons_stand_side_by_side_however_many_ands_are_between_them(text: str) -> None:
    assert parse_filter(text, Kind.run) == (
        Comparison(M, "a", ">", 1.0),
        Comparison(T, "b", "=", "x"),
    )


def test_a_filter_of_ten_thousand_characters_is_refused_with_its_length() -> None:
    with pytest.raises(InvalidInput, match=r"it has 10,000 characters, .* have 8,000 at most"):
        parse_filter("x" * 10_000, Kind.run)
    assert parse_filter(f"tags.a = '{'x' * (LENGTH_MOST - 11)}'", Kind.run)


def test_a_list_of_two_hundred_run_ids_can_be_asked_for() -> None:
    ids = [f"{number:032x}" for number in range(200)]
    text = "run_id IN (" + ",".join(f"'{one}'" for one in ids) + ")"
    assert parse_filter(text, Kind.run)[0].value == tuple(ids)


PLAIN = st.text(st.characters(exclude_characters="`'\"", exclude_categories=["Cs"]), max_size=40)
FIELDS = {M: "metrics", P: "params", T: "tags"}


@given(st.sampled_from([P, T]), PLAIN, PLAIN, st.sampled_from("'\""))
def test_any_key_in_backticks_and_any_text_in_quotes_come_back_as_they_are(
    field: Field, key: str, value: str, quote: str
) -> None:
    text = f"{FIELDS[field]}.`{key}` = {quote}{value}{quote}"
    assert parse_filter(text, Kind.run) == (Comparison(field, key, "=", value),)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_that_python_writes_is_read(value: float) -> None:
    assert parse_filter(f"metrics.a = {value!r}", Kind.run) == (Comparison(M, "a", "=", value),)


PIECES = ["metrics.", "name", "status", "`", "'", '"', "(", ")", ",", " ", "=", ">", "IN", "NOT"]
PIECES += ["IS", "NULL", "AND", "LIKE", "1", "-", ".", ";", "tags.a", "run_id", "é", "\\", "\n"]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25), st.sampled_from(Kind))
def test_any_text_is_read_or_refused_and_nothing_else_happens(
    pieces: list[str], kind: Kind
) -> None:
    try:
        parse_filter("".join(pieces), kind)
    except InvalidInput as refusal:
        assert refusal.message
