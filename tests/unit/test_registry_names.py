"""Names, stages and sources of the registry: what they may be, and in which words others are refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.registry.deployed import (
    check_alias_is_free,
    check_model_is_free,
    check_version_is_free,
)
from trimtab.domain.registry.hands import TEXT_MOST, Hand, differences
from trimtab.domain.registry.models import ALIASES_MOST, Pointer, RegisteredModel
from trimtab.domain.registry.names import (
    NAME_MOST,
    TAGS_MOST,
    check_alias,
    check_model_name,
    check_tags,
    version_number,
)
from trimtab.domain.registry.sources import SOURCE_MOST, check_source
from trimtab.domain.registry.stages import Stage, check_archiving, stage_of
from trimtab.errors import InvalidInput, InvalidState

MONDAY = datetime(2026, 11, 9, 8, 0, tzinfo=UTC)
RESOLVES = (
    "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. "
    "This name would resolve to"
)


def model(**told: object) -> RegisteredModel:
    return RegisteredModel.model_validate(
        {"name": "m", "created_at": MONDAY, "updated_at": MONDAY, **told}, strict=False
    )


@pytest.mark.parametrize("name", ["m", "Flight Delays", "a.b", "é#日本", " x ", "a" * NAME_MOST])
def test_a_model_can_have_any_name_that_is_one_part_of_a_path(name: str) -> None:
    check_model_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Missing value for required parameter 'name'."),
        ("  ", "Missing value for required parameter 'name'."),
        ("a/b", "Invalid model name 'a/b'. Names cannot contain '/' or ':'."),
        ("a:b", "Invalid model name 'a:b'. Names cannot contain '/' or ':'."),
        (".", f"Invalid value \".\" for parameter 'name' supplied: {RESOLVES} '.'"),
        ("..", f"Invalid value \"..\" for parameter 'name' supplied: {RESOLVES} '..'"),
        ("a" * 257, "'name' exceeds the maximum length of 256 characters"),
        ("a\x00b", "Invalid model name 'a\\x00b'. Names hold printable characters only."),
        ("a\ud800", "Invalid model name 'a\\ud800'. Names hold printable characters only."),
    ],
)
def test_any_other_name_is_refused(name: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_model_name(name)
    assert caught.value.message == message


@pytest.mark.parametrize("alias", ["champion", "a-b_c", "V", "9", "é", "latest2"])
def test_an_alias_is_a_word(alias: str) -> None:
    check_alias(alias, reserved=True)


@pytest.mark.parametrize(
    ("alias", "message"),
    [
        ("", "Registered model alias name cannot be empty."),
        (
            "a b",
            "Invalid alias name: 'a b'. "
            "Names may only contain alphanumerics, underscores (_), and dashes (-).",
        ),
        ("a" * 256, "'Registered model alias name' exceeds the maximum length of 255 characters"),
        ("Latest", "'latest' alias name (case insensitive) is reserved."),
        ("v12", "Version alias name 'v12' is reserved."),
    ],
)
def test_any_other_alias_is_refused(alias: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_alias(alias, reserved=True)
    assert caught.value.message == message


def test_a_reserved_alias_can_be_asked_for() -> None:
    check_alias("latest")
    check_alias("v1")


def test_a_version_is_named_by_its_number_and_by_nothing_else() -> None:
    assert [version_number(text) for text in ("1", " 07 ", "+3", "99999999")] == [1, 7, 3, 99999999]
    assert [version_number(text) for text in ("0", "-1", "100000000", "9" * 5000)] == [0] * 4
    for text in ("x", "", "1.0", "1_000"):
        with pytest.raises(InvalidInput, match=f"'version' must be an integer, got '{text}'"):
            version_number(text)


def test_tags_are_refused_by_key_by_value_and_by_all_they_hold() -> None:
    check_tags({f"k{n}": "x" * 99_000 for n in range(3)})
    with pytest.raises(InvalidInput, match="Names may only contain alphanumerics"):
        check_tags({"a!": ""})
    with pytest.raises(InvalidInput, match="'key' exceeds the maximum length of 250 characters"):
        check_tags({"k" * 251: ""})
    with pytest.raises(InvalidInput, match="'value' exceeds the maximum length of 100000"):
        check_tags({"k": "x" * 100_001})
    with pytest.raises(InvalidInput, match=f"and may hold {TAGS_MOST:,}"):
        check_tags({f"k{n}": "x" * 99_000 for n in range(4)})


@pytest.mark.parametrize("text", ["production", "Production", "PRODUCTION"])
def test_a_stage_is_meant_in_whatever_case(text: str) -> None:
    assert stage_of(text) is Stage.production


def test_what_is_no_stage_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        stage_of("live")
    assert caught.value.message == (
        "Invalid Model Version stage: live. "
        "Value must be one of None, Staging, Production, Archived."
    )


def test_only_an_active_stage_is_cleared_for_a_newcomer() -> None:
    check_archiving("staging")
    with pytest.raises(InvalidInput, match=r"'archived' is not an Active stage. Valid stages are"):
        check_archiving("archived")


@pytest.mark.parametrize(
    ("source", "run_id", "model_id"),
    [
        ("s3://bucket/path/model", None, None),
        ("s3://bucket", None, None),
        ("https://host/a/b", None, None),
        ("dbfs:/a/b", None, None),
        ("runs:/r1/model", "r1", None),
        ("models:/m-1", None, "m-1"),
        ("models:/other/3", None, None),
        ("models:/other@champion", None, None),
        ("mlflow-artifacts:/1/r1/artifacts", "r1", None),
    ],
)
def test_a_version_can_be_made_of_what_lies_in_a_store(
    source: str, run_id: str | None, model_id: str | None
) -> None:
    check_source(source, run_id, model_id)


@pytest.mark.parametrize(
    ("source", "run_id", "model_id", "message"),
    [
        ("/tmp/x", "r1", None, "To use a local path as a model version source, the run_id"),
        ("file:///x", None, "m-1", "To use a local path as a model version source, the model_id"),
        ("s3://b/../x", None, None, "an absolute path must be provided"),
        ("s3://b/%252e%252e/x", None, None, "an absolute path must be provided"),
        ("s3://b/x%00", None, None, "an absolute path must be provided"),
        ("s3://b/./x", None, None, "an absolute path must be provided"),
        ("http://[", None, None, "Invalid model version source: 'http://['"),
        ("runs:/r1/model", None, None, "The run_id request parameter must identify"),
        ("runs:/r1/model", "r2", None, "The run_id request parameter must identify"),
        ("runs://host/r1", "r1", None, "The run_id request parameter must identify"),
        ("models:/m-1", "r1", None, "The model_id request parameter must identify"),
        ("models:/m-1", None, "m-2", "The model_id request parameter must identify"),
        ("models://host/m-1", None, "m-1", "The model_id request parameter must identify"),
        ("mlflow-artifacts:/1/2", None, None, "The run_id request parameter must identify"),
        ("s3://" + "b" * SOURCE_MOST, None, None, "'source' exceeds the maximum length of 2048"),
    ],
)
def test_a_version_cannot_be_made_of_what_lies_elsewhere(
    source: str, run_id: str | None, model_id: str | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_source(source, run_id, model_id)
    assert message in caught.value.message


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_source_is_taken_or_refused_and_nothing_else_happens(source: str) -> None:
    try:
        check_source(source, None, None)
    except InvalidInput as refusal:
        assert refusal.message


def test_the_newest_version_of_a_stage_is_found_among_those_that_are_in_it_and_not_deleted() -> (
    None
):
    told = model(newest=6, staged={2: "Production", 4: "Production", 5: "Archived"}, deleted=(6,))
    assert told.latest == {Stage.none: 3, Stage.production: 4, Stage.archived: 5}
    assert model().latest == {}
    assert model(newest=1, deleted=(1,)).latest == {}
    assert told.moved(4, Stage.none).latest == {
        Stage.none: 4,
        Stage.production: 2,
        Stage.archived: 5,
    }
    assert told.without(4).latest[Stage.production] == 2


@given(st.sets(st.integers(1, 30)), st.dictionaries(st.integers(1, 30), st.sampled_from(Stage)))
def test_no_version_is_the_newest_of_two_stages_and_none_that_is_deleted_of_any(
    deleted: set[int], moves: dict[int, Stage]
) -> None:
    told = model(newest=30)
    for number, stage in moves.items():
        told = told.moved(number, stage)
    for number in deleted:
        told = told.without(number)
    assert len({*told.latest.values()}) == len(told.latest)
    assert deleted.isdisjoint(told.latest.values())
    for stage in Stage:
        there = [n for n in range(1, 31) if n not in deleted and moves.get(n, Stage.none) is stage]
        assert told.latest.get(stage) == max(there, default=None)


def test_a_model_knows_which_aliases_point_at_a_version() -> None:
    told = model().pointed("b", 1, 1).pointed("a", 1, 1).pointed("c", 2, 1).pointed("b", 1, 2)
    assert told.pointing_at(1) == ["a", "b"]
    assert told.aliases["b"] == Pointer(version=1, seq=2)
    assert told.unpointed("a").pointing_at(1) == ["b"]


def test_a_model_has_no_more_aliases_than_one_transaction_takes_away() -> None:
    full = model(aliases={f"a{n}": {"version": 1, "seq": 1} for n in range(ALIASES_MOST)})
    assert full.pointed("a1", 2, 2).pointing_at(2) == ["a1"]
    with pytest.raises(InvalidState, match="m has 80 aliases, and can have no more at once"):
        full.pointed("one more", 1, 1)


def test_what_is_deployed_here_is_changed_by_pipelines_and_releases_only() -> None:
    for check in (
        lambda is_deployed: check_version_is_free("churn", is_deployed),
        lambda is_deployed: check_alias_is_free("churn", "champion", is_deployed),
        lambda is_deployed: check_model_is_free("churn", is_deployed, "renamed"),
    ):
        check(False)
        with pytest.raises(InvalidState, match="churn is deployed here"):
            check(True)
    check_alias_is_free("churn", "tuesday", is_deployed=True)


def test_an_entry_says_what_changed_and_no_more() -> None:
    hand = Hand(actor="ana", reason="better", at=MONDAY, new_id=lambda: "e1")
    was, is_now = differences({"a": "1", "b": "2"}, {"b": "2", "c": "x" * (TEXT_MOST + 1)})
    assert was == {"a": "1", "c": None}
    assert is_now == {"a": None, "c": "x" * TEXT_MOST + "…"}
    entry = hand.entry("churn", "describe", "model", before=was, after=is_now)
    assert (entry.actor, entry.reason, entry.at, entry.id) == ("ana", "better", MONDAY, "e1")
    assert hand.move(1, 2).before == 1
