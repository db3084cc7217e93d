"""Steps of a rollout: what each has earned."""

import math

import numpy as np
import pytest

from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.steps import (
    Advance,
    GiveUp,
    Guardrail,
    Guardrails,
    Hold,
    RollBack,
    Standing,
    Steps,
    weigh_step,
)

STEPS = Steps(guardrails=Guardrails(slow=Guardrail()))
GOOD = Evidence().after(Count(20_000, 200), Count(20_000, 200))
BAD = Evidence().after(Count(3800, 38), Count(200, 20))


def standing(**changes: object) -> Standing:
    told = {
        "step": 0,
        "minutes": 30.0,
        "requests": 300,
        "evidence": dict.fromkeys(STEPS.judged, GOOD),
    }
    return Standing(**{**told, **changes})


def test_time_and_volume_without_a_breach_earn_the_next_weight() -> None:
    assert weigh_step(STEPS, standing()) == Advance(
        "30 minutes and 300 requests at 5 % with no guardrail breached"
    )


def test_a_breach_wins_over_everything_and_says_its_numbers() -> None:
    told = weigh_step(STEPS, standing(minutes=1.0, requests=200, evidence={"failed": BAD}))
    assert isinstance(told, RollBack)
    assert told.reason == (
        "failed: 20 of 200 requests of the challenger, 38 of 3,800 of the champion;"
        f" evidence {BAD.against:,.0f} to 1, limit 40 to 1"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"minutes": 29.0}, "29 of 30 minutes"),
        ({"requests": 299}, "299 of 300 requests"),
        ({"evidence": {"failed": GOOD}}, "slow: 0 of 300 requests judged"),
    ],
)
def test_what_is_missing_holds_the_weight(changes: dict[str, object], reason: str) -> None:
    assert weigh_step(STEPS, standing(**changes)) == Hold(reason)


def test_what_is_missing_at_the_deadline_is_no_pass() -> None:
    told = weigh_step(STEPS, standing(minutes=240.0, evidence={"failed": GOOD}))
    assert told == GiveUp("slow: 0 of 300 requests judged, after 240 minutes")


def test_a_promotion_needs_the_interval_under_the_margin() -> None:
    thin = Evidence().after(Count(300, 3), Count(300, 3))
    last = len(STEPS.weights) - 1
    assert isinstance(weigh_step(STEPS, standing(step=last)), Advance)
    evidence = {"failed": thin, "slow": GOOD}
    told = weigh_step(STEPS, standing(step=last, evidence=evidence))
    assert isinstance(told, Hold)
    assert told.reason.startswith("failed: may be ")
    assert told.reason.endswith(" times the champion's, margin 2 (3 of 300 against 3 of 300)")
    assert isinstance(weigh_step(STEPS, standing(step=last - 1, evidence=evidence)), Advance)


LABELLED = Steps(guardrails=Guardrails(loss=Guardrail(margin=1.6, tolerable=0.05)))


def test_labels_hold_the_last_step_alone() -> None:
    evidence = {"failed": GOOD}
    assert isinstance(weigh_step(LABELLED, standing(evidence=evidence)), Advance)
    last = standing(step=3, evidence=evidence)
    assert weigh_step(LABELLED, last) == Hold("loss: 0 of 300 labelled predictions judged")
    told = weigh_step(LABELLED, standing(step=3, evidence={**evidence, "loss": GOOD}))
    assert isinstance(told, Advance)


def test_labels_stop_a_challenger_at_every_step() -> None:
    told = weigh_step(LABELLED, standing(minutes=1.0, evidence={"failed": GOOD, "loss": BAD}))
    assert isinstance(told, RollBack)
    assert told.reason.startswith(
        "loss: 20 of 200 labelled predictions of the challenger, 38 of 3,800 of the champion; evidence"
    )


def test_a_challenger_that_never_fails_is_promoted_by_its_own_share() -> None:
    clean = Evidence().after(Count(10_000, 0), Count(10_000, 0))
    assert clean.highest_ratio(0.05) == math.inf
    evidence = dict.fromkeys(STEPS.judged, clean)
    assert isinstance(weigh_step(STEPS, standing(step=3, evidence=evidence)), Advance)


def test_fewer_challengers_are_stopped_for_nothing_than_alpha_says() -> None:
    """Two hours of a look a minute at two guardrails; `make bench NAME=rollout` looks at thousands."""
    chance, stopped, runs = np.random.default_rng(7), 0, 150
    for _ in range(runs):
        evidence = dict.fromkeys(STEPS.judged, Evidence())
        for _ in range(120):
            evidence = {
                name: before.after(
                    Count(90, chance.binomial(90, 0.02)), Count(10, chance.binomial(10, 0.02))
                )
                for name, before in evidence.items()
            }
            if isinstance(weigh_step(STEPS, standing(evidence=evidence)), RollBack):
                stopped += 1
                break
    assert stopped <= 0.05 * runs
