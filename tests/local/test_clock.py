"""The local clock: time that can be pushed, and what waits for it."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from local.clock import LocalClock

HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Iterator[LocalClock]:
    clock = LocalClock()
    yield clock
    clock.close()


def test_an_advance_moves_time_and_nothing_else_does(clock: LocalClock) -> None:
    assert abs(clock.time() - time.time()) < 1
    clock.advance(HOUR)
    assert 3599 < clock.time() - time.time() < 3601
    assert clock.offset == HOUR


def test_the_clock_never_goes_back(clock: LocalClock) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-HOUR)


def test_an_advance_wakes_a_sleeper(clock: LocalClock) -> None:
    outcome: list[bool] = []
    sleeper = threading.Thread(target=lambda: outcome.append(clock.sleep(3600)))
    sleeper.start()
    clock.advance(HOUR)
    sleeper.join(5)
    assert outcome == [True]


def test_a_stopped_sleeper_says_that_its_time_never_came(clock: LocalClock) -> None:
    stop = threading.Event()
    stop.set()
    assert clock.sleep(3600, stop) is False


def test_timers_that_fell_due_in_one_jump_fire_in_the_order_of_their_times(
    clock: LocalClock,
) -> None:
    fired: list[str] = []
    done = threading.Event()

    def late() -> None:
        fired.append("late")
        done.set()

    clock.call_later(30, late)
    clock.call_later(10, lambda: fired.append("early"))
    clock.cancel(clock.call_later(20, lambda: fired.append("cancelled")))
    clock.call_later(7200, lambda: fired.append("not due"))
    clock.advance(HOUR)
    assert done.wait(5)
    assert fired == ["early", "late"]


def test_a_failing_timer_does_not_stop_the_clock(clock: LocalClock) -> None:
    done = threading.Event()

    def fail() -> None:
        raise ValueError("a timer's own fault")

    clock.call_later(1, fail)
    clock.call_later(2, done.set)
    clock.advance(HOUR)
    assert done.wait(5)


def test_listeners_hear_of_each_advance(clock: LocalClock) -> None:
    heard: list[timedelta] = []
    clock.on_advance(lambda: heard.append(clock.offset))
    clock.advance(HOUR)
    clock.advance(HOUR)
    assert heard == [HOUR, 2 * HOUR]


def test_a_closed_clock_lets_its_waiters_go() -> None:
    clock = LocalClock()
    outcome: list[bool] = []
    sleeper = threading.Thread(target=lambda: outcome.append(clock.sleep(3600)))
    sleeper.start()
    clock.close()
    sleeper.join(5)
    assert outcome == [False]
