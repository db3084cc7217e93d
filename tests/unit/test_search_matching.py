"""What a filter finds, and in which order it comes."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.search import (
    Field,
    Kind,
    Order,
    View,
    parse_filter,
    parse_logged_model_orders,
    parse_orders,
    predicate,
    sort_key,
)
from trimtab.domain.search.matching import like
from trimtab.domain.search.sorting import Descending
from trimtab.errors import InvalidInput

NAN = float("nan")
RUN = View(
    attributes={"status": "FINISHED", "start_time": 5, "end_time": None, "run_id": "r1"},
    metrics={"auc": 0.9, "lost": NAN},
    params={"lr": "0.1"},
    tags={"team": "Red"},
    datasets=({"name": "jan", "context": "train"}, {"name": "feb", "context": None}),
)


def found(text: str, view: View = RUN, kind: Kind = Kind.run) -> bool:
    return predicate(parse_filter(text, kind), kind)(view)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "metrics.auc > 0.8 AND params.lr = '0.1' AND tags.team != 'Blue'",
        "metrics.auc >= 0.9 AND metrics.auc <= 0.9 AND metrics.auc < 1",
        "metrics.lost != 0",
        "start_time = 5",
        "run_id IN ('r0', 'r1') AND run_id NOT IN ('r2')",
        "params.lr LIKE '0.%' AND tags.team ILIKE 'r_d'",
        "params.none IS NULL AND params.lr IS NOT NULL",
        "dataset.name = 'feb' AND dataset.context = 'train'",
    ],
)
def test_a_run_is_found_when_every_comparison_holds(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.auc > 0.8 AND params.lr = '0.2'",
        "metrics.lost = 0",
        "metrics.lost < 1",
        "metrics.none != 1",
        "tags.none != 'x'",
        "end_time > 0",
        "tags.team LIKE 'r%'",
        "params.lr IS NULL",
        "dataset.name NOT IN ('jan', 'feb')",
        "dataset.digest != 'x'",
    ],
)
def test_a_run_is_not_found_by_what_it_lacks_or_what_is_not_so(text: str) -> None:
    assert not found(text)


PROMPT = View(attributes={"name": "p"}, tags={"mlflow.prompt.is_prompt": "true"})
MODEL = View(attributes={"name": "m"})
IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"


@pytest.mark.parametrize("kind", [Kind.registered_model, Kind.model_version])
def test_prompts_are_found_only_by_a_filter_that_asks_for_them(kind: Kind) -> None:
    for text in ("", "name LIKE '%'", f"{IS_PROMPT} != 'true'", f"{IS_PROMPT} = 'false'"):
        assert not found(text, PROMPT, kind)
        assert found(text, MODEL, kind)
    for text in (f"name = 'p' AND {IS_PROMPT} = 'true'", f"{IS_PROMPT} != 'false'"):
        assert found(text, PROMPT, kind)
        assert not found(text, MODEL, kind)


def reference(pattern: str, text: str) -> bool:
    """LIKE by its definition, one character after the other."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return reference(pattern[1:], text) or (bool(text) and reference(pattern, text[1:]))
    return bool(text) and pattern[0] in ("_", text[0]) and reference(pattern[1:], text[1:])


@given(st.text("ab%_\n", max_size=8), st.text("ab\n", max_size=8))
def test_like_means_what_it_means_in_sql(pattern: str, text: str) -> None:
    assert like(pattern)(text) == reference(pattern, text)


def test_like_sees_cases_and_ilike_does_not() -> None:
    assert not like("ÄB%")("äbc")
    assert like("ÄB%", ignore_case=True)("äbc")
    assert like("a.c")("a.c")
    assert not like("a.c")("abc")


def test_no_pattern_makes_matching_slow() -> None:
    assert not like("%a" * 2000 + "%b")("a" * 5000)


def views(*values: float | None) -> list[View]:
    return [
        View({"run_id": str(n), "start_time": 0}, {} if v is None else {"m": v})
        for n, v in enumerate(values)
    ]


