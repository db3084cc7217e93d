"""Whole rollouts by weight, judged step by step as `trimtab/domain/steps.py` does, on two guardrails at once."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from trimtab.domain.guardrails import Count, Evidence
from trimtab.domain.steps import (
    Advance,
    GiveUp,
    Guardrail,
    Guardrails,
    RollBack,
    Standing,
    Steps,
    weigh_step,
)

STEPS = Steps(guardrails=Guardrails(slow=Guardrail()))
SHARES = {"failed": 0.01, "slow": 0.05}  # of the champion's requests
EVERY = 5  # minutes between two looks


@dataclass(frozen=True)
class Ends:
    """How so many rollouts ended."""

    ends: Counter[str]  # promoted, rolled back, inconclusive
    minutes: dict[str, list[int]]  # that those took

    def median(self, end: str) -> float:
        """Minutes of the rollout in the middle of those that ended so."""
        return float(np.median(self.minutes[end])) if self.minutes[end] else float("nan")


def released(a_minute: int, times: float, runs: int, chance: np.random.Generator) -> Ends:
    """Release so many challengers whose errors are `times` the champion's, with so many requests a minute."""
    ends, minutes = Counter[str](), {"promoted": [], "rolled back": [], "inconclusive": []}
    for _ in range(runs):
        end, took = _one(a_minute, times, chance)
        ends[end] += 1
        minutes[end].append(took)
    return Ends(ends, minutes)


def _one(a_minute: int, times: float, chance: np.random.Generator) -> tuple[str, int]:
    evidence = dict.fromkeys(STEPS.judged, Evidence())
    step = minutes = requests = total = 0
    while True:
        minutes, total = minutes + EVERY, total + EVERY
        challenger = int(chance.binomial(a_minute * EVERY, STEPS.weights[step] / 100))
        champion = a_minute * EVERY - challenger
        requests += challenger
        for name, share in SHARES.items():
            mine = share * times if name == "failed" else share
            evidence[name] = evidence[name].after(
                Count(champion, int(chance.binomial(champion, share))),
                Count(challenger, int(chance.binomial(challenger, mine))),
            )
        decision = weigh_step(STEPS, Standing(step, minutes, requests, evidence))
        if isinstance(decision, RollBack):
            return "rolled back", total
        if isinstance(decision, GiveUp):
            return "inconclusive", total
        if isinstance(decision, Advance):
            step, minutes, requests = step + 1, 0, 0
            if step == len(STEPS.weights):
                return "promoted", total
