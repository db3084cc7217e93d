"""MLflow's experiments: made, found, renamed, tagged, deleted and restored, each change with its audit entry."""

import pytest

from tests.functions.mlflow_wire import ask, call, refused
from tests.moto_platform import MotoPlatform
from trimtab.aws import keys

SEE = " See the API docs for more information about request parameters."
CREATE = "experiments/create"


def create(name: str = "delays", **fields) -> str:
    """Make an experiment and return its id."""
    return ask("POST", CREATE, {"name": name, **fields})["experiment_id"]


def audited(platform: MotoPlatform, experiment_id: str) -> list[dict]:
    """Return the audit entries of an experiment, newest first."""
    records, _ = platform.table.records(
        keys.experiment(experiment_id), keys.AUDIT, newest_first=True
    )
    return [record.body for record in records]


def test_an_experiment_is_found_by_id_and_by_name(platform):
    made = create(tags=[{"key": "team", "value": "airport"}])
    found = ask("GET", "experiments/get", experiment_id=made)["experiment"]
    assert found == {
        "experiment_id": made,
        "name": "delays",
        "artifact_location": f"s3://trimtab-dev-data/artifacts/{made}",
        "lifecycle_stage": "active",
        "creation_time": platform.runtime.now_ms(),
        "last_update_time": platform.runtime.now_ms(),
        "tags": [{"key": "team", "value": "airport"}],
    }
    named = ask("GET", "experiments/get-by-name", experiment_name="delays")["experiment"]
    assert named == found


def test_there_is_always_a_default_experiment_with_id_0(platform):
    by_name = ask("GET", "experiments/get-by-name", experiment_name="Default")["experiment"]
    assert by_name == ask("GET", "experiments/get", experiment_id="0")["experiment"]
    assert (by_name["experiment_id"], by_name["name"]) == ("0", "Default")


def test_a_name_that_is_taken_is_refused(platform):
    create()
    assert refused("POST", CREATE, {"name": "delays"}) == (
        400,
        "RESOURCE_ALREADY_EXISTS",
        "Experiment(name=delays) already exists.",
    )


def test_a_creation_that_is_repeated_under_its_request_key_answers_as_the_first_did(platform):
    again = {"headers": {"x-trimtab-request-key": "client-7"}}
    first, second = (ask("POST", CREATE, {"name": "delays"}, **again) for _ in range(2))
    assert first == second
    assert len(audited(platform, first["experiment_id"])) == 1


def test_a_renamed_experiment_is_found_by_its_new_name_only(platform):
    made = create()
    platform.clock.advance(seconds=1)
    ask("POST", "experiments/update", {"experiment_id": made, "new_name": "late"})
    found = ask("GET", "experiments/get-by-name", experiment_name="late")
    assert found["experiment"]["experiment_id"] == made
    assert refused("GET", "experiments/get-by-name", experiment_name="delays") == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        "Could not find experiment with name 'delays'",
    )
    entry = audited(platform, made)[0]
    assert (entry["action"], entry["before"], entry["after"]) == (
        "ExperimentRenamed",
        {"name": "delays"},
        {"name": "late"},
    )
    assert entry["actor"] == "arn:aws:iam::111122223333:user/example-user"


def test_an_experiment_is_not_renamed_to_a_name_that_is_taken(platform):
    create("late")
    made = create()
    status, code, _ = refused(
        "POST", "experiments/update", {"experiment_id": made, "new_name": "late"}
    )
    assert (status, code) == (400, "RESOURCE_ALREADY_EXISTS")
    assert ask("GET", "experiments/get", experiment_id=made)["experiment"]["name"] == "delays"


