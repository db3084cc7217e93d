"""Logged models over MLflow's wire: made, finished, tagged, searched page by page, deleted."""

from functions.registry_api.mlflow.tokens import token_of
from tests.functions.mlflow_wire import ask, call, refused
from tests.moto_platform import ENVIRONMENT
from trimtab.domain.audit import Wanted

BUCKET = ENVIRONMENT["TRIMTAB_BUCKET"]
WRONG = "INVALID_PARAMETER_VALUE"


def experiment(name="flights", **told):
    return ask("POST", "experiments/create", {"name": name, **told})["experiment_id"]


def create(experiment_id="0", **told):
    return ask("POST", "logged-models", {"experiment_id": experiment_id, **told})["model"]


def search(*experiment_ids, **told):
    """Return the names on each page of a search."""
    pages, token = [], None
    while True:
        body = {"experiment_ids": list(experiment_ids), **told}
        answer = ask(
            "POST", "logged-models/search", body | ({"page_token": token} if token else {})
        )
        pages.append([one["info"]["name"] for one in answer["models"]])
        token = answer.get("next_page_token")
        if token is None:
            return pages


def test_a_model_is_made_with_what_it_is_given(platform):
    made = create(
        name="trees",
        model_type="sklearn",
        source_run_id="r" * 32,
        params=[{"key": "depth", "value": "3"}],
        tags=[{"key": "by", "value": "ann"}],
    )
    info = made["info"]
    assert info["artifact_uri"] == (
        f"s3://{BUCKET}/artifacts/0/models/{info['model_id']}/artifacts"
    )
    assert info["status"] == "LOGGED_MODEL_PENDING"
    assert (info["name"], info["model_type"]) == ("trees", "sklearn")
    assert info["source_run_id"] == "r" * 32
    assert info["tags"] == [{"key": "by", "value": "ann"}]
    assert info["creation_timestamp_ms"] == info["last_updated_timestamp_ms"]
    assert made["data"] == {"params": [{"key": "depth", "value": "3"}], "metrics": []}
    assert ask("GET", f"logged-models/{info['model_id']}")["model"] == made


def test_a_model_without_a_name_gets_one(platform):
    assert create()["info"]["name"]


def test_a_models_files_are_below_its_experiments(platform):
    proxied = experiment(artifact_location="mlflow-artifacts:/here")
    info = create(proxied)["info"]
    uri = f"mlflow-artifacts:/here/models/{info['model_id']}/artifacts"
    assert info["artifact_uri"] == uri


def test_a_model_is_finished_by_name_or_number_and_once(platform):
    for status in ("LOGGED_MODEL_READY", 2, "2"):
        model_id = create()["info"]["model_id"]
        body = {"model_id": model_id, "status": status}
        told = ask("PATCH", f"logged-models/{model_id}", body)["model"]
        assert told["info"]["status"] == "LOGGED_MODEL_READY"
        platform.clock.advance(seconds=1)
        assert ask("PATCH", f"logged-models/{model_id}", body)["model"] == told


def test_parameters_and_tags_are_added(platform):
    model_id = create(params=[{"key": "a", "value": "1"}])["info"]["model_id"]
    path = f"logged-models/{model_id}"
    assert (
        ask(
            "POST", f"{path}/params", {"model_id": model_id, "params": [{"key": "b", "value": "2"}]}
        )
        == {}
    )
    assert ask("PATCH", f"{path}/tags", {"tags": [{"key": "x y/z", "value": "1"}]}) == {}
    told = ask("GET", path)["model"]
    assert told["data"]["params"] == [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    assert told["info"]["tags"] == [{"key": "x y/z", "value": "1"}]
    assert ask("PATCH", f"{path}/tags", {"tags": [{"key": "k", "value": "2"}]}) == {}
    assert ask("DELETE", f"{path}/tags/k") == {}
    assert ask("GET", path)["model"]["info"]["tags"] == [{"key": "x y/z", "value": "1"}]
    status, code, message = refused("DELETE", f"{path}/tags/k")
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert message == f"No tag with key 'k' found for model with ID '{model_id}'."
    status, code, _ = refused(
        "POST", f"{path}/params", {"model_id": model_id, "params": [{"key": "a", "value": "9"}]}
    )
    assert (status, code) == (400, WRONG)


def test_a_deleted_model_is_found_only_by_who_asks_for_deleted_ones(platform):
    model_id = create(name="trees")["info"]["model_id"]
    assert ask("DELETE", f"logged-models/{model_id}") == {}
    assert ask("DELETE", f"logged-models/{model_id}") == {}
    assert refused("GET", f"logged-models/{model_id}") == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"Logged model with ID '{model_id}' not found.",
    )
    told = ask("GET", f"logged-models/{model_id}", allow_deleted="true")["model"]
    assert told["info"]["name"] == "trees"
    assert search("0") == [[]]


