"""An endpoint is taken down once its version has answered nothing for its probation, and never while it is needed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trimtab.domain.retirement import Standing, weigh_retirement

LEFT = datetime(2026, 3, 2, tzinfo=UTC)
IDLE = Standing(version=1, serves=False, is_open=False, is_awaited=False, left_at=LEFT)


def test_the_endpoint_goes_when_the_probation_is_over() -> None:
    over = LEFT + timedelta(days=7)
    assert weigh_retirement(IDLE, 7, over - timedelta(seconds=1)) is None
    assert weigh_retirement(IDLE, 7, over) == (
        "version 1 has answered no requests since 2026-03-02T00:00:00+00:00, which is 7 days ago or more"
    )


@pytest.mark.parametrize("need", ["serves", "is_open", "is_awaited"])
def test_an_endpoint_that_may_be_needed_stays(need: str) -> None:
    assert weigh_retirement(replace(IDLE, **{need: True}), 7, LEFT + timedelta(days=99)) is None


def test_what_is_not_known_to_be_over_is_not_over() -> None:
    assert weigh_retirement(replace(IDLE, left_at=None), 7, LEFT + timedelta(days=99)) is None
