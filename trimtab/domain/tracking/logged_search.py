"""The search of logged models: which are meant, and in which order they come."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from trimtab.domain.search import (
    Comparison,
    Field,
    Kind,
    Order,
    View,
    parse_filter,
    parse_logged_model_orders,
    predicate,
    sort_key,
)
from trimtab.domain.tracking.logged_models import LoggedMetric, LoggedModel
from trimtab.errors import InvalidInput

STATUS_WORDS = ("UNSPECIFIED", "PENDING", "READY", "FAILED")  # as filters spell them
NEWEST_FIRST = (
    Order(Field.attribute, "creation_timestamp", ascending=False),
    Order(Field.attribute, "model_id", ascending=True),
)


@dataclass(frozen=True)
class Dataset:
    """A dataset that measurements must be of; of any digest if none is said."""

    name: str
    digest: str | None = None

    def is_of(self, metric: LoggedMetric) -> bool:
        """Say whether the measurement is of this dataset."""
        return metric.dataset_name == self.name and self.digest in (None, metric.dataset_digest)


@dataclass(frozen=True)
class LoggedSearch:
    """What a search asks for."""

    comparisons: tuple[Comparison, ...]
    orders: tuple[Order, ...]
    datasets: tuple[Dataset, ...] = ()

    @classmethod
    def of(
        cls,
        text: str | None,
        order_by: Sequence[dict[str, Any]] = (),
        datasets: Iterable[Dataset] = (),
    ) -> "LoggedSearch":
        """Read a search. Raises InvalidInput in MLflow's words."""
        wanted = tuple(datasets)
        if not all(dataset.name for dataset in wanted):
            raise InvalidInput("`dataset_name` in the `datasets` clause must be specified.")
        return cls(
            parse_filter(text, Kind.logged_model),
            tuple(_of_dataset(order) for order in parse_logged_model_orders(order_by)),
            wanted,
        )

    @property
    def is_newest_first(self) -> bool:
        """Say whether the order is that of creation, in which models can be read without reading all of them."""
        return self.orders == NEWEST_FIRST

    def matches(self, model: LoggedModel) -> bool:
        """Say whether a model is meant: a comparison of a metric holds if it does of any of its measurements."""
        if model.deleted:
            return False
        measured = self._measured(model)
        if self.datasets and not measured:
            return False
        return self._plain(view_of(model)) and all(
            any(holds(View(metrics={key: one.value})) for one in measured if one.key == key)
            for key, holds in self._of_metrics
        )

    def key(self, model: LoggedModel) -> tuple[Any, ...]:
        """Return the key by which found models are sorted."""
        return self._sort_key(
            replace(view_of(model), metrics={o.key: v for o, v in self._latest(model)})
        )

    def _latest(self, model: LoggedModel) -> Iterable[tuple[Order, float]]:
        for order in self.orders:
            if order.field is Field.metric:
                found = [one for one in model.metrics if _named(order, one) == order.key]
                if found:
                    # Of what was measured at the same time and step, the first run's counts.
                    last = max((one.timestamp, one.step) for one in found)
                    among = [one for one in found if (one.timestamp, one.step) == last]
                    yield order, min(among, key=lambda one: one.run_id).value

    def _measured(self, model: LoggedModel) -> list[LoggedMetric]:
        if not self.datasets:
            return list(model.metrics)
        return [
            one for one in model.metrics if any(dataset.is_of(one) for dataset in self.datasets)
        ]

    @cached_property
    def _plain(self) -> Any:
        others = [one for one in self.comparisons if one.field is not Field.metric]
        return predicate(others, Kind.logged_model)

    @cached_property
    def _of_metrics(self) -> list[tuple[str, Any]]:
        return [
            (one.key, predicate([one], Kind.logged_model))
            for one in self.comparisons
            if one.field is Field.metric
        ]

    @cached_property
    def _sort_key(self) -> Callable[[View], tuple[Any, ...]]:
        return sort_key(self.orders)


def view_of(model: LoggedModel) -> View:
    """Return what a search sees of a model, but its metrics."""
    return View(
        attributes={
            "model_id": model.model_id,
            "experiment_id": model.experiment_id,
            "name": model.name,
            "model_type": model.model_type,
            "source_run_id": model.source_run_id,
            "status": STATUS_WORDS[model.status],
            "creation_timestamp": model.created_ms,
            "last_updated_timestamp": model.updated_ms,
        },
        params=model.params,
        tags=model.tags,
    )


def _of_dataset(order: Order) -> Order:
    """Name the metric with its dataset, so that one order may be by its value on another than the next."""
    if order.field is not Field.metric or order.dataset_name is None:
        return order
    return replace(
        order, key="\n".join((order.key, order.dataset_name, order.dataset_digest or ""))
    )


def _named(order: Order, metric: LoggedMetric) -> str:
    """What a measurement is named in this order; nothing that it asks for if it is of another dataset."""
    if order.dataset_name is None:
        return metric.key
    digest = metric.dataset_digest if order.dataset_digest else ""
    return "\n".join((metric.key, metric.dataset_name or "", digest or ""))
