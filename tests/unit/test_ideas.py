"""Ideas: what makes two of them alike, and how one changes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.ideas import (
    RUNS_MOST,
    SHOWN,
    Conclusion,
    Idea,
    Wanted,
    alike,
    concluded,
    digest_of,
    id_at,
    linked,
)
from trimtab.domain.likeness import likeness

NOW = datetime(2026, 11, 9, 8, tzinfo=UTC)


def idea(hypothesis: str = "wind gusts delay arrivals", **more) -> Idea:
    given = {"id": "1", "model": "delays", "runs": ("r1",), "created_by": "ann", "created_at": NOW}
    return Idea(hypothesis=hypothesis, **{**given, **more})


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_symmetric_and_between_none_and_all(one, other):
    there, back = likeness(one, other), likeness(other, one)
    assert there == back
    assert 0 <= there <= 1


@given(st.lists(st.from_regex(r"[a-zäø]{3,9}", fullmatch=True), min_size=1, max_size=8))
def test_the_same_words_in_any_order_and_case_are_wholly_alike(words):
    assert likeness(" ".join(words), ", ".join(words[::-1]).upper().lower()) == pytest.approx(1)


def test_texts_without_words_are_like_nothing():
    assert likeness("", "") == likeness("--", "wind") == likeness("a", "b") == 0


def test_a_new_idea_finds_earlier_ones_that_say_nearly_the_same_the_nearest_first():
    earlier = [
        idea("gusty wind delays the arrival", id="near"),
        idea("wind gusts delay arrivals", id="same"),
        idea("a deeper tree overfits small airlines", id="far"),
    ]
    found = alike("Wind gusts delay arrivals!", earlier)
    assert [one.idea.id for one in found] == ["same", "near"]
    assert found[0].likeness == 1
    assert found[1].likeness < 0.9


def test_only_the_most_alike_are_shown():
    found = alike("wind", [idea("wind", id=str(number)) for number in range(20)])
    assert [one.idea.id for one in found] == [str(n) for n in [0, 1, 10, 11, 12]]
    assert len(found) == SHOWN


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"text": "DELAY gust"},
        {"text": "better auc"},
        {"model": "delays"},
        {"run": "r1"},
        {"conclusion": Conclusion.worked},
    ],
)
def test_an_idea_is_found_by_each_thing_it_says(wanted):
    assert Wanted(**wanted).matches(idea(reason="better AUC", conclusion=Conclusion.worked))


@pytest.mark.parametrize(
    "wanted",
    [{"text": "rain"}, {"text": "elay"}, {"model": "x"}, {"run": "r2"}, {"conclusion": "failed"}],
)
def test_an_idea_is_not_found_by_anything_else(wanted):
    assert not Wanted.model_validate(wanted, strict=False).matches(idea())


def test_only_a_search_for_nothing_wants_every_idea():
    assert Wanted().is_everything
    assert not Wanted(text="wind").is_everything


def test_runs_are_linked_once_and_in_order():
    assert linked(idea(), ["r3", "r1", "r2", "r3"]).runs == ("r1", "r3", "r2")
    before = idea()
    assert linked(before, ["r1"]) is before


def test_an_idea_has_a_bounded_number_of_runs():
    with pytest.raises(
        ValueError, match=f"at most {RUNS_MOST} runs, this would be {RUNS_MOST + 1}"
    ):
        linked(idea(), [f"x{number}" for number in range(RUNS_MOST)])


def test_a_conclusion_says_who_drew_it_when_and_why():
    after = concluded(idea(), Conclusion.failed, actor="bob", reason="no gain", at=NOW)
    assert (after.conclusion, after.reason) == ("failed", "no gain")
    assert (after.concluded_by, after.concluded_at) == ("bob", NOW)
    assert concluded(after, Conclusion.failed, actor="cy", reason="no gain", at=NOW) is after
    assert concluded(after, Conclusion.failed, actor="cy", reason="noise", at=NOW) != after


def test_a_repetition_has_the_same_digest_and_another_person_another():
    digest = digest_of("Wind  gusts!", "delays", "ann")
    assert digest == digest_of("wind gusts", "delays", "ann")
    assert digest != digest_of("wind gusts", "delays", "bob")
    assert digest != digest_of("wind gusts", None, "ann")
    assert id_at(NOW, digest) == f"20261109T080000-{digest[:12]}"