def ids(found: list[View]) -> str:
    return "".join(str(view.attributes["run_id"]) for view in found)


@pytest.mark.parametrize(
    ("order", "expected"), [("metrics.m", "4201 3"), ("metrics.m DESC", "1024 3")]
)
def test_nan_stands_behind_every_number_and_what_is_missing_behind_everything(
    order: str, expected: str
) -> None:
    given_views = views(1.0, math.inf, -1.0, None, -math.inf, NAN)
    came = ids(sorted(given_views, key=sort_key(parse_orders([order], Kind.run))))
    assert came == expected.replace(" ", "5")


def test_ties_are_broken_by_the_newest_start_and_then_the_id() -> None:
    given_views = [
        View({"run_id": "b", "start_time": 1}, params={"p": "x"}, tags={"t": "x"}),
        View({"run_id": "a", "start_time": 1}, params={"p": "x"}, tags={"t": "x"}),
        View({"run_id": "c", "start_time": 2}, params={"p": "x"}, tags={"t": "x"}),
    ]
    for orders in ([], ["params.p"], ["tags.t DESC"]):
        assert ids(sorted(given_views, key=sort_key(parse_orders(orders, Kind.run)))) == "cab"
    by_start = sort_key(parse_orders(["attribute.start_time ASC"], Kind.run))
    assert ids(sorted(given_views, key=by_start)) == "abc"


def test_experiment_ids_come_in_the_order_of_numbers() -> None:
    given_views = [View({"experiment_id": one, "creation_time": 0}) for one in ("10", "9", "0")]
    key = sort_key(parse_orders(["experiment_id"], Kind.experiment))
    assert [v.attributes["experiment_id"] for v in sorted(given_views, key=key)] == ["0", "9", "10"]


@given(st.permutations(range(7)), st.booleans())
def test_the_order_does_not_depend_on_how_the_entities_came(
    places: list[int], ascending: bool
) -> None:
    given_views = views(1.0, 1.0, NAN, NAN, None, None, -2.0)
    key = sort_key(parse_orders([f"metrics.m {'ASC' if ascending else 'DESC'}"], Kind.run))
    assert sorted([given_views[p] for p in places], key=key) == sorted(given_views, key=key)


@given(st.text(), st.text())
def test_descending_turns_every_comparison_round(one: str, other: str) -> None:
    assert (Descending(one) < Descending(other)) == (one > other)
    assert (Descending(one) == Descending(other)) == (one == other)
    assert (Descending(one) >= Descending(other)) == (one <= other)
    assert (hash(Descending(one)) == hash(Descending(other))) or one != other
    assert Descending(one) != one


A = Field.attribute


def test_each_kind_has_an_order_of_its_own_when_none_is_asked_for() -> None:
    assert parse_orders(None, Kind.run) == (
        Order(A, "start_time", ascending=False),
        Order(A, "run_id"),
    )
    assert parse_orders([], Kind.experiment) == (
        Order(A, "creation_time", ascending=False),
        Order(A, "experiment_id"),
    )
    assert parse_orders(None, Kind.registered_model) == (Order(A, "name"),)
    assert parse_orders(None, Kind.model_version) == (
        Order(A, "last_updated_timestamp", ascending=False),
        Order(A, "name"),
        Order(A, "version_number", ascending=False),
    )
    assert parse_logged_model_orders(None) == (
        Order(A, "creation_timestamp", ascending=False),
        Order(A, "model_id"),
    )


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (Kind.run, "metrics.`a b` DESC", Order(Field.metric, "a b", ascending=False)),
        (Kind.run, 'params."a b" asc', Order(Field.parameter, "a b")),
        (Kind.run, "tags.a\tdesc", Order(Field.tag, "a", ascending=False)),
        (Kind.run, "Created", Order(A, "start_time")),
        (Kind.run, "metrics.desc", Order(Field.metric, "desc")),
        (Kind.run, "`start_time` DESC", Order(A, "start_time", ascending=False)),
        (Kind.experiment, "last_update_time", Order(A, "last_update_time")),
        (
            Kind.registered_model,
            "timestamp desc",
            Order(A, "last_updated_timestamp", ascending=False),
        ),
        (Kind.model_version, "attribute.version_number", Order(A, "version_number")),
    ],
)
def test_an_order_is_read(kind: Kind, text: str, expected: Order) -> None:
    assert parse_orders([text], kind)[0] == expected


