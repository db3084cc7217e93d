"""What labels say of a challenger beside the champion: what is counted, when, and that it holds at every look."""

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.quality.compared import HOUR, Matched, by_loss, by_value, compared
from trimtab.domain.quality.labels import Arrivals, Labels
from trimtab.domain.quality.predictions import Predictions
from trimtab.domain.quality.reference import reference_of
from trimtab.domain.steps import Guardrail, Guardrails, Steps

START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
MUCH = 0.25  # a squared error of more than this is bad


def matched(*rows: tuple[int, int, float, float]) -> Matched:
    """Rows of: minute of the prediction, minute of the label, prediction, truth."""
    at, known, predicted, truth = (np.array(column) for column in zip(*rows, strict=True))
    return Matched(
        START + at * 60, START + known * 60, predicted.astype(float), truth.astype(float)
    )


def after(hours: float) -> datetime:
    return datetime.fromtimestamp(START + hours * HOUR, UTC)


def said(champion: list[Matched], challenger: list[Matched], hours: float) -> Evidence:
    mine, theirs = (
        [by_loss("binary", one, MUCH) for one in each] for each in (champion, challenger)
    )
    return compared(mine, theirs, after(hours))


def test_labels_of_full_hours_are_counted_by_the_hour_in_which_both_came() -> None:
    champion = [matched((1, 200, 0.9, 0), (2, 200, 0.1, 0)), matched((70, 200, 0.2, 0))]
    challenger = [matched((5, 210, 0.9, 0), (59, 299, 0.6, 0)), matched((75, 200, 0.4, 1))]
    found = said(champion, challenger, 5)
    assert (found.champion, found.challenger) == (Count(3, 1), Count(3, 3))
    expected = Evidence().after(Count(2, 1), Count(1, 1)).after(Count(1, 0), Count(1, 1))
    assert found.against == pytest.approx(expected.after(Count(), Count(1, 1)).against)


@pytest.mark.parametrize(("hours", "requests"), [(3.99, 0), (4, 1), (5, 2)])
def test_an_hour_that_is_not_over_is_not_looked_at(hours: float, requests: int) -> None:
    found = said([], [matched((1, 200, 0.9, 0), (1, 250, 0.9, 0))], hours)
    assert found.challenger.requests == requests


def test_a_label_that_came_before_its_prediction_was_counted_waits_as_long_as_all() -> None:
    early, late = matched((1, 2, 0.9, 0)), matched((1, 121, 0.9, 0))
    assert said([early], [late], 3).challenger == Count(1, 1)
    assert said([early], [late], 2.5).challenger == said([early], [late], 2.5).champion == Count()
    assert said([early], [late], 3).against == pytest.approx(
        Evidence().after(Count(1, 1), Count(1, 1)).against
    )


rows = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(0, 400),
        st.sampled_from([0.1, 0.9]),
        st.sampled_from([0, 1]),
    ),
    min_size=1,
    max_size=12,
)


@given(rows, rows, st.integers(1, 11), st.randoms())
def test_neither_order_nor_parts_change_what_labels_say(mine, theirs, cut: int, random) -> None:
    whole = said([matched(*mine)], [matched(*theirs)], 9)
    shuffled = random.sample(mine, len(mine))
    parts = [matched(*some) for some in (shuffled[:cut], shuffled[cut:]) if some]
    again = said(parts, [matched(*theirs)], 9)
    assert (again.champion, again.challenger) == (whole.champion, whole.challenger)
    assert again.against == pytest.approx(whole.against)


@given(rows, rows)
def test_what_was_counted_is_never_taken_back_by_labels_that_come_later(mine, theirs) -> None:
    """Each look adds its own counts: the earlier ones are what they were."""
    counts = [said([matched(*mine)], [matched(*theirs)], hours) for hours in range(11)]
    for before, then in pairwise(counts):
        assert before.champion.requests <= then.champion.requests
        assert before.challenger.bad <= then.challenger.bad


def test_a_challenger_that_predicts_as_well_is_stopped_less_often_than_alpha() -> None:
    """Bad hours come and go and the weight changes meanwhile: hours are compared with themselves alone."""
    chance, limit, stopped = np.random.default_rng(3), 20.0, 0
    for _ in range(300):
        hours = range(12)
        bad = chance.choice([0.05, 0.4], 12)  # the chance of a bad prediction in each hour
        mine, theirs = (
            [
                matched(
                    *(
                        (hour * 60 + 1, hour * 60 + 300, 0.9, int(chance.random() > bad[hour]))
                        for _ in range(size(hour))
                    )
                )
                for hour in hours
            ]
            for size in (lambda hour: 40 - 3 * hour, lambda hour: 4 + 3 * hour)
        )
        stopped += any(said(mine, theirs, hours).against >= limit for hours in range(6, 19))
    assert stopped / 300 <= 1 / limit


def test_a_challenger_whose_losses_are_large_twice_as_often_is_found() -> None:
    chance = np.random.default_rng(4)

    def hour(share: float) -> Matched:
        return matched(*((1, 200, 0.9, int(chance.random() > share)) for _ in range(600)))

    assert said([hour(0.1)], [hour(0.2)], 5).against > 20


def test_the_first_label_of_a_prediction_says_when_it_was_known() -> None:
    predictions = Predictions.of([1, 2, 3], [1] * 3, [START] * 3, [0.1] * 3)
    labels = Labels.none()
    for received, key in ((50, 2), (10, 1), (90, 2), (70, 9)):
        arrived = Arrivals.of([key], [float(received % 20 == 10)], [received], [-1])
        labels, _ = labels.taking(arrived, f"c{received}", received)
    assert labels.first_known(predictions).tolist() == [10, 50, 0]
    assert labels.first_known(Predictions.none()).tolist() == []


def test_a_tenth_of_the_evaluation_lost_much() -> None:
    truth = np.zeros(1000)
    reference = reference_of("regression", truth, np.arange(1000.0), np.arange(1000))
    assert reference.much is not None
    assert (np.arange(1000) > reference.much).mean() == pytest.approx(0.1)


def test_predictions_outside_of_the_middle_are_bad_as_soon_as_they_are_counted() -> None:
    at = [START + 60] * 5
    predictions = Predictions.of(range(5), [1] * 5, at, [0.05, 0.1, 0.5, 0.9, 0.95])
    judged = by_value(predictions, (0.1, 0.9))
    assert judged.bad.tolist() == [True, False, False, False, True]
    assert [compared([], [judged], after(hours)).challenger for hours in (2.9, 3)] == [
        Count(),
        Count(5, 2),
    ]


def test_nine_tenths_of_the_evaluation_were_predicted_in_the_middle() -> None:
    predicted = np.random.default_rng(1).normal(size=4000)
    middle = reference_of("regression", predicted, predicted, np.arange(4000)).middle
    assert middle is not None
    inside = (predicted >= middle[0]) & (predicted <= middle[1])
    assert inside.mean() == pytest.approx(0.9, abs=0.001)


def test_a_policy_by_the_minute_is_the_same_in_everything_else() -> None:
    steps = Steps(guardrails=Guardrails(loss=Guardrail(margin=1.5), unusual=Guardrail()))
    assert steps.waits_for_labels
    assert steps.is_counted_by_the_hour
    assert steps.by_the_minute() == Steps()
    assert not Steps().is_counted_by_the_hour
    unusual = Steps(guardrails=Guardrails(unusual=Guardrail()))
    assert (unusual.waits_for_labels, unusual.is_counted_by_the_hour) == (False, True)
