"""How lineage is traced: each thing once, however many ways lead to it, and never without end."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.lineage import MOST, Kind, ModelFacts, Thing, of_training, traced
from trimtab.domain.training import CauseKind, TrainingRequest


def thing(number: int) -> Thing:
    return Thing(kind=Kind.dataset, id=f"m/{number}", at=None, says="")


LINKS = st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40)


@given(LINKS, st.integers(0, 12))
def test_all_that_can_be_reached_is_told_once_whatever_the_way(links, start):
    def below(one: Thing) -> list[Thing]:
        number = int(one.id.partition("/")[2])
        return [thing(target) for source, target in sorted(links) if source == number]

    told = traced([thing(start)], above=None, below=below)
    reached, waiting = {start}, [start]
    while waiting:
        number = waiting.pop()
        for source, target in links:
            if source == number and target not in reached:
                reached.add(target)
                waiting.append(target)
    ids = [one.id for one in told.things]
    assert sorted(ids) == sorted(f"m/{number}" for number in reached - {start})
    walked = {(link.source, link.target) for link in told.links}
    assert walked == {(f"dataset:m/{s}", f"dataset:m/{t}") for s, t in links if s in reached}
    assert told.complete


def test_both_ways_are_told_with_links_that_point_from_what_was_first():
    told = traced([thing(5)], above=lambda one: [thing(4)] if one.id == "m/5" else [],
                  below=lambda one: [thing(6)] if one.id == "m/5" else [])  # fmt: skip
    assert [(link.source, link.target) for link in told.links] == [
        ("dataset:m/4", "dataset:m/5"),
        ("dataset:m/5", "dataset:m/6"),
    ]


def test_more_than_fits_is_said_to_be_incomplete():
    told = traced([thing(0)], above=None, below=lambda one: [
        thing(number) for number in range(1, MOST + 10)] if one.id == "m/0" else [])  # fmt: skip
    assert len(told.things) == MOST - 1
    assert not told.complete


def test_a_training_on_a_dataset_version_that_is_too_old_to_be_looked_at_has_no_source():
    request = TrainingRequest(
        request_id="r1",
        cause=CauseKind.person,
        actor="ann",
        reason="why",
        dataset_version=1,
        rows=1,
        manifest_uri="s3://b/m",
        champion_version=None,
        champion_model_uri=None,
        requested_at=datetime(2026, 11, 9, tzinfo=UTC),
    )
    facts = ModelFacts(model="churn", held=lambda _: (), requests={"r1": request})
    assert facts.above(of_training("churn", request)) == []