@pytest.mark.parametrize(
    ("kind", "texts", "message"),
    [
        (Kind.run, [""], "Invalid order_by clause ''. Could not be parsed."),
        (Kind.run, ["DESC"], "Invalid order_by clause 'DESC'. Could not be parsed."),
        (Kind.run, ["a, b"], "Invalid order_by clause 'a, b'. Could not be parsed."),
        (Kind.run, ["'a' ASC"], "Invalid order_by clause ''a' ASC'. Could not be parsed."),
        (Kind.run, ["metrics.a-b"], "Invalid order_by clause 'metrics.a-b'. Could not be parsed."),
        (Kind.run, ["metrics.a 1"], "Invalid order_by clause 'metrics.a 1'. Could not be parsed."),
        (Kind.run, ["start_time up"], "Invalid ordering key in order_by clause 'start_time up'."),
        (Kind.run, ["x" * 9000], f"Invalid order_by clause '{'x' * 200}'. Could not be parsed."),
        (
            Kind.run,
            ["foo"],
            "Invalid attribute key 'foo' specified. Valid keys are '{'Created', 'artifact_uri', "
            "'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'",
        ),
        (Kind.run, ["dataset.name"], "Invalid identifier type 'dataset'"),
        (
            Kind.run,
            ["start_time", "Created DESC"],
            "`order_by` contains duplicate fields: ['start_time', 'Created DESC']",
        ),
        (Kind.experiment, ["tags.a"], "Invalid order_by entity: tag"),
        (
            Kind.registered_model,
            ["creation_timestamp"],
            "Invalid order by key 'creation_timestamp' specified. "
            "Valid keys are '{'name', 'timestamp'}'",
        ),
        (
            Kind.model_version,
            ["run_id"],
            "Invalid attribute key 'run_id' specified. Valid keys are '{'creation_timestamp', "
            "'last_updated_timestamp', 'name', 'version_number'}'",
        ),
    ],
)
def test_an_order_that_cannot_be_is_refused_in_mlflows_words(
    kind: Kind, texts: list[str], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_orders(texts, kind)
    assert caught.value.message == message


def test_logged_models_are_ordered_by_metrics_of_a_dataset() -> None:
    asked = {
        "field_name": "metrics.auc",
        "ascending": False,
        "dataset_name": "d",
        "dataset_digest": "1",
    }
    assert parse_logged_model_orders([asked])[0] == Order(
        Field.metric, "auc", ascending=False, dataset_name="d", dataset_digest="1"
    )
    assert parse_logged_model_orders([{"field_name": "creation_time"}]) == (
        Order(A, "creation_timestamp"),
        Order(A, "model_id"),
    )


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ({}, "`field_name` in the `order_by` clause must be specified."),
        ({"field_name": "foo"}, "Invalid order by field name: foo."),
        (
            {"field_name": "params.a"},
            "Invalid order by field name: params, only `metrics.<name>` is allowed.",
        ),
        (
            {"field_name": "name", "ascending": "no"},
            "Value of `ascending` in the `order_by` clause must be a boolean, "
            "got <class 'str'> for field name.",
        ),
        (
            {"field_name": "name", "dataset_digest": "1"},
            "`dataset_digest` can only be specified if `dataset_name` is also specified.",
        ),
    ],
)
def test_an_order_of_logged_models_that_cannot_be_is_refused(
    clause: Mapping[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_logged_model_orders([clause])
    assert caught.value.message == message
