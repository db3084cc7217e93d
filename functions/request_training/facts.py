"""What a training decision rests on, read from the stores."""

from trimtab.aws.aliases import Aliases
from trimtab.aws.datasets import Datasets
from trimtab.aws.versions import Versions
from trimtab.domain.plans import Plan
from trimtab.domain.training import TrainingData, TrainingState
from trimtab.errors import Conflict
from trimtab.runtime import Runtime


def newest_data(runtime: Runtime, model: str, state: TrainingState) -> TrainingData:
    """Return what a run would train on now. Raises Conflict while there is no dataset version."""
    datasets = Datasets(runtime.table)
    newest = datasets.latest(model)
    if newest is None:
        raise Conflict(
            f"{model} has no dataset version yet", hint=f"put a file under incoming/{model}/"
        )
    return TrainingData(
        version=newest.version,
        rows=newest.rows,
        new_rows=_rows_since(datasets, model, state.trained),
        manifest_uri=newest.manifest_uri,
    )


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


def _rows_since(datasets: Datasets, model: str, trained: int) -> int:
    """Rows of the batches that came after dataset version `trained`."""
    rows = 0
    token: str | None = None
    while True:
        page, token = datasets.list(model, limit=100, after=token)
        newer = [dataset for dataset in page if dataset.version > trained]
        rows += sum(dataset.batch.rows for dataset in newer)
        if token is None or len(newer) < len(page):
            return rows
