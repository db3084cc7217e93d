"""Good and bad challengers, thousands of each: how often each rule stops a good one, and how soon a bad one."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.frame import Options, Row, run
from benchmarks.rollout_work import rules
from benchmarks.rollout_work.traffic import Scene
from benchmarks.rollout_work.whole import STEPS, released

SEED = 20130101
STEPPED = (5, 10, 25, 50)
SCENES = (
    Scene("10 a minute, 24 looks at 10 %", 10, 5, (10,)),
    Scene("100 a minute, 24 looks at 10 %", 100, 5, (10,)),
    Scene("100 a minute, 24 looks at 50 %", 100, 5, (50,)),
    Scene("100 a minute, 120 looks at 10 %", 100, 1, (10,)),
    Scene("1,000 a minute, 120 looks at 5 %", 1000, 1, (5,)),
    Scene("1,000 a minute, 24 looks, 5 to 50 %", 1000, 5, STEPPED),
    Scene("100 a minute, half of them errors", 100, 5, (25,), errors=0.5),
)
REGRESSIONS = (2.0, 4.0)
RELEASES = (30, 100, 1000)  # requests a minute


def measure(options: Options) -> Iterator[Row]:
    """Yield false alarms of each rule, then minutes to stop bad challengers, then how whole rollouts end."""
    runs = 200 if options.quick else 2000
    chance = np.random.default_rng(SEED)
    for scene in SCENES:
        yield _false_alarms(scene, runs, chance)
    for scene in SCENES[:-1]:
        for times in REGRESSIONS:
            yield _minutes(replace(scene, times=times), runs, chance)
    for a_minute in RELEASES:
        for times in (1.0, *REGRESSIONS):
            yield _ends(a_minute, times, runs // 4, chance)


def _false_alarms(scene: Scene, runs: int, chance: np.random.Generator) -> Row:
    seen = scene.seen(runs, chance)
    looks = scene.minutes // scene.every
    mine, argo, z = (
        100 * float((rule(seen) < looks).mean()) for rule in (rules.ours, rules.argo, rules.z_test)
    )
    return Row.within(
        f"good ones stopped: {scene.what}",
        mine,
        100 * rules.ALPHA,
        "%",
        note=f"a fifth worse, four strikes: {argo:.1f} %; z-test at each look: {z:.1f} %",
        detail={"argo": argo, "z_test": z, "runs": runs},
    )


def _minutes(scene: Scene, runs: int, chance: np.random.Generator) -> Row:
    seen = scene.seen(runs, chance)
    looks = scene.minutes // scene.every
    told = {}
    for name, rule in (("ours", rules.ours), ("argo", rules.argo), ("z_test", rules.z_test)):
        stopped = rule(seen)
        caught = stopped < looks
        median = float(np.median((stopped[caught] + 1) * scene.every)) if caught.any() else np.inf
        told[name] = (median, 100 * float(caught.mean()))
    (mine, caught_by_us), (argo, by_argo), (z, by_z) = told.values()
    return Row(
        f"{scene.times:g} times the errors, stopped after: {scene.what}",
        mine,
        "four strikes",
        argo,
        unit="min",
        note=f"stopped within {scene.minutes} min: {caught_by_us:.0f} %; four strikes {by_argo:.0f} %;"
        f" z-test {by_z:.0f} %, after {z:g} min",
        detail={"caught": caught_by_us, "argo_caught": by_argo, "z_caught": by_z, "z_min": z},
    )


def _ends(a_minute: int, times: float, runs: int, chance: np.random.Generator) -> Row:
    told = released(a_minute, times, runs, chance)
    share = {end: 100 * told.ends[end] / runs for end in told.minutes}
    note = "; ".join(
        f"{end} {share[end]:.1f} %" + (f" after {told.median(end):g} min" if share[end] else "")
        for end in told.minutes
    )
    wrong, limit = "rolled back", 100 * STEPS.alpha
    if times > 1:
        wrong = "promoted"
    what = f"whole rollout, {times:g} times the errors, {a_minute:,} a minute: {wrong}"
    return Row.within(what, share[wrong], limit, "%", note=note, detail=share)


if __name__ == "__main__":
    about = "How often rules of rollouts stop good challengers, and how soon bad ones."
    raise SystemExit(run("rollout", measure, about=about))
