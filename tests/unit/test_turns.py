"""Clients that count their requests are heard in order and once."""

import pytest

from trimtab.domain.tracking.experiments import Experiment
from trimtab.domain.tracking.runs import CLIENTS_MOST, Run, new_run
from trimtab.domain.tracking.turns import Turn, turn_of


@pytest.fixture
def run() -> Run:
    experiment = Experiment(
        id="1",
        name="trees",
        artifact_location="s3://bucket/artifacts/1",
        lifecycle_stage="active",
        created_ms=0,
        updated_ms=0,
        tags={},
    )
    return new_run(
        "r", experiment, user_id="", start_ms=0, name="", tags={}, chosen_name="quiet-oak"
    )


@pytest.mark.parametrize("key", [None, "", "a", "a:", ":7", "a:b", "a:-1", "a:7.0", "a:٣"])
def test_a_key_of_another_form_is_no_turn(key: str | None):
    assert turn_of(key) is None


def test_a_turn_is_a_client_and_a_number():
    assert turn_of("journal:a:17") == Turn("journal:a", 17)


def test_a_run_has_heard_a_turn_and_all_before_it(run: Run):
    told = run.having_heard(Turn("a", 5))
    assert [told.has_heard(Turn("a", n)) for n in (4, 5, 6)] == [True, True, False]
    assert not told.has_heard(Turn("b", 1))


def test_a_run_remembers_the_clients_that_spoke_last(run: Run):
    for number in range(CLIENTS_MOST + 3):
        run = run.having_heard(Turn(f"client {number}", 1)).having_heard(Turn("talker", number))
    assert len(run.heard) == CLIENTS_MOST
    assert not run.has_heard(Turn("client 0", 1))
    assert run.has_heard(Turn(f"client {CLIENTS_MOST + 2}", 1))
    assert run.has_heard(Turn("talker", CLIENTS_MOST + 2))
