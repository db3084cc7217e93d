"""What a training decision rests on, read from the stores."""

from datetime import datetime

from trimtab.aws.aliases import Aliases
from trimtab.aws.datasets import Datasets
from trimtab.aws.training import Trainings
from trimtab.aws.versions import Versions
from trimtab.domain.datasets import Batch
from trimtab.domain.plans import Plan
from trimtab.domain.retraining import Retraining
from trimtab.domain.spending import Spent
from trimtab.domain.training import Facts, TrainingData, TrainingState
from trimtab.runtime import Runtime


def facts_of(
    runtime: Runtime, model: str, state: TrainingState, policy: Retraining, now: datetime
) -> Facts:
    """Return what a run would train on now, and, where there is a budget, what earlier runs have used of it."""
    spent: tuple[Spent, ...] = ()
    if policy.budget:
        made = Trainings(runtime.table).requests_since(model, now - policy.budget.span)
        spent = tuple(one.spent(now) for one in made if not one.never_started)
    return Facts(data=_newest_data(Datasets(runtime.table), model, state.trained), spent=spent)


def data_of(runtime: Runtime, model: str, plan: Plan, newest: TrainingData) -> TrainingData:
    """Return what a run with this plan trains on. Raises NotFound if the plan names a version that is not there."""
    told = newest
    if plan.dataset_version is not None:
        named = Datasets(runtime.table).get(model, plan.dataset_version)
        told = newest.model_copy(
            update={
                "version": named.version,
                "rows": named.rows,
                "manifest_uri": named.manifest_uri,
            }
        )
    uri = plan.manifest_uri
    return told.model_copy(update={"manifest_uri": uri}) if uri else told


def champion_of(runtime: Runtime, model: str) -> tuple[int | None, str | None]:
    """Return the champion's version and where its model lies; the challenger is scored beside it."""
    move = Aliases(runtime.table).get(model, "champion")
    champion = Versions(runtime.table).get(model, move.version) if move and move.version else None
    return (champion.version, champion.model_data_uri) if champion else (None, None)


def _newest_data(datasets: Datasets, model: str, trained: int) -> TrainingData | None:
    new = datasets.since(model, trained)
    newest = new[0] if new else datasets.latest(model)
    if newest is None:
        return None
    return TrainingData(
        version=newest.version,
        rows=newest.rows,
        new_rows=sum(dataset.batch.rows for dataset in new),
        new_labelled_rows=sum(_labelled(dataset.batch) for dataset in new),
        manifest_uri=newest.manifest_uri,
    )


def _labelled(batch: Batch) -> int:
    """Rows whose target is known; of a batch older than that count, all of them."""
    return batch.rows if batch.labelled_rows is None else batch.labelled_rows
