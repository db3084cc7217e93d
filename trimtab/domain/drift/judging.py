"""Judges a window: four things must come together, and every verdict carries its numbers.

1. Enough data: so many effective rows that chance alone seldom reaches the floor; with fewer there is no verdict.
2. Surprise: the chance of the distance, for just these rows and how they hang together, adjusted for all that is
   asked of the window (Benjamini and Hochberg).
3. Size: the effect, less what chance gives, is worth an alarm.
4. Persistence: it shows in K of the last N windows that could tell; an effect of three floors waits for none.
"""

from collections.abc import Collection, Mapping, Sequence

from trimtab.domain.drift.baseline import Baseline, LiveWindow
from trimtab.domain.drift.discoveries import adjusted
from trimtab.domain.drift.persistence import earlier, fired_windows, is_drifting
from trimtab.domain.drift.policy import DriftPolicy, Rule
from trimtab.domain.drift.questions import Asking, Question, questions
from trimtab.domain.drift.report import (
    WORST_FIRST,
    DriftReport,
    Judgement,
    Mark,
    State,
    Trace,
)
from trimtab.domain.drift.row_count import row_count
from trimtab.domain.drift.wording import sentence, summary


def judge_window(
    baseline: Baseline,
    window: LiveWindow,
    policy: DriftPolicy,
    history: Sequence[Trace] = (),
    *,
    slices: Mapping[str, tuple[Baseline, LiveWindow]] | None = None,
    predictions: Collection[str] = (),
    important: Collection[str] = (),
) -> DriftReport:
    """Say what drifted in a window, and what did not and why.

    Args:
        baseline: What it is compared with (`baseline_of`); the sentence does not hang on which of the three it is:
            training data, the reference period, or the window before.
        window: The live rows. A window that is too small gives no verdict (`wants_more_rows`): add the next to it
            (profiles merge) rather than judge each.
        policy: The model's policy.
        history: `DriftReport.trace` of the windows before, the oldest first; as many as `2 * policy.of` are enough,
            and the same window must not be among them. Traces of windows before a new baseline do not count: leave
            them out.
        slices: Parts of the rows by name, with their own baselines; they are judged beside all others.
        predictions: Columns that are predictions; their drift has its own cause.
        important: The features that weigh most in the model (five, say); their floors are lower.
    """
    rule = policy.rule(window.hours)
    asked: list[Question] = []
    for name, (reference, live) in ((None, (baseline, window)), *(slices or {}).items()):
        asking = Asking(reference, live, policy, predictions, important, name)
        asked += questions(asking)
        asked += row_count(asking)
    tests = [one for one in asked if _is_enough(one)]
    by_test = dict(zip(map(id, tests), adjusted([one.chance.p for one in tests]), strict=True))
    judged = [_judge(one, by_test.get(id(one)), rule, policy, history) for one in asked]
    judgements = sorted(
        (one for one, _ in judged), key=lambda one: (WORST_FIRST[one.state], -one.weight, one.key)
    )
    state = _state_of(judgements)
    return DriftReport(
        state=state,
        sentence=summary(state, judgements, window.profile.rows),
        rows=window.profile.rows,
        reference_rows=baseline.rows,
        policy=policy,
        rule=rule,
        judgements=tuple(judgements),
        history=tuple(history),
        trace=Trace(marks={one.key: mark for one, mark in judged}),
    )


def _is_enough(question: Question) -> bool:
    return question.trouble is None and question.enough_rows >= question.needed_rows


def _judge(
    question: Question,
    p_adjusted: float | None,
    rule: Rule,
    policy: DriftPolicy,
    history: Sequence[Trace],
) -> tuple[Judgement, Mark]:
    key = f"{question.slice or ''}|{question.column}|{question.aspect}"
    marks = earlier(history, key)
    weight = question.effect / question.floor if question.floor else 0.0
    conclusive, likely = p_adjusted is not None, 1.0 if p_adjusted is None else p_adjusted
    fired = likely <= (rule.q_at_once if question.has_memory else rule.q) and weight >= 1
    is_large = likely <= rule.q_at_once and weight >= policy.at_once
    mark = Mark(
        conclusive=conclusive,
        fired=fired,
        weight=weight,
        quiet=weight < policy.exit_share or likely > rule.q,
        drifting=False,
    )
    drifting = conclusive and is_drifting(marks, rule, now=mark, is_large=is_large)
    state: State = "drift" if drifting else "ok"
    if not conclusive:
        state = "error" if question.trouble else "insufficient_data"
    judgement = Judgement(
        column=question.column,
        slice=question.slice,
        aspect=question.aspect,
        cause=question.cause,
        state=state,
        sentence="",
        measure=question.measure,
        effect=None if question.trouble else question.effect,
        floor=None if question.trouble else question.floor,
        p=question.chance.p if conclusive else None,
        p_adjusted=p_adjusted,
        draws=question.chance.draws,
        rows=question.rows,
        effective_rows=question.effective_rows,
        needed_rows=question.needed_rows,
        reference_rows=question.reference_rows,
        fired=fired,
        is_large=is_large,
        fired_windows=fired_windows(marks, rule, fired=fired),
        sizes=question.sizes,
        bins=question.bins,
    )
    told = sentence(judgement, rule, words=question.words, trouble=question.trouble)
    return (
        judgement.model_copy(update={"sentence": told}),
        mark.model_copy(update={"drifting": drifting}),
    )


def _state_of(judgements: Sequence[Judgement]) -> State:
    """The worst of all; but a few that cannot be judged do not hide that the others are well."""
    states = {one.state for one in judgements}
    for state in ("drift", "error", "ok"):
        if state in states:
            return state
    return "insufficient_data"
