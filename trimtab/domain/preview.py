"""What a policy of steps would have made of releases whose requests were counted: a replay, minute by minute."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from trimtab.domain.base import Frozen
from trimtab.domain.guardrails import Evidence
from trimtab.domain.progress import MINUTE, Look, first_progress, full_minute, judge, weigh_progress
from trimtab.domain.rollouts import Phase, Rollout
from trimtab.domain.steps import Advance, GiveUp, RollBack, Steps

Verdict = Literal["promoted", "stopped", "inconclusive", "record_ends", "no_record"]


class Replayed(Frozen):
    """One release under another policy."""

    version: PositiveInt
    champion: PositiveInt  # whom it was compared with
    phase: Phase  # how it ended
    verdict: Verdict  # how it would have ended, as far as the record tells
    minutes: NonNegativeInt  # until then, since its first request
    weight: NonNegativeInt  # that it would have had then, in per cent
    requests: NonNegativeInt  # of it that were judged
    reason: str


def replay(rollout: Rollout, looks: Sequence[Look], steps: Steps) -> Replayed | None:
    """Return what the policy makes of a release; None if it took no steps, or takes them still.

    The requests are those that there were, at the weights that there were: with others the version would have been
    asked more, or less. What is counted by the hour is not replayed.
    """
    steps = steps.by_the_minute()
    if rollout.progress is None or rollout.ended_at is None or not steps.weights:
        return None
    progress = first_progress(
        rollout.progress.champion, steps, rollout.progress.slow_ms, rollout.progress.began_at
    )
    evidence: dict[str, Evidence] = {}
    verdict, reason = _ended(looks)
    requests = 0
    until = progress.judged_until
    for until in _minutes(progress.judged_until, looks):
        asked = [look for look in looks if until - MINUTE <= look.at < until]
        requests += sum(look.requests for look in asked)
        progress, evidence = judge(progress, evidence, asked, until)
        decision = weigh_progress(progress, evidence)
        if isinstance(decision, Advance) and not progress.is_last:
            progress = progress.advanced(until)
            continue
        said = _verdict(decision)
        if said is not None:
            verdict, reason = said, decision.reason
            break
    return Replayed(
        version=rollout.version,
        champion=progress.champion,
        phase=rollout.phase,
        verdict=verdict,
        minutes=round((until - full_minute(progress.began_at)) / MINUTE),
        weight=progress.weight,
        requests=requests,
        reason=reason,
    )


def summary(replayed: Sequence[Replayed]) -> str:
    """Return what a policy would have done, in a sentence."""
    told = [one for one in replayed if one.verdict != "no_record"]
    good = [one for one in told if one.phase is Phase.successful]
    bad = [one for one in told if one.phase is Phase.failed]
    aborted = sum(one.verdict in ("stopped", "inconclusive") for one in good)
    stopped = sum(one.verdict == "stopped" for one in bad)
    unknown = len(replayed) - len(told)
    more = f"; of {unknown} no requests are recorded any more" if unknown else ""
    return f"would have aborted {aborted} of {len(good)} good releases and stopped {stopped} of {len(bad)} bad ones{more}"


def _minutes(since: datetime, looks: Sequence[Look]) -> list[datetime]:
    """The ends of the minutes up to the last one that is recorded."""
    if not looks:
        return []
    last = max(look.at for look in looks)
    return [since + MINUTE * n for n in range(1, round((last - since) / MINUTE) + 2)]


def _ended(looks: Sequence[Look]) -> tuple[Verdict, str]:
    if not looks:
        return "no_record", "no requests are recorded: CloudWatch keeps minutes for 15 days"
    return "record_ends", "it was over before this policy would have been through with it"


def _verdict(decision: object) -> Verdict | None:
    match decision:
        case RollBack():
            return "stopped"
        case GiveUp():
            return "inconclusive"
        case Advance():
            return "promoted"
        case _:
            return None