def test_a_deleted_experiment_is_found_as_deleted_and_restored_as_it_was(platform):
    made = create()
    ask("POST", "experiments/delete", {"experiment_id": made})
    assert ask("GET", "experiments/get", experiment_id=made)["experiment"]["lifecycle_stage"] == (
        "deleted"
    )
    assert refused("POST", "experiments/delete", {"experiment_id": made}) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"No Experiment with id={made} exists",
    )
    assert refused("POST", "experiments/update", {"experiment_id": made, "new_name": "x"}) == (
        409,
        "INVALID_STATE",
        "Cannot rename a non-active experiment.",
    )
    ask("POST", "experiments/restore", {"experiment_id": made})
    assert ask("GET", "experiments/get", experiment_id=made)["experiment"]["lifecycle_stage"] == (
        "active"
    )
    assert refused("POST", "experiments/restore", {"experiment_id": made})[0] == 404


def test_tags_are_set_replaced_and_deleted(platform):
    made = create()
    for value in ("1", "2"):
        ask(
            "POST",
            "experiments/set-experiment-tag",
            {"experiment_id": made, "key": "k", "value": value},
        )
    found = ask("GET", "experiments/get-by-name", experiment_name="delays")["experiment"]
    assert found["tags"] == [{"key": "k", "value": "2"}]
    untag = {"experiment_id": made, "key": "k"}
    ask("POST", "experiments/delete-experiment-tag", untag)
    assert refused("POST", "experiments/delete-experiment-tag", untag) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"No tag with name: k in experiment with id {made}",
    )
    assert sorted(entry["action"] for entry in audited(platform, made)) == [
        "ExperimentCreated",
        "ExperimentTagged",
        "ExperimentTagged",
        "ExperimentUntagged",
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing value for required parameter 'name'." + SEE),
        ({"name": ""}, "Missing value for required parameter 'name'." + SEE),
        (
            {"name": 5},
            "Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'." + SEE,
        ),
        ({"name": "n" * 501}, "'name' exceeds the maximum length of 500 characters"),
        (
            {"name": "n", "artifact_location": "runs:/x"},
            "Artifact location cannot be a runs:/ URI. Given: 'runs:/x'",
        ),
        (
            {"name": "n", "artifact_location": "s3://b/x#y"},
            "'artifact_location' URL can't include fragments or params.",
        ),
        (
            {"name": "n", "artifact_location": "s3://" + "x" * 2050},
            "Invalid artifact path length. The length of the artifact path cannot be greater than 2048 characters.",
        ),
        (
            {"name": "n", "tags": [{"key": "../up", "value": "v"}]},
            "Invalid value \"../up\" for parameter 'key' supplied: Names may be treated as files in certain cases, "
            "and must not resolve to other names when treated as such. This name would resolve to '../up'",
        ),
        (
            {"name": "n", "tags": [{"key": "a,b", "value": "v"}]},
            "Invalid value \"a,b\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores "
            "(_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
        ),
        (
            {"name": "n", "tags": [{"key": "k", "value": "v" * 20_001}]},
            "'value' exceeds the maximum length of 20000 characters",
        ),
    ],
)
def test_a_creation_that_breaks_a_rule_is_refused_in_mlflows_words(platform, body, message):
    assert refused("POST", CREATE, body) == (400, "INVALID_PARAMETER_VALUE", message)


def test_ids_that_are_no_numbers_and_bodies_that_are_no_objects_are_refused(platform):
    status, code, message = refused("GET", "experiments/get", experiment_id="x7")
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message == "Invalid experiment ID 'x7'. Experiment ID must be a valid integer."
    assert refused("GET", "experiments/get", experiment_id="99")[:2] == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
    )
    for body in ("[]", "{", "7", "\x00"):
        assert refused("POST", CREATE, body)[:2] == (400, "BAD_REQUEST")
    assert call("POST", CREATE, json_as_text())[0] == 200


def json_as_text() -> str:
    """A body that older clients encoded twice."""
    return '"{\\"name\\": \\"twice\\"}"'


def test_a_name_with_any_character_names_an_experiment(platform):
    for name in ("späte Flüge ✈", "a/b:c#d", "名" * 500, "x" * 500, "\x7f\n"):
        made = create(name)
        found = ask("GET", "experiments/get-by-name", experiment_name=name)["experiment"]
        assert (found["experiment_id"], found["name"]) == (made, name)
