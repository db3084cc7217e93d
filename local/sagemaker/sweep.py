"""One tuning job at work: trials begun, heard, stopped early, until there are enough."""

import os
import secrets
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from local.sagemaker.jobs import FINAL, JobFailed, TimeIsUp
from local.sagemaker.metrics import Series
from local.sagemaker.search import Tried
from local.sagemaker.search_space import Point
from local.sagemaker.store import Record, Store
from local.sagemaker.training import Beginning, TrainingJobs
from local.sagemaker.trials import objective_of
from local.sagemaker.tuning_request import OBJECTIVE_HYPERPARAMETER, Search, training_of

ENOUGH_FAILED = 5  # trials without one that is of use, after which AWS gives up
ENOUGH_VALUES = 3  # that a trial tells before it is stopped: the first ones say little of the last
ENOUGH_HEARD = 3  # trials that must have come as far before one is stopped for being worse


class Sweep:
    """Runs the trials of a tuning job."""

    def __init__(
        self,
        job: Record,
        search: Search,
        training: TrainingJobs,
        store: Store,
        now: Callable[[], float],
        stopped: threading.Event,
    ) -> None:
        """Take a recorded job; `run` does the rest."""
        self._job = job
        self._search = search
        self._training = training
        self._store = store
        self._now = now
        self._stopped = stopped
        self._strategy = search.begin()
        self._at_once = min(search.parallel, os.cpu_count() or 1)
        self._trials: dict[str, tuple[Record, Point, Series]] = {}

    def run(self, earlier: Iterable[Tried] = ()) -> None:
        """Run trials to the last; points of `earlier` ones are not tried again. Raises JobFailed, TimeIsUp."""
        earlier = tuple(earlier)
        seconds = self._search.seconds
        deadline = None if seconds is None else time.monotonic() + seconds
        try:
            while True:
                before = self._state()
                idle = not self._begin(earlier) and not self._running()
                if idle and self._state() == before:
                    break
                self._wait(before, deadline)
                if self._search.stops_early:
                    self._stop_worse()
                self._give_up()
        finally:
            self._end()
        if not self._stopped.is_set():
            self._judge()

    def _begin(self, earlier: tuple[Tried, ...]) -> bool:
        """Begin as many trials as may run; whether one was begun."""
        begun = False
        while (
            not self._stopped.is_set()
            and len(self._trials) < self._search.trials
            and len(self._running()) < self._at_once
        ):
            point = self._strategy.next([*earlier, *self._tried()])
            if point is None:
                break
            self._launch(point)
            begun = True
        return begun

    def _launch(self, point: Point) -> None:
        definition = self._job["TrainingJobDefinition"]
        name = f"{self._job['HyperParameterTuningJobName']}-{len(self._trials) + 1:03}-{secrets.token_hex(4)}"
        request = training_of(definition)
        request["TrainingJobName"] = name
        request["HyperParameters"] |= {**point, OBJECTIVE_HYPERPARAMETER: self._search.metric}
        metrics = definition["AlgorithmSpecification"]["MetricDefinitions"]
        series = Series(metrics, self._now, self._store.notify)
        # On AWS each trial has machines of its own; here they share this one's cores.
        threads = max(1, (os.cpu_count() or 1) // self._at_once)
        self._training.begin(
            request,
            Beginning(series, {"OMP_NUM_THREADS": str(threads)}),
            TuningJobArn=self._job["HyperParameterTuningJobArn"],
            TunedHyperParameters=point,
        )
        self._trials[name] = self._training.get(name), point, series

    def _wait(self, before: tuple[int, int], deadline: float | None) -> None:
        """Wait until a trial has ended since or, where that counts, said something. Raises TimeIsUp."""
        left = None if deadline is None else deadline - time.monotonic()
        changed = (left is None or left > 0) and self._store.wait(
            lambda: self._stopped.is_set() or self._state() != before, left
        )
        if not changed:
            raise TimeIsUp
        if self._stopped.is_set():
            self._end()

    def _state(self) -> tuple[int, int]:
        heard = self._search.stops_early
        told = [len(series.of(self._search.metric)) for *_, series in self._trials.values()]
        return len(self._trials) - len(self._running()), sum(told) if heard else 0

    def _end(self) -> None:
        """Stop what runs, and wait for it."""
        for name in self._running():
            self._training.end(name)
        self._store.wait(lambda: not self._running())

    def _running(self) -> list[str]:
        return [
            name
            for name, (trial, *_) in self._trials.items()
            if trial["TrainingJobStatus"] not in FINAL
        ]

    def _tried(self) -> Iterator[Tried]:
        for trial, point, _ in self._trials.values():
            value = objective_of(trial, self._search.metric)
            yield Tried(point, None if value is None else self._search.better(value))

    def _stop_worse(self) -> None:
        """Stop each trial whose objective is worse than the median of what others had on average so far."""
        others = [
            series.of(self._search.metric)
            for name, (trial, _, series) in self._trials.items()
            if trial["TrainingJobStatus"] == "Completed"
        ]
        for name, (trial, _, series) in self._trials.items():
            if trial["TrainingJobStatus"] != "InProgress":
                continue
            values = series.of(self._search.metric)
            as_far = [other for other in others if len(other) >= len(values)]
            if len(values) < ENOUGH_VALUES or len(as_far) < ENOUGH_HEARD:
                continue
            averages = [statistics.fmean(other[: len(values)]) for other in as_far]
            if self._search.better(values[-1]) < self._search.better(statistics.median(averages)):
                self._training.end(name)

    def _give_up(self) -> None:
        """Raise JobFailed once the first trials have shown that none will be of use."""
        ended = [
            trial for trial, *_ in self._trials.values() if trial["TrainingJobStatus"] in FINAL
        ]
        if len(ended) >= ENOUGH_FAILED and not self._stopped.is_set():
            self._judge()

    def _judge(self) -> None:
        ended = [
            trial for trial, *_ in self._trials.values() if trial["TrainingJobStatus"] in FINAL
        ]
        if not ended:
            raise JobFailed(
                "There is no point in the ranges that earlier tuning jobs have not tried."
            )
        if any(objective_of(trial, self._search.metric) is not None for trial in ended):
            return
        if all(trial["TrainingJobStatus"] == "Failed" for trial in ended):
            raise JobFailed(
                f"No training job succeeded after {len(ended)} attempts. For additional details, please take a look "
                "at the training job failures by listing training jobs for the hyperparameter tuning job."
            )
        raise JobFailed(
            f"No objective metrics found after running {len(ended)} training jobs. Please ensure that the custom "
            "algorithm is emitting the objective metric as defined by the regular expression provided."
        )