def test_every_change_is_in_the_audit_trail_with_who_made_it(platform):
    model_id = create(name="trees")["info"]["model_id"]
    ask("PATCH", f"logged-models/{model_id}", {"model_id": model_id, "status": 2})
    ask("PATCH", f"logged-models/{model_id}/tags", {"tags": [{"key": "k", "value": "2"}]})
    ask("DELETE", f"logged-models/{model_id}")
    entries, _ = platform.runtime.audit.search(Wanted(subject=f"logged model {model_id}"), limit=9)
    told = {entry.action: (entry.before, entry.after) for entry in entries}
    assert told["LoggedModelFinalized"] == ({"status": 1}, {"status": 2})
    assert told["LoggedModelTagged"] == ({"tags": {}}, {"tags": {"k": "2"}})
    assert told["LoggedModelDeleted"] == ({"deleted": False}, {"deleted": True})
    assert told["LoggedModelCreated"][1]["name"] == "trees"
    assert {entry.actor for entry in entries} == {"arn:aws:iam::111122223333:user/example-user"}


def test_a_search_goes_through_several_experiments_newest_first_page_by_page(platform):
    ids = ["0", experiment()]
    for number in range(7):
        platform.clock.advance(seconds=1)
        create(ids[number % 2], name=f"n{number}")
    assert search(*ids, max_results=3) == [["n6", "n5", "n4"], ["n3", "n2", "n1"], ["n0"]]
    assert search(*ids) == [[f"n{number}" for number in range(6, -1, -1)]]
    assert search(ids[1], max_results=2) == [["n5", "n3"], ["n1"]]
    assert search(*ids, filter="name != 'n4'", max_results=3) == [
        ["n6", "n5", "n3"],
        ["n2", "n1", "n0"],
    ]
    by_name = [{"field_name": "name", "ascending": True}]
    assert search(*ids, order_by=by_name, max_results=4) == [
        ["n0", "n1", "n2", "n3"],
        ["n4", "n5", "n6"],
    ]


def test_more_models_than_one_read_brings_are_all_found(platform):
    for number in range(103):
        create(name=f"n{number}")
    [names] = search("0", max_results=1000)
    assert sorted(names) == sorted(f"n{number}" for number in range(103))


def test_a_models_files_are_listed_page_by_page(platform):
    info = create()["info"]
    root = info["artifact_uri"].removeprefix(f"s3://{BUCKET}/")
    for number in range(1001):
        platform.runtime.s3.put_object(Bucket=BUCKET, Key=f"{root}/{number:04d}", Body=b"x")
    path = f"logged-models/{info['model_id']}/artifacts/directories"
    first = ask("GET", path)
    assert (first["root_uri"], len(first["files"])) == (info["artifact_uri"], 1000)
    rest = ask("GET", path, page_token=first["next_page_token"])
    assert rest["files"] == [{"path": "1000", "is_dir": False, "file_size": 1}]
    assert "next_page_token" not in rest
    assert refused("GET", path, artifact_directory_path="../x")[1] == WRONG


REFUSALS = [
    ("POST", "logged-models", {}, "Missing value for required parameter 'experiment_id'"),
    ("POST", "logged-models", {"experiment_id": 1}, "Invalid value 1 for parameter"),
    ("POST", "logged-models", {"experiment_id": "x"}, "Invalid experiment ID 'x'"),
    ("POST", "logged-models", {"experiment_id": "0", "name": "a/b"}, "Invalid model name ('a/b')"),
    ("POST", "logged-models", {"experiment_id": "0", "name": "n" * 501}, "'name' exceeds the max"),
    ("POST", "logged-models", {"experiment_id": "0", "params": "x"}, 'Invalid value "x" for'),
    (
        "PATCH",
        "logged-models/{id}",
        {"status": 2},
        "Missing value for required parameter 'model_id'",
    ),
    (
        "PATCH",
        "logged-models/{id}",
        {"model_id": "m"},
        "Missing value for required parameter 'status'",
    ),
    (
        "PATCH",
        "logged-models/{id}",
        {"model_id": "m", "status": "DONE"},
        'Invalid value "DONE" for parameter',
    ),
    ("PATCH", "logged-models/{id}/tags", {"tags": {}}, "Invalid value {} for parameter 'tags'"),
    (
        "POST",
        "logged-models/{id}/params",
        {"params": []},
        "Missing value for required parameter 'model_id'",
    ),
    (
        "POST",
        "logged-models/{id}/params",
        {"model_id": "m", "params": [1]},
        "Invalid value [1] for parameter",
    ),
    ("POST", "logged-models/search", {}, "Missing value for required parameter 'experiment_ids'"),
    ("POST", "logged-models/search", {"experiment_ids": ["0"], "filter": "x ~ 1"}, "Invalid"),
    (
        "POST",
        "logged-models/search",
        {"experiment_ids": ["0"], "max_results": 1001},
        "Invalid value for max_results",
    ),
    (
        "POST",
        "logged-models/search",
        {"experiment_ids": ["0"], "filter": "name = '" + "x" * 10_000 + "'"},
        "Invalid filter: it has 10,009 characters",
    ),
    (
        "POST",
        "logged-models/search",
        {"experiment_ids": ["0"], "order_by": [{"field_name": "params.x"}]},
        "Invalid order by field name",
    ),
    (
        "POST",
        "logged-models/search",
        {"experiment_ids": ["0"], "datasets": [{"dataset_digest": "x"}]},
        "`dataset_name` in the `datasets` clause",
    ),
]


