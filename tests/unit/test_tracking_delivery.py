"""Whatever happens between a run and the API: in the end everything it said is there, once and in order."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking_server import REFUSED_KEY, Killed, TrackingServer
from trimtab.tracking.journal import Journal, journals
from trimtab.tracking.run import first_record
from trimtab.tracking.sender import drain
from trimtab.tracking.server import Away, Refused

FAULTS = ["none", "lost", "delayed", "answer lost", "failing", "killed before", "killed after"]
KINDS = {"param": "params", "metric": "metrics", "tag": "tags"}
LOGGED = st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(["a", "b", REFUSED_KEY]))
EVENTS = st.one_of(
    st.tuples(st.just("log"), st.lists(LOGGED, min_size=1, max_size=5)),
    st.tuples(st.just("send"), st.lists(st.sampled_from(FAULTS), max_size=4)),
    st.tuples(st.just("arrive"), st.none()),
)


class Story:
    """A run, its spool and its server, with everything that may befall them."""

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.server = TrackingServer()
        self.journal = Journal.create(spool, first_record("trees", None), None)
        self.said: list[tuple[str, str, str]] = []

    def log(self, items: list[tuple[str, str]]) -> None:
        records = []
        for kind, key in items:
            value = f"value {len(self.said)}"
            extra = {"timestamp": 1, "step": 0} if kind == "metric" else {}
            records.append({"kind": kind, "key": key, "value": value, **extra})
            self.said.append((KINDS[kind], key, value))
        self.journal.append(records)

    def send(self, faults: list[str]) -> None:
        """Send as one process does until it is stopped: by the API's absence, or by its own death."""
        self.server.faults = list(faults)
        for journal in journals(self.spool):
            with suppress(Away, Killed):
                drain(journal, self.server)
            journal.close()
        self.server.faults = []

    def arrive(self, _: None) -> None:
        self.server.arrive()

    def finish(self, death: str) -> None:
        if death == "none":
            self.journal.append([{"kind": "end", "status": "FINISHED", "at": 1}])
        if death == "in the middle of a word":
            with (self.journal.folder / "journal.jsonl").open("ab") as file:
                file.write(b'\n{"kind":"metric","key":"a","val')
        self.journal.close()  # as the end of a process does
        self.send([])
        self.send([])

    def taken(self, kind: str) -> list[tuple[str, str, str]]:
        [run] = self.server.runs.values()
        return [item for item in run["said"] if item[0] == kind]


@settings(max_examples=100, deadline=None)
@given(
    events=st.lists(EVENTS, max_size=12),
    death=st.sampled_from(["none", "between two words", "in the middle of a word"]),
    late=st.booleans(),
)
def test_outages_kills_and_repeats_end_with_everything_taken_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, events: list[Any], death: str, late: bool
):
    story = Story(tmp_path_factory.mktemp("spool"))
    for what, argument in events:
        getattr(story, what)(argument)
    refused = [item for item in story.said if item[1] == REFUSED_KEY]
    story.finish(death)
    for _ in range(len(story.server.delayed) if late else 0):
        story.server.arrive()

    for kind in KINDS.values():
        wanted = [item for item in story.said if item[0] == kind and item not in refused]
        assert story.taken(kind) == wanted
    [run] = story.server.runs.values()
    assert run["status"] == ("FINISHED" if death == "none" else "KILLED")
    left = journals(story.spool)
    assert len(left) == bool(refused), "a journal stays only for what was refused"
    told = [entry["record"]["value"] for journal in left for entry in journal.refused()]
    assert told == [value for _, _, value in refused]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "spool")


def test_many_records_go_in_few_requests(story: Story):
    story.log([("metric", "loss")] * 2500)
    story.send([])
    assert len(story.taken("metrics")) == 2500
    # experiment asked for, made; run made; 3 batches of 1,000 at most
    assert story.server.requests == 6


def test_a_run_that_the_server_does_not_want_waits_until_somebody_has_seen_to_it(story: Story):
    story.server.deleted = True
    story.log([("param", "a")])
    with pytest.raises(Refused, match="It is deleted"):
        drain(story.journal, story.server)
    story.server.deleted = False
    drain(story.journal, story.server)
    assert story.taken("params") == story.said


def test_only_one_sends_at_a_time(story: Story):
    [other] = journals(story.spool)
    with story.journal.sending() as first:
        assert first
        assert drain(other, story.server) is False
    assert drain(other, story.server) is True


def test_a_run_under_way_in_another_process_is_not_ended_by_who_sends_for_it(story: Story):
    story.send([])
    [run] = story.server.runs.values()
    assert run["status"] == "RUNNING"
    assert journals(story.spool) != []


def test_a_resumed_run_of_a_dead_process_is_left_running(tmp_path: Path):
    server = TrackingServer()
    server.runs["r1"] = {"status": "FINISHED", "said": [], "taken": {}, "experiment": "1"}
    journal = Journal.create(tmp_path, {"kind": "resume", "run_id": "r1"}, None)
    journal.append([{"kind": "tag", "key": "a", "value": "b"}])
    journal.close()
    drain(journal, server)
    assert server.runs["r1"]["said"] == [("tags", "a", "b")]
    assert server.runs["r1"]["status"] == "RUNNING"
    assert journals(tmp_path) == []
