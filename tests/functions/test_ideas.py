"""Ideas over HTTP: told once, tried by runs, concluded by people, found again."""

from typing import Any

import pytest

from tests.functions.test_registry_api import PERSON, call, get
from tests.moto_platform import MODEL, MotoPlatform
from trimtab.aws.ideas import Ideas, of_record
from trimtab.domain.audit import AuditEntry


def tell(hypothesis: str, **more: Any) -> dict[str, Any]:
    """Tell an idea, which must be kept."""
    status, body = call("POST", "/v1/ideas", {"hypothesis": hypothesis, **more})
    assert status == 200, body
    return body


def test_an_idea_is_told_tried_and_concluded_and_each_step_is_audited(platform):
    told = tell(" wind gusts delay arrivals ", model=MODEL, runs=["r1", "r1"])
    idea = told["idea"]
    assert (told["created"], told["similar"]) == (True, [])
    assert (idea["hypothesis"], idea["runs"]) == ("wind gusts delay arrivals", ["r1"])
    assert (idea["conclusion"], idea["created_by"]) == ("open", PERSON)
    path = f"/v1/ideas/{idea['id']}"
    platform.clock.advance(hours=1)
    assert call("POST", f"{path}/runs", {"runs": ["r2"]})[1]["runs"] == ["r1", "r2"]
    platform.clock.advance(hours=1)
    done = {"conclusion": "worked", "reason": "auc 0.71 > 0.69"}
    status, after = call("POST", f"{path}/conclusion", done)
    assert (status, after["conclusion"], after["concluded_by"]) == (200, "worked", PERSON)
    assert get(path) == after
    entries = get("/v1/audit", subject=f"idea {idea['id']}")["items"]
    assert [entry["action"] for entry in entries] == ["IdeaConcluded", "IdeaTried", "IdeaTold"]
    assert entries[0]["before"] == {"runs": ["r1", "r2"], "conclusion": "open"}
    assert {entry["model"] for entry in entries} == {MODEL}


def test_an_idea_told_again_by_the_same_person_is_kept_once(platform):
    first = tell("wind gusts delay arrivals")
    platform.clock.advance(days=1)
    again = tell("Wind gusts delay arrivals.")
    assert (again["created"], again["idea"]) == (False, first["idea"])
    assert len(get("/v1/ideas")["items"]) == 1
    assert len(get("/v1/audit")["items"]) == 1


def test_a_new_idea_is_told_with_earlier_ones_that_are_like_it(platform):
    earlier = tell("gusty wind delays the arrival")["idea"]
    tell("deeper trees overfit small airlines")
    [alike] = tell("wind gusts delay arrivals")["similar"]
    assert alike["idea"] == earlier
    assert 0.3 < alike["likeness"] < 1


def test_a_repeated_link_or_conclusion_changes_nothing(platform):
    path = f"/v1/ideas/{tell('wind')['idea']['id']}"
    for _ in range(2):
        call("POST", f"{path}/runs", {"runs": ["r1"], "reason": "first try"})
        call("POST", f"{path}/conclusion", {"conclusion": "failed", "reason": "no gain"})
        platform.clock.advance(hours=1)
    assert len(get("/v1/audit")["items"]) == 3
    assert get(path)["concluded_at"].startswith("2026-11-09T08:00:00")


def test_a_change_that_another_writer_overtakes_keeps_both(platform):
    idea = tell("wind")["idea"]["id"]
    ideas = Ideas(platform.table)

    def rival() -> None:
        record = ideas.read(idea)
        after = of_record(record).model_copy(update={"runs": ("rival",)})
        entry = AuditEntry(
            id="rival", model="_none", at=platform.clock.now(), actor="b", action="IdeaTried",
            subject="x", reason="y",
        )  # fmt: skip
        ideas.change(record, after, entry)

    platform.before_next_commit(rival)
    assert call("POST", f"/v1/ideas/{idea}/runs", {"runs": ["r1"]})[1]["runs"] == ["rival", "r1"]


def test_ideas_are_listed_newest_first_in_pages_and_searched(platform):
    for number, text in enumerate(["wind gusts", "rain in may", "windows of wind", "snow"]):
        tell(text, runs=[f"r{number}"], **({"model": MODEL} if number % 2 else {}))
        platform.clock.advance(minutes=1)
    seen, token = [], ""
    while token is not None:
        page = get("/v1/ideas", limit="3", page_token=token, fields="hypothesis")
        seen += [idea["hypothesis"] for idea in page["items"]]
        token = page["next_page_token"]
    assert seen == ["snow", "windows of wind", "rain in may", "wind gusts"]

    def found(**query: str) -> list[str]:
        return [idea["hypothesis"] for idea in get("/v1/ideas", **query)["items"]]

    assert found(q="WIND") == ["windows of wind", "wind gusts"]
    assert found(model=MODEL) == ["snow", "rain in may"]
    assert found(run="r2") == ["windows of wind"]
    assert found(conclusion="open", limit="1") == ["snow"]
    assert found(conclusion="worked") == []


@pytest.mark.parametrize("idea", ["1", "x" * 3000, "..", "IDEA#", "%00", "ü" * 90])
def test_an_unknown_idea_is_refused_with_a_way_on(platform: MotoPlatform, idea: str) -> None:
    for method, below, body in [
        ("GET", "", None),
        ("POST", "/runs", {"runs": ["r"]}),
        ("POST", "/conclusion", {"conclusion": "open", "reason": "x"}),
    ]:
        assert call(method, f"/v1/ideas/{idea}{below}", body)[0] == 404


@pytest.mark.parametrize(
    ("below", "body", "field"),
    [
        ("", {}, "hypothesis"),
        ("", {"hypothesis": " "}, "hypothesis"),
        ("", {"hypothesis": "x" * 1001}, "hypothesis"),
        ("", {"hypothesis": "x", "runs": ["a b"]}, "runs.0"),
        ("/1/runs", {"runs": []}, "runs"),
        ("/1/runs", {"runs": ["r"] * 501}, "runs"),
        ("/1/conclusion", {"conclusion": "perhaps", "reason": "x"}, "conclusion"),
        ("/1/conclusion", {"conclusion": "worked"}, "reason"),
    ],
)
def test_a_body_that_says_nothing_is_refused_by_field(platform, below, body, field):
    status, told = call("POST", f"/v1/ideas{below}", body)
    assert (status, told["errors"][0]["field"]) == (400, field)


def test_an_idea_with_too_many_runs_takes_no_more(platform):
    idea = tell("wind", runs=[f"r{number}" for number in range(500)])["idea"]["id"]
    status, told = call("POST", f"/v1/ideas/{idea}/runs", {"runs": ["one-more"]})
    assert (status, told["detail"]) == (409, "an idea has at most 500 runs, this would be 501")


def test_a_page_token_of_another_list_is_refused(platform):
    status, told = call("GET", "/v1/ideas", page_token="QVVESVQjMQ==")
    assert (status, told["code"]) == (400, "INVALID_INPUT")
