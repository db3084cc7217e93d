"""What a data scientist does with MLflow; run with the interpreter that has it, against the deployment it is told of.

Each part is a function that fails if the client is told anything but what MLflow's own server tells it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from sklearn.linear_model import LogisticRegression

ROWS = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7})
LABELS = (ROWS["a"] + ROWS["b"] > 30).astype(int)
EXPERIMENT = "flights-of-ann"
MODEL = "late-or-not"


def fit_with_autolog() -> None:
    mlflow.set_experiment(EXPERIMENT)
    mlflow.sklearn.autolog()
    with mlflow.start_run(run_name="by autolog") as run:
        LogisticRegression(C=0.5, max_iter=500).fit(ROWS, LABELS)
    mlflow.sklearn.autolog(disable=True)
    told = mlflow.get_run(run.info.run_id)
    assert told.info.status == "FINISHED"
    assert told.data.params["C"] == "0.5"
    assert 0.9 < told.data.metrics["training_accuracy_score"] <= 1
    assert told.data.tags["estimator_name"] == "LogisticRegression"
    [dataset] = told.inputs.dataset_inputs
    assert dataset.dataset.name == "dataset"
    [output] = told.outputs.model_outputs
    logged = mlflow.get_logged_model(output.model_id)
    assert logged.status == "READY"
    assert logged.params["C"] == "0.5"
    assert {metric.key for metric in logged.metrics} >= {"training_accuracy_score"}
    loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    assert list(loaded.predict(ROWS)) == list(
        mlflow.pyfunc.load_model(logged.model_uri).predict(ROWS)
    )


def log_and_register() -> None:
    mlflow.set_experiment(EXPERIMENT)
    model = LogisticRegression(max_iter=500).fit(ROWS, LABELS)
    with mlflow.start_run(run_name="by hand") as run:
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=MODEL,
            input_example=ROWS.head(2),
            pip_requirements=["scikit-learn"],  # else MLflow loads the model once more to find out
        )
        mlflow.log_metric("auc", 0.91, step=3)
    assert int(info.registered_model_version) == 1
    [logged] = mlflow.search_logged_models(
        filter_string=f"source_run_id = '{run.info.run_id}'", output_format="list"
    )
    assert (logged.model_id, logged.name, logged.status) == (info.model_id, "model", "READY")
    second = mlflow.register_model(f"models:/{info.model_id}", MODEL, tags={"why": "again"})
    assert int(second.version) == 2
    assert second.run_id == run.info.run_id
    client = MlflowClient()
    client.set_registered_model_alias(MODEL, "best", "1")
    assert int(client.get_model_version_by_alias(MODEL, "best").version) == 1
    loaded = mlflow.pyfunc.load_model(f"models:/{MODEL}@best")
    assert list(loaded.predict(ROWS)) == list(model.predict(ROWS))
    assert list(mlflow.sklearn.load_model(f"models:/{MODEL}/2").predict(ROWS)) == list(
        model.predict(ROWS)
    )
    client.set_registered_model_alias(MODEL, "best", "2")
    client.set_registered_model_tag(MODEL, "team", "airport")
    client.update_model_version(MODEL, "2", description="trained twice")
    told = client.get_registered_model(MODEL)
    assert told.aliases == {"best": "2"}
    assert told.tags == {"team": "airport"}
    versions = client.search_model_versions(f"name='{MODEL}'")
    assert [int(each.version) for each in versions] == [2, 1]
    assert versions[0].description == "trained twice"
    client.transition_model_version_stage(MODEL, "1", "Staging")
    [staged] = client.get_latest_versions(MODEL, ["Staging"])
    assert int(staged.version) == 1
    client.delete_registered_model_alias(MODEL, "best")
    client.delete_model_version(MODEL, "1")
    assert [int(each.version) for each in client.search_model_versions(f"name='{MODEL}'")] == [2]


def search_registry_and_odd_names() -> None:
    """Needs a signer that can sign a space, which the client itself puts into its search of models."""
    client = MlflowClient()
    name = "late or not? (ann's)"
    client.create_registered_model(name, tags={"team": "air port"}, description="é & + %")
    found = client.search_registered_models("name LIKE 'late%' AND tag.team = 'air port'")
    assert [(each.name, each.description) for each in found] == [(name, "é & + %")]
    assert client.get_registered_model(name).tags == {"team": "air port"}
    names = {each.name for each in client.search_registered_models()}
    assert names >= {name}
    client.delete_registered_model(name)
    proxied = client.create_experiment("files by the API", "mlflow-artifacts:/odd names")
    mlflow.set_experiment("files by the API")
    with mlflow.start_run() as run:
        mlflow.log_text("wide trees", "a folder/notes (1) + 100%.txt")
    assert run.info.experiment_id == proxied
    [file] = client.list_artifacts(run.info.run_id, "a folder")
    assert file.path == "a folder/notes (1) + 100%.txt"
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{file.path}") == "wide trees"


def search_runs() -> None:
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name="sweep", tags={"kind": "sweep"}) as parent:
        for depth in range(1, 6):
            with mlflow.start_run(run_name=f"depth {depth}", nested=True):
                mlflow.log_params({"depth": depth, "eta": 0.1})
                for step in range(3):
                    mlflow.log_metric("loss", 1 / depth + 0.1 * (2 - step), step=step)
    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    children = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
    found = mlflow.search_runs([experiment], children, order_by=["metrics.loss ASC"])
    assert list(found["params.depth"]) == ["5", "4", "3", "2", "1"]
    assert list(found["metrics.loss"]) == [1 / depth for depth in (5, 4, 3, 2, 1)]
    narrower = f"{children} and metrics.loss < 0.4 and params.depth != '5'"
    found = mlflow.search_runs([experiment], narrower, order_by=["params.depth DESC"])
    assert list(found["params.depth"]) == ["4", "3"]
    pages, token = [], None
    while True:
        page = client.search_runs([experiment], children, max_results=2, page_token=token)
        pages.append([run.info.run_name for run in page])
        token = page.token
        if not token:
            break
    assert pages == [["depth 5", "depth 4"], ["depth 3", "depth 2"], ["depth 1"]]
    best = client.search_runs([experiment], children, order_by=["metrics.loss"], max_results=1)[0]
    history = client.get_metric_history(best.info.run_id, "loss")
    assert [(point.step, round(point.value, 6)) for point in history] == [
        (0, 0.4),
        (1, 0.3),
        (2, 0.2),
    ]
    client.set_experiment_tag(experiment, "team", "airport")
    named = client.search_experiments(filter_string="tags.team = 'airport'")
    assert [each.name for each in named] == [EXPERIMENT]


def send_and_fetch_files_in_s3() -> None:
    direct = mlflow.set_experiment("files-in-s3")
    assert direct.artifact_location.startswith("s3://")
    _files_there_and_back()


def send_and_fetch_files_by_the_api() -> None:
    proxied = MlflowClient().create_experiment("files-by-the-api", "mlflow-artifacts:/by-api")
    mlflow.set_experiment(experiment_id=proxied)
    # The signer that MLflow uses cannot sign a file; parts go to S3, without a signature of the client's.
    os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = "0"
    os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 * 1024 * 1024)
    run_id = _files_there_and_back()
    repository = get_artifact_repository(MlflowClient().get_run(run_id).info.artifact_uri)
    repository.delete_artifacts("all/deep")
    left = {each.path for each in MlflowClient().list_artifacts(run_id, "all")}
    assert left == {"all/empty.bin", "all/large.bin", "all/notes.txt"}


def _files_there_and_back() -> str:
    contents = {
        "notes.txt": b"wide trees",
        "empty.bin": b"",
        "large.bin": os.urandom(11 * 1024 * 1024),
        "deep/er/picture.png": b"\x00\xff\x10",
    }
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run() as run:
        for path, content in contents.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        mlflow.log_artifacts(folder, "all")
        mlflow.log_artifact(str(Path(folder, "notes.txt")))
        mlflow.log_dict({"a": [1, 2]}, "facts/told.json")
    client, run_id = MlflowClient(), run.info.run_id
    listed = {each.path: (each.is_dir, each.file_size) for each in client.list_artifacts(run_id)}
    assert listed == {
        "all": (True, None),
        "facts": (True, None),
        "notes.txt": (False, 10),
    }
    assert [each.path for each in client.list_artifacts(run_id, "all/deep")] == ["all/deep/er"]
    assert client.list_artifacts(run_id, "notes.txt") == []
    fetched = Path(client.download_artifacts(run_id, "all"))
    for path, content in contents.items():
        assert (fetched / path).read_bytes() == content, path
    assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/facts/told.json") == {"a": [1, 2]}
    return run_id


def delete_and_restore() -> None:
    client = MlflowClient()
    experiment = client.create_experiment("short-lived")
    run = client.create_run(experiment, run_name="gone")
    client.delete_run(run.info.run_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment]) == []
    deleted = client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)
    assert [each.info.run_id for each in deleted] == [run.info.run_id]
    client.restore_run(run.info.run_id)
    client.log_param(run.info.run_id, "depth", 3)
    _refused(lambda: client.log_param(run.info.run_id, "depth", 4), "INVALID_PARAMETER_VALUE")
    client.delete_experiment(experiment)
    _refused(lambda: client.create_run(experiment), "INVALID_PARAMETER_VALUE")
    client.restore_experiment(experiment)
    client.rename_experiment(experiment, "back-again")
    assert client.get_experiment_by_name("back-again").experiment_id == experiment


def read_what_a_pipeline_recorded() -> None:
    experiment = mlflow.get_experiment_by_name("flight-delays")
    [run] = mlflow.search_runs(
        [experiment.experiment_id],
        filter_string="metrics.auc > 0.5 AND tags.`trimtab.gate` = 'passed' AND params.seed = '2013'",
        order_by=["start_time ASC"],
        max_results=1,
        output_format="list",
    )
    assert run.info.status == "FINISHED"
    metrics = run.data.metrics
    assert metrics["auc.low"] < metrics["auc"] < metrics["auc.high"]
    assert metrics["cost_usd"] > 0
    [read] = run.inputs.dataset_inputs
    assert read.dataset.source_type == "s3"
    client = MlflowClient()
    assert client.get_metric_history(run.info.run_id, "auc")[0].value == metrics["auc"]
    listed = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"evaluation", "model", "plots", "recipe"} <= listed
    with tempfile.TemporaryDirectory() as folder:
        recipe, picture = (
            Path(client.download_artifacts(run.info.run_id, path, folder)).read_text()
            for path in ("recipe/recipe.json", "plots/roc.svg")
        )
    assert json.loads(recipe)["environment"]["packages"]["scikit-learn"]
    assert picture.startswith("<svg")


def ask_for_what_is_not_served() -> None:
    client = MlflowClient()
    refused = _refused(lambda: client.search_traces(locations=["0"]), "ENDPOINT_NOT_FOUND")
    assert "There is no endpoint GET /api/2.0/mlflow/traces in this deployment" in refused
    assert "not found" in _refused(lambda: client.get_run("0" * 32), "RESOURCE_DOES_NOT_EXIST")


def _refused(attempt, code: str) -> str:
    try:
        attempt()
    except (RestException, MlflowException) as error:
        assert error.error_code == code, error
        return str(error)
    raise AssertionError(f"nothing was refused with {code}")


PARTS = (
    fit_with_autolog,
    log_and_register,
    search_runs,
    send_and_fetch_files_in_s3,
    send_and_fetch_files_by_the_api,
    delete_and_restore,
    read_what_a_pipeline_recorded,
    ask_for_what_is_not_served,
    search_registry_and_odd_names,
)

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for part in PARTS:
        if not wanted or part.__name__ in wanted:
            part()
            sys.stdout.write(json.dumps(part.__name__) + "\n")
            sys.stdout.flush()
