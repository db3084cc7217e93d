"""Replays a policy of steps on the requests of past releases."""

from pydantic import ValidationError

from trimtab.api.bodies import RolloutPreview, RolloutPreviewWish
from trimtab.aws.measured import MOST, Measured
from trimtab.aws.rollouts import Rollouts
from trimtab.domain.preview import replay, summary
from trimtab.domain.progress import MINUTE, Look, full_minute
from trimtab.domain.rollouts import Rollout
from trimtab.domain.steps import Steps
from trimtab.http import refused
from trimtab.runtime import Runtime

RELEASES = 20  # the newest; each is read in four requests a day that it took
DAYS = 3  # of a release that are replayed


def preview(runtime: Runtime, model: str, wish: RolloutPreviewWish) -> RolloutPreview:
    """Return what the model's policy, changed as wished, would have made of its releases. Raises InvalidInput."""
    said = wish.model_dump(exclude_none=True)
    policy = runtime.models.get(model).release.steps.model_dump()
    try:
        steps = Steps.model_validate({**policy, **said}, strict=False)
    except ValidationError as error:
        raise refused(error, Steps) from error
    rollouts, _ = Rollouts(runtime.table).list(model, limit=RELEASES)
    measured = Measured(runtime.cloudwatch, runtime.settings.stage)
    replayed = [replay(each, _looks(measured, model, each), steps) for each in rollouts]
    releases = tuple(one for one in replayed if one is not None)
    return RolloutPreview(model=model, steps=steps, releases=releases, sentence=summary(releases))


def _looks(measured: Measured, model: str, rollout: Rollout) -> list[Look]:
    if rollout.progress is None or rollout.ended_at is None:
        return []
    since = full_minute(rollout.progress.began_at)
    end = min(full_minute(rollout.ended_at) + MINUTE, since + DAYS * MOST)
    looks: list[Look] = []
    while since < end:
        until = min(since + MOST, end)
        looks += measured.looks(
            model,
            champion=rollout.progress.champion,
            challenger=rollout.version,
            since=since,
            until=until,
        )
        since = until
    return looks