def test_what_is_asked_wrongly_is_refused_in_words(platform):
    model_id = create()["info"]["model_id"]
    for method, path, body, begins in REFUSALS:
        status, code, message = refused(method, path.replace("{id}", model_id), body)
        assert (status, code) == (400, WRONG), (path, body, message)
        assert message.startswith(begins), (path, body)


def test_what_is_not_there_is_not_found(platform):
    missing = {
        ("GET", "logged-models/m-0"): None,
        ("GET", "logged-models/" + "x" * 3000): None,
        ("GET", "logged-models/a b"): None,
        ("PATCH", "logged-models/m-0"): {"model_id": "m-0", "status": 2},
        ("DELETE", "logged-models/m-0"): None,
        ("POST", "logged-models/m-0/params"): {"model_id": "m-0", "params": []},
        ("PATCH", "logged-models/m-0/tags"): {"tags": []},
        ("DELETE", "logged-models/m-0/tags/k"): None,
        ("GET", "logged-models/m-0/artifacts/directories"): None,
        ("POST", "logged-models"): {"experiment_id": "77"},
    }
    for (method, path), body in missing.items():
        assert refused(method, path, body)[:2] == (404, "RESOURCE_DOES_NOT_EXIST"), (method, path)


def test_a_deleted_experiment_takes_no_models(platform):
    gone = experiment()
    ask("POST", "experiments/delete", {"experiment_id": gone})
    assert refused("POST", "logged-models", {"experiment_id": gone})[:2] == (400, WRONG)


def test_a_page_token_goes_on_only_with_the_search_it_is_of(platform):
    for _ in range(2):
        create()
    body = {"experiment_ids": ["0"], "max_results": 1}
    token = ask("POST", "logged-models/search", body)["next_page_token"]
    other = body | {"filter": "name = 'x'", "page_token": token}
    assert "another search" in refused("POST", "logged-models/search", other)[2]
    asked = (["0"], "", [], [])
    places = ("x", -1, True, [], ["a"], ["a", 1], ["a", "b" * 3000], {}, 1.5)
    for made_up in ("x", "é", "[" * 5000, *(token_of(place, *asked) for place in places)):
        told = refused("POST", "logged-models/search", body | {"page_token": made_up})
        assert told[:2] == (400, WRONG), made_up
        assert told[2].startswith("Invalid page token")


def test_names_may_hold_every_odd_character(platform):
    for character in "é日\U0001f6f0 #~\\\x00\u202e":
        name = f"{character}x{character}"
        info = create(name=name, tags=[{"key": name, "value": name}])["info"]
        path = f"logged-models/{info['model_id']}"
        assert ask("GET", path)["model"]["info"]["name"] == name
        assert call("DELETE", f"{path}/tags/{name}")[0] == 200
    assert len(search("0", filter="name != 'y'")[0]) == 9


def test_what_a_run_measures_of_a_model_is_told_with_the_model(platform):
    model_id = create()["info"]["model_id"]
    run_id = ask("POST", "runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
    one = {"key": "auc", "value": 0.7, "timestamp": 5, "step": 1, "model_id": model_id}
    for _ in range(2):
        ask("POST", "runs/log-metric", {"run_id": run_id, **one})
    batch = [
        {**one, "value": "NaN", "step": 2},
        {**one, "key": "f1", "dataset_name": "test", "dataset_digest": "x"},
        {"key": "loss", "value": 1, "timestamp": 5},
    ]
    ask("POST", "runs/log-batch", {"run_id": run_id, "metrics": batch})
    told = ask("GET", f"logged-models/{model_id}")["model"]["data"]["metrics"]
    plain = {"timestamp": 5, "run_id": run_id, "model_id": model_id}
    assert told == [
        {"key": "auc", "value": 0.7, "step": 1, **plain},
        {"key": "auc", "value": "NaN", "step": 2, **plain},
        {"key": "f1", "value": 0.7, "step": 1, **plain}
        | {"dataset_name": "test", "dataset_digest": "x"},
    ]
    assert len(search("0", filter="metrics.auc > 0.6")[0]) == 1
    assert search("0", filter="metrics.auc > 0.8") == [[]]
    lost = {"run_id": run_id, **one, "model_id": "m-0"}
    assert refused("POST", "runs/log-metric", lost)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
