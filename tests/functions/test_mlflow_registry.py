"""Registered models, versions, aliases, stages and tags as an MLflow client asks for them."""

import json
import secrets
from typing import Any

from functions.registry_api.handler import lambda_handler
from tests.functions.mlflow_wire import ask, call, event, refused
from tests.functions.test_registry_api import promote, registered
from tests.moto_platform import MODEL, Context, MotoPlatform
from trimtab.aws import keys
from trimtab.aws.beliefs import Beliefs
from trimtab.aws.registry.emptying import empty
from trimtab.aws.registry.registry import Registry
from trimtab.aws.table import Create, Replace
from trimtab.domain.registry.hands import Hand
from trimtab.domain.versions import ModelVersion

MODELS = "registered-models"
VERSIONS = "model-versions"
INVALID, MISSING, TAKEN = (
    "INVALID_PARAMETER_VALUE",
    "RESOURCE_DOES_NOT_EXIST",
    "RESOURCE_ALREADY_EXISTS",
)
SEE = " See the API docs for more information about request parameters."
MONDAY_MS = 1794211200000
ME = "arn:aws:iam::111122223333:user/example-user"


def register(name: str = "m", **told: Any) -> dict[str, Any]:
    made: dict[str, Any] = ask("POST", f"{MODELS}/create", {"name": name, **told})
    return made["registered_model"]


def add(name: str = "m", source: str = "s3://b/x", **told: Any) -> dict[str, Any]:
    body = {"name": name, "source": source, **told}
    made: dict[str, Any] = ask("POST", f"{VERSIONS}/create", body)
    return made["model_version"]


def add_many(platform: MotoPlatform, total: int) -> None:
    """Make the versions 2 to `total` of model m as its first was made, with fewer transactions."""
    first = platform.runtime.registry.versions.get("m", 1)
    body = first.model_dump(mode="json")
    for start in range(2, total + 1, 50):
        numbers = range(start, min(start + 50, total + 1))
        at, told = keys.model("m"), [{"model": "m", "version": n} for n in numbers]
        platform.table.commit(
            *(Create(at, keys.version(n), body | {"version": n}) for n in numbers)
        )
        places = [keys.run_version(n, "m") for n in numbers]
        platform.table.commit(
            *(Create(keys.run("r1"), p, t) for p, t in zip(places, told, strict=True))
        )


def rival(platform: MotoPlatform) -> tuple[Registry, Hand]:
    """The registry of another process, which knows nothing of what this one believes, and who works there."""
    runtime = platform.runtime
    registry = Registry(runtime.table, Beliefs(runtime.table), runtime.models, runtime.clock.now)
    return registry, Hand("rival", "was faster", runtime.clock.now(), runtime.new_id)


def model(name: str = "m") -> dict[str, Any]:
    found: dict[str, Any] = ask("GET", f"{MODELS}/get", name=name)["registered_model"]
    return found


def version(number: int, name: str = "m") -> dict[str, Any]:
    found: dict[str, Any] = ask("GET", f"{VERSIONS}/get", name=name, version=str(number))
    return found["model_version"]


def point(alias: str, number: int, name: str = "m") -> None:
    assert (
        ask("POST", f"{MODELS}/alias", {"name": name, "alias": alias, "version": str(number)}) == {}
    )


def stage(number: int, to: str, **told: Any) -> dict[str, Any]:
    body = {"name": "m", "version": str(number), "stage": to, **told}
    moved: dict[str, Any] = ask("POST", f"{VERSIONS}/transition-stage", body)
    return moved["model_version"]


def test_a_model_is_registered_described_tagged_and_found_as_it_was_left(
    platform: MotoPlatform,
) -> None:
    tags = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}, {"key": "b"}]
    made = register(tags=tags, description="late flights")
    assert made == {
        "name": "m",
        "creation_timestamp": MONDAY_MS,
        "last_updated_timestamp": MONDAY_MS,
        "description": "late flights",
        "tags": [{"key": "a", "value": "2"}, {"key": "b", "value": ""}],
    }
    platform.clock.advance(seconds=1)
    ask("PATCH", f"{MODELS}/update", {"name": "m", "description": "later flights"})
    ask("POST", f"{MODELS}/set-tag", {"name": "m", "key": "b", "value": "3"})
    ask("DELETE", f"{MODELS}/delete-tag", {"name": "m", "key": "a"})
    ask("DELETE", f"{MODELS}/delete-tag", {"name": "m", "key": "none"})
    assert model() == {
        "name": "m",
        "creation_timestamp": MONDAY_MS,
        "last_updated_timestamp": MONDAY_MS + 1000,
        "description": "later flights",
        "tags": [{"key": "b", "value": "3"}],
    }
    ask("PATCH", f"{MODELS}/update", {"name": "m"})
    assert "description" not in model()
    entries, _ = platform.runtime.audit.entries("m")
    assert sorted(entry.action for entry in entries) == [
        "ModelDescribed",
        "ModelDescribed",
        "ModelRegistered",
        "ModelTagged",
        "ModelUntagged",
    ]
    assert {entry.actor for entry in entries} == {ME}
    tagged = next(entry for entry in entries if entry.action == "ModelUntagged")
    assert (tagged.before, tagged.after) == ({"tag a": "2"}, {"tag a": None})


def test_versions_are_numbered_and_say_where_they_come_from(platform: MotoPlatform) -> None:
    register()
    made = add(
        run_id="r1", run_link="http://l", description="first", tags=[{"key": "k", "value": "v"}]
    )
    assert made == {
        "name": "m",
        "version": "1",
        "creation_timestamp": MONDAY_MS,
        "last_updated_timestamp": MONDAY_MS,
        "user_id": ME,
        "current_stage": "None",
        "description": "first",
        "source": "s3://b/x",
        "run_id": "r1",
        "run_link": "http://l",
        "status": "READY",
        "tags": [{"key": "k", "value": "v"}],
    }
    platform.clock.advance(seconds=1)
    assert add()["version"] == "2"
    place = {"name": "m", "version": "1"}
    ask("PATCH", f"{VERSIONS}/update", {**place, "description": "still the first"})
    ask("POST", f"{VERSIONS}/set-tag", {**place, "key": "k2", "value": "v2"})
    ask("DELETE", f"{VERSIONS}/delete-tag", {**place, "key": "k"})
    first = version(1)
    assert (first["description"], first["tags"]) == (
        "still the first",
        [{"key": "k2", "value": "v2"}],
    )
    assert first["last_updated_timestamp"] == MONDAY_MS + 1000
    assert ask("GET", f"{VERSIONS}/get-download-uri", **place) == {"artifact_uri": "s3://b/x"}
    assert [one["version"] for one in model()["latest_versions"]] == ["2"]
    ask("PATCH", f"{VERSIONS}/update", place)
    assert "description" not in version(1)


def test_a_version_made_of_another_has_its_files_and_its_run(platform: MotoPlatform) -> None:
    register()
    register("copies")
    add(run_id="r1")
    add("m", "s3://b/y")
    point("best", 1)
    stage(2, "Production")
    copies = {
        "models:/m/1": ("s3://b/x", "r1"),
        "models:/m@best": ("s3://b/x", "r1"),
        "models:/m/latest": ("s3://b/y", ""),
        "models:/m/production": ("s3://b/y", ""),
    }
    for number, (source, (uri, run_id)) in enumerate(copies.items(), start=1):
        made = add("copies", source)
        assert made["run_id"] == run_id
        assert made["source"] == f"models:/m/{1 if run_id else 2}"
        place = {"name": "copies", "version": str(number)}
        assert ask("GET", f"{VERSIONS}/get-download-uri", **place)["artifact_uri"] == uri
    lies = {"name": "copies", "source": "models:/m/1", "run_id": "r2"}
    assert (
        "must match the referenced model version" in refused("POST", f"{VERSIONS}/create", lies)[2]
    )
    for source, code in (
        ("models:/m/9", MISSING),
        ("models:/none/1", MISSING),
        ("models:/copies/Staging", MISSING),
        ("models:/m@none", INVALID),
        ("models:/m/live", INVALID),
    ):
        assert refused("POST", f"{VERSIONS}/create", {"name": "m", "source": source})[1] == code


def test_a_repeated_request_makes_no_second_version(platform: MotoPlatform) -> None:
    register()
    path = f"/api/2.0/mlflow/{VERSIONS}/create"
    body = {"name": "m", "source": "s3://b/x"}

    def send(key: str) -> str:
        made = event("POST", path, body, {"x-trimtab-request-key": key})
        told = json.loads(lambda_handler(made, Context())["body"])
        return str(told["model_version"]["version"])

    assert [send("k1"), send("k2"), send("k1"), send("k2"), send("k3")] == ["1", "2", "1", "2", "3"]
    assert len(platform.runtime.registry.versions.of_model("m")) == 3


def test_a_repeated_registration_is_answered_what_it_made_and_anothers_is_refused(
    platform: MotoPlatform,
) -> None:
    def send(key: str | None) -> int:
        headers = {} if key is None else {"x-trimtab-request-key": key}
        made = event("POST", f"/api/2.0/mlflow/{MODELS}/create", {"name": "m"}, headers)
        return int(lambda_handler(made, Context())["statusCode"])

    assert [send("k1"), send("k1"), send("k2"), send(None)] == [200, 200, 400, 400]
    entries, _ = platform.runtime.audit.entries("m")
    assert len(entries) == 1


def test_what_is_so_already_is_not_told_again(platform: MotoPlatform) -> None:
    register(description="d", tags=[{"key": "k", "value": "v"}])
    add(description="d")
    place = {"name": "m", "version": "1"}
    stage(1, "Staging")
    entries, _ = platform.runtime.audit.entries("m")
    platform.clock.advance(hours=1)
    stage(1, "Staging", archive_existing_versions=True)
    ask("PATCH", f"{MODELS}/update", {"name": "m", "description": "d"})
    ask("PATCH", f"{VERSIONS}/update", {**place, "description": "d"})
    ask("POST", f"{MODELS}/set-tag", {"name": "m", "key": "k", "value": "v"})
    ask("DELETE", f"{VERSIONS}/delete-tag", {**place, "key": "k"})
    again, _ = platform.runtime.audit.entries("m")
    assert again == entries


ODD = [
    (f"{MODELS}/create", {"name": "o", "description": "x" * 50_001}, "'description' exceeds"),
    (f"{MODELS}/update", {"name": "m", "description": "x" * 50_001}, "'description' exceeds"),
    (
        f"{VERSIONS}/update",
        {"name": "m", "version": "1", "description": "x" * 50_001},
        "'description' exceeds",
    ),
    (
        f"{VERSIONS}/create",
        {"name": "m", "source": "s3://b/x", "run_id": "r" * 257},
        "'run_id' exceeds",
    ),
    (
        f"{VERSIONS}/create",
        {"name": "m", "source": "s3://b/x", "run_link": "r" * 2049},
        "'run_link' exceeds",
    ),
    (
        f"{VERSIONS}/create",
        {"name": "m", "source": "s3://b/x", "model_id": "m" * 3000},
        "not found",
    ),
    (f"{MODELS}/create", '{"name": "o", "description": "\\ud800"}', "half of a surrogate pair"),
    (f"{MODELS}/create", '{"name": "\\uDFFF"}', "half of a surrogate pair"),
    (f"{MODELS}/create", {"name": "x\u200b"}, "printable characters only"),
    (f"{MODELS}/set-tag", {"name": "m", "key": "k", "value": "x" * 100_001}, "'value' exceeds"),
    (f"{MODELS}/alias", {"name": "m", "alias": "a" * 3000, "version": "1"}, "exceeds the maximum"),
]


def test_texts_too_long_or_broken_are_refused_with_words(platform: MotoPlatform) -> None:
    register()
    add()
    for path, body, words in ODD:
        status, _, message = refused("PATCH" if path.endswith("update") else "POST", path, body)
        assert 400 <= status < 500, path
        assert words in message
    long = "x" * 3000
    for path, asked in (
        (f"{MODELS}/get", {"name": long}),
        (f"{MODELS}/alias", {"name": "m", "alias": long}),
    ):
        assert refused("GET", path, **asked)[0] == 400
    for query in (f"run_id = '{long}'", f"name = '{long}'", f"run_id IN ('{long}', 'r')"):
        assert ask("GET", f"{VERSIONS}/search", filter=query) == {"model_versions": []}
    message = refused("GET", f"{MODELS}/search", filter="x" * 10_000)[2]
    assert "it has 10,000 characters, and a filter may have 8,000 at most" in message
    assert register("o", description="\U0001f600 é")["description"] == "\U0001f600 é"


def test_a_long_text_is_kept_whole_and_told_short(platform: MotoPlatform) -> None:
    tags = [{"key": f"k{n}", "value": "x" * 90_000} for n in range(3)]
    register(tags=tags, description="d" * 50_000)
    assert {len(tag["value"]) for tag in model()["tags"]} == {90_000}
    entries, _ = platform.runtime.audit.entries("m")
    assert {len(text) for text in entries[0].after.values()} == {1001}
    fourth = {"name": "m", "key": "k4", "value": "x" * 90_000}
    assert "and may hold 300,000" in refused("POST", f"{MODELS}/set-tag", fourth)[2]


def test_a_stage_that_holds_too_many_is_not_cleared_at_once(platform: MotoPlatform) -> None:
    register()
    add(run_id="r1")
    staged = {str(n): "Production" for n in range(2, 51)}
    before = platform.table.read(keys.MODELS, "m")
    assert before is not None
    platform.table.commit(Replace(before, before.body | {"newest": 50, "staged": staged}))
    body = {"name": "m", "version": "1", "stage": "Production", "archive_existing_versions": True}
    platform.runtime.beliefs.forget(keys.MODELS, "m")
    status, code, message = refused("POST", f"{VERSIONS}/transition-stage", body)
    assert (status, code) == (409, "INVALID_STATE")
    assert "49 other versions of m are in Production, and 48 can be archived at once" in message


def test_an_alias_points_where_it_was_moved_last_and_every_move_is_kept(
    platform: MotoPlatform,
) -> None:
    register()
    add()
    add()
    point("best", 1)
    platform.clock.advance(hours=1)
    point("best", 2)
    point("best", 2)
    point("new", 2)
    found = ask("GET", f"{MODELS}/alias", name="m", alias="best")["model_version"]
    assert (found["version"], found["aliases"]) == ("2", ["best", "new"])
    assert model()["aliases"] == [
        {"alias": "best", "version": "2"},
        {"alias": "new", "version": "2"},
    ]
    assert version(2)["aliases"] == ["best", "new"]
    assert "aliases" not in version(1)
    for _ in range(2):
        ask("DELETE", f"{MODELS}/alias", {"name": "m", "alias": "best"})
    assert refused("GET", f"{MODELS}/alias", name="m", alias="best") == (
        400,
        INVALID,
        "Registered model alias best not found.",
    )
    point("best", 1)
    history, _ = platform.runtime.registry.pointing.history("m", "best")
    assert [(move.before, move.version) for move in history] == [
        (None, 1),
        (2, None),
        (1, 2),
        (None, 1),
    ]
    assert {move.actor for move in history} == {ME}
    assert (
        ask("GET", f"{MODELS}/alias", name="m", alias="latest")["model_version"]["version"] == "2"
    )


def test_a_reason_can_be_given_where_mlflow_has_none(platform: MotoPlatform) -> None:
    register()
    add()
    body = {"name": "m", "alias": "best", "version": "1"}
    path = f"/api/2.0/mlflow/{MODELS}/alias"
    made = event("POST", path, body, {"x-trimtab-reason": "won the comparison"})
    assert lambda_handler(made, Context())["statusCode"] == 200
    history, _ = platform.runtime.registry.pointing.history("m", "best")
    assert history[0].reason == "won the comparison"
    made = event("POST", path, body, {"x-trimtab-reason": "x" * 501})
    assert lambda_handler(made, Context())["statusCode"] == 400


def test_a_version_is_in_one_stage_and_can_send_the_others_to_the_archive(
    platform: MotoPlatform,
) -> None:
    register()
    for _ in range(4):
        add()
    stage(1, "production")
    stage(2, "Production")
    assert stage(3, "Production", archive_existing_versions=True)["current_stage"] == "Production"
    assert [version(n)["current_stage"] for n in range(1, 5)] == [
        "Archived",
        "Archived",
        "Production",
        "None",
    ]
    latest = {v["current_stage"]: v["version"] for v in model()["latest_versions"]}
    assert latest == {"Archived": "2", "Production": "3", "None": "4"}
    for method, asked in (("POST", {"stages": ["none", "Production"]}), ("GET", {})):
        body = {"name": "m", **asked}
        path = f"{MODELS}/get-latest-versions"
        told = ask(method, path, body) if method == "POST" else ask(method, path, **body)
        shown = [v["version"] for v in told["model_versions"]]
        assert shown == (["3", "4"] if asked else ["2", "3", "4"])
    stage(3, "None")
    assert ask(
        "POST", f"{MODELS}/get-latest-versions", {"name": "m", "stages": ["Production"]}
    ) == {"model_versions": []}


def test_a_deleted_version_is_gone_with_its_aliases_and_its_number_is_not_given_again(
    platform: MotoPlatform,
) -> None:
    register()
    add(run_id="r1")
    add(run_id="r1")
    point("best", 2)
    place = {"name": "m", "version": "2"}
    assert ask("DELETE", f"{VERSIONS}/delete", place) == {}
    gone = (404, MISSING, "Model Version (name=m, version=2) not found")
    assert refused("DELETE", f"{VERSIONS}/delete", place) == gone
    assert refused("GET", f"{VERSIONS}/get", **place) == gone
    assert refused("POST", f"{MODELS}/alias", {**place, "alias": "best"}) == gone
    assert refused("POST", f"{VERSIONS}/set-tag", {**place, "key": "k", "value": "v"}) == gone
    assert refused("POST", f"{VERSIONS}/transition-stage", {**place, "stage": "None"}) == gone
    assert refused("GET", f"{MODELS}/alias", name="m", alias="best")[1] == INVALID
    found = ask("GET", f"{VERSIONS}/search", filter="run_id = 'r1'")["model_versions"]
    assert [one["version"] for one in found] == ["1"]
    assert add()["version"] == "3"
    assert [one["version"] for one in model()["latest_versions"]] == ["3"]


def test_a_deleted_model_leaves_its_name_and_the_history_of_its_aliases(
    platform: MotoPlatform,
) -> None:
    register()
    add(run_id="r1")
    point("best", 1)
    ask("DELETE", f"{MODELS}/delete", {"name": "m"})
    gone = (404, MISSING, "Registered Model with name=m not found")
    assert refused("GET", f"{MODELS}/get", name="m") == gone
    assert refused("DELETE", f"{MODELS}/delete", {"name": "m"}) == gone
    assert refused("GET", f"{VERSIONS}/get", name="m", version="1")[1] == MISSING
    assert ask("GET", f"{VERSIONS}/search", filter="run_id = 'r1'") == {"model_versions": []}
    register()
    assert model() == {
        "name": "m",
        "creation_timestamp": MONDAY_MS,
        "last_updated_timestamp": MONDAY_MS,
    }
    assert add()["version"] == "1"
    point("best", 1)
    history, _ = platform.runtime.registry.pointing.history("m", "best")
    assert [move.version for move in history] == [1, None, 1]


def test_a_deletion_that_died_is_finished_by_who_takes_the_name(
    platform: MotoPlatform,
) -> None:
    register()
    for _ in range(3):
        add()

    class Died(Exception):
        pass

    def die() -> None:
        raise Died

    platform.before_next_commit(lambda: None)  # the transaction that says the model leaves
    platform.before_next_commit(die)  # the one that removes its versions
    status, told = call("DELETE", f"{MODELS}/delete", {"name": "m"})
    assert (status, told["error_code"]) == (500, "INTERNAL_ERROR")
    assert refused("GET", f"{MODELS}/get", name="m")[1] == MISSING
    assert "m" not in [one["name"] for one in ask("GET", f"{MODELS}/search")["registered_models"]]
    register()
    assert add()["version"] == "1"
    assert len(platform.runtime.registry.versions.of_model("m")) == 1


def test_a_model_of_many_versions_is_emptied_piece_by_piece(platform: MotoPlatform) -> None:
    register()
    add(run_id="r1")
    add_many(platform, 60)
    registry = platform.runtime.registry
    assert len(registry.versions.of_run("r1")) == 60
    empty(platform.table, "m")
    assert registry.versions.of_model("m") == []
    assert registry.versions.of_run("r1") == []


def test_a_renamed_model_takes_versions_runs_and_aliases_along(platform: MotoPlatform) -> None:
    register(description="d")
    add(run_id="r1")
    add()
    point("best", 1)
    stage(2, "Staging")
    told = ask("POST", f"{MODELS}/rename", {"name": "m", "new_name": "n"})["registered_model"]
    assert told == model("n")
    assert (told["name"], told["description"]) == ("n", "d")
    assert told["aliases"] == [{"alias": "best", "version": "1"}]
    assert [v["current_stage"] for v in told["latest_versions"]] == ["None", "Staging"]
    assert version(1, "n")["run_id"] == "r1"
    found = ask("GET", f"{VERSIONS}/search", filter="run_id = 'r1'")["model_versions"]
    assert [one["name"] for one in found] == ["n"]
    assert refused("GET", f"{MODELS}/get", name="m")[1] == MISSING
    history, _ = platform.runtime.registry.pointing.history("m", "best")
    assert [move.version for move in history] == [None, 1]
    assert add("n")["version"] == "3"
    register()
    assert refused("POST", f"{MODELS}/rename", {"name": "n", "new_name": "m"}) == (
        400,
        TAKEN,
        "Registered Model (name=m) already exists.",
    )


def test_what_is_said_of_a_version_while_its_model_is_renamed_is_not_lost(
    platform: MotoPlatform,
) -> None:
    register()
    add()
    tag = {"name": "m", "version": "1", "key": "k", "value": "v"}
    registry, hand = rival(platform)

    def set_tag() -> None:
        registry.versions.change(
            "m",
            1,
            lambda one: one.model_copy(update={"tags": {"k": "v"}}),
            lambda _before, _after: hand.entry("m", "VersionTagged", "version 1"),
        )

    platform.before_next_commit(set_tag)
    ask("POST", f"{MODELS}/rename", {"name": "m", "new_name": "n"})
    assert version(1, "n")["tags"] == [{"key": "k", "value": "v"}]
    assert refused("POST", f"{VERSIONS}/set-tag", tag)[1] == MISSING


def test_a_model_too_large_for_one_transaction_keeps_its_name(platform: MotoPlatform) -> None:
    register()
    add(run_id="r1")
    add_many(platform, 50)
    status, code, message = refused("POST", f"{MODELS}/rename", {"name": "m", "new_name": "n"})
    assert (status, code) == (409, "INVALID_STATE")
    assert "that takes 154 writes, and a transaction has 100" in message
    assert refused("GET", f"{MODELS}/get", name="n")[1] == MISSING


def test_models_are_found_by_filter_order_and_page(platform: MotoPlatform) -> None:
    for name, team in (("a1", "red"), ("a2", "blue"), ("b1", "red")):
        register(name, tags=[{"key": "team", "value": team}])
        platform.clock.advance(seconds=1)
    add("a1")
    register("p")
    tag = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    ask("POST", f"{MODELS}/set-tag", {"name": "p", **tag})

    def names(**query: Any) -> list[str]:
        told = ask("GET", f"{MODELS}/search", **query)
        return [one["name"] for one in told["registered_models"]]

    assert names() == ["a1", "a2", "b1", MODEL]
    assert names(filter="name LIKE 'a%'") == ["a1", "a2"]
    assert names(filter="tags.team = 'red'", order_by="timestamp DESC") == ["a1", "b1"]
    assert names(filter="name IN ('b1', 'a2')", order_by=["name DESC"]) == ["b1", "a2"]
    assert names(filter="tags.`mlflow.prompt.is_prompt` = 'true'") == ["p"]
    pages, token = [], ""
    for _ in range(4):
        told = ask("GET", f"{MODELS}/search", max_results=1, page_token=token)
        pages += [one["name"] for one in told["registered_models"]]
        token = told.get("next_page_token", "")
    assert pages == ["a1", "a2", "b1", MODEL]
    assert token == ""
    found = ask("GET", f"{MODELS}/search", filter="name = 'a1'")["registered_models"][0]
    assert [one["version"] for one in found["latest_versions"]] == ["1"]


def test_versions_are_found_by_model_run_number_and_tag(platform: MotoPlatform) -> None:
    register("a")
    register("b")
    add("a", "s3://b/1", run_id="r1", tags=[{"key": "k", "value": "v"}])
    platform.clock.advance(seconds=1)
    add("a", "s3://b/2", run_id="r2")
    platform.clock.advance(seconds=1)
    add("b", "s3://b/3", run_id="r1")

    def found(**query: Any) -> list[str]:
        told = ask("GET", f"{VERSIONS}/search", **query)
        return [one["name"] + one["version"] for one in told["model_versions"]]

    assert found() == ["b1", "a2", "a1"]
    assert found(filter="name = 'a'") == ["a2", "a1"]
    assert found(filter="name = 'a' AND name = 'b'") == []
    assert found(filter="name IN ('a', 'b') AND version_number < 2") == ["b1", "a1"]
    assert found(filter="run_id = 'r1'") == ["b1", "a1"]
    assert found(filter="run_id IN ('r1', 'r2') AND name != 'b'") == ["a2", "a1"]
    assert found(filter="run_id = ''") == []
    assert found(filter="tags.k = 'v'") == ["a1"]
    assert found(filter="source_path LIKE '%/3'") == ["b1"]
    assert found(filter="name = 'a'", order_by="version_number ASC") == ["a1", "a2"]
    assert found(filter="name = 'none'") == []
    pages, token = [], ""
    for _ in range(2):
        told = ask("GET", f"{VERSIONS}/search", max_results=2, page_token=token)
        pages += [one["name"] + one["version"] for one in told["model_versions"]]
        token = told.get("next_page_token", "")
    assert (pages, token) == (["b1", "a2", "a1"], "")


NOT_FOUND = (404, MISSING, "Registered Model with name=none not found")
NO_NAME = (400, INVALID, f"Missing value for required parameter 'name'.{SEE}")
NO_VERSION = (404, MISSING, "Model Version (name=m, version=9) not found")
REFUSALS: list[tuple[str, str, dict[str, Any], tuple[int, str, str]]] = [
    (
        "POST",
        f"{MODELS}/create",
        {"name": "m"},
        (400, TAKEN, "Registered Model (name=m) already exists."),
    ),
    (
        "POST",
        f"{MODELS}/create",
        {"name": MODEL},
        (400, TAKEN, f"Registered Model (name={MODEL}) already exists."),
    ),
    ("POST", f"{MODELS}/create", {}, NO_NAME),
    (
        "POST",
        f"{MODELS}/create",
        {"name": 5},
        (
            400,
            INVALID,
            f"Invalid value 5 for parameter 'name' supplied:  Hint: Value was of type 'int'.{SEE}",
        ),
    ),
    (
        "POST",
        f"{MODELS}/create",
        {"name": "a/b"},
        (400, INVALID, "Invalid model name 'a/b'. Names cannot contain '/' or ':'."),
    ),
    ("GET", f"{MODELS}/get", {"name": "none"}, NOT_FOUND),
    ("GET", f"{MODELS}/get", {}, NO_NAME),
    ("PATCH", f"{MODELS}/update", {"name": "none", "description": "d"}, NOT_FOUND),
    ("DELETE", f"{MODELS}/delete", {"name": "none"}, NOT_FOUND),
    ("POST", f"{MODELS}/rename", {"name": "none", "new_name": "n"}, NOT_FOUND),
    (
        "POST",
        f"{MODELS}/rename",
        {"name": "m", "new_name": " "},
        (400, INVALID, f"Missing value for required parameter 'new_name'.{SEE}"),
    ),
    (
        "POST",
        f"{MODELS}/rename",
        {"name": "m", "new_name": MODEL},
        (400, TAKEN, f"Registered Model (name={MODEL}) already exists."),
    ),
    ("POST", f"{MODELS}/set-tag", {"name": "none", "key": "k", "value": "v"}, NOT_FOUND),
    ("DELETE", f"{MODELS}/delete-tag", {"name": "none", "key": "k"}, NOT_FOUND),
    (
        "POST",
        f"{MODELS}/alias",
        {"name": "none", "alias": "a", "version": "1"},
        (404, MISSING, "Model Version (name=none, version=1) not found"),
    ),
    ("POST", f"{MODELS}/alias", {"name": "m", "alias": "a", "version": "9"}, NO_VERSION),
    (
        "POST",
        f"{MODELS}/alias",
        {"name": "m", "alias": "a", "version": "0"},
        (404, MISSING, "Model Version (name=m, version=0) not found"),
    ),
    (
        "POST",
        f"{MODELS}/alias",
        {"name": "m", "alias": "v1", "version": "1"},
        (400, INVALID, "Version alias name 'v1' is reserved."),
    ),
    ("DELETE", f"{MODELS}/alias", {"name": "none", "alias": "a"}, NOT_FOUND),
    ("GET", f"{MODELS}/alias", {"name": "none", "alias": "a"}, NOT_FOUND),
    (
        "GET",
        f"{MODELS}/alias",
        {"name": "m", "alias": "latest"},
        (404, MISSING, "Latest version not found for model m."),
    ),
    ("POST", f"{MODELS}/get-latest-versions", {"name": "none"}, NOT_FOUND),
    (
        "GET",
        f"{MODELS}/search",
        {"max_results": 1001},
        (
            400,
            INVALID,
            f"Invalid value \"1001\" for parameter 'max_results' supplied:  Hint: Value was of type 'str'.{SEE}",
        ),
    ),
    (
        "GET",
        f"{MODELS}/search",
        {"max_results": 0},
        (400, INVALID, "Invalid value for max_results. It must be a positive integer, but got 0"),
    ),
    (
        "GET",
        f"{MODELS}/search",
        {"filter": "name > 'a'"},
        (400, INVALID, "Invalid comparator for attribute: >"),
    ),
    (
        "GET",
        f"{MODELS}/search",
        {"order_by": "x"},
        (
            400,
            INVALID,
            "Invalid order by key 'x' specified. Valid keys are '{'name', 'timestamp'}'",
        ),
    ),
    (
        "GET",
        f"{MODELS}/search",
        {"page_token": "?"},
        (400, INVALID, "Invalid page token, could not base64-decode"),
    ),
    (
        "GET",
        f"{MODELS}/search",
        {"page_token": "eA=="},
        (400, INVALID, "Invalid page token, decoded value=b'x'"),
    ),
    (
        "GET",
        f"{MODELS}/search",
        {"page_token": "e30="},
        (400, INVALID, "Invalid page token, parsed value={}"),
    ),
    ("POST", f"{VERSIONS}/create", {"name": "none", "source": "s3://b/x"}, NOT_FOUND),
    (
        "POST",
        f"{VERSIONS}/create",
        {"name": "m"},
        (400, INVALID, f"Missing value for required parameter 'source'.{SEE}"),
    ),
    ("GET", f"{VERSIONS}/get", {"name": "m", "version": "9"}, NO_VERSION),
    (
        "GET",
        f"{VERSIONS}/get",
        {"name": "m", "version": "x"},
        (400, INVALID, "Parameter 'version' must be an integer, got 'x'."),
    ),
    (
        "GET",
        f"{VERSIONS}/get-download-uri",
        {"name": "m"},
        (400, INVALID, "Parameter 'version' must be an integer, got ''."),
    ),
    ("GET", f"{VERSIONS}/get-download-uri", {"name": "m", "version": "9"}, NO_VERSION),
    ("PATCH", f"{VERSIONS}/update", {"name": "m", "version": "9"}, NO_VERSION),
    ("DELETE", f"{VERSIONS}/delete", {"name": "m", "version": "9"}, NO_VERSION),
    ("DELETE", f"{VERSIONS}/delete-tag", {"name": "m", "version": "9", "key": "k"}, NO_VERSION),
    (
        "POST",
        f"{VERSIONS}/transition-stage",
        {"name": "m", "version": "9", "stage": "live"},
        (
            400,
            INVALID,
            "Invalid Model Version stage: live. Value must be one of None, Staging, Production, Archived.",
        ),
    ),
    (
        "POST",
        f"{VERSIONS}/transition-stage",
        {"name": "m", "version": "9", "stage": "None"},
        NO_VERSION,
    ),
    (
        "GET",
        f"{VERSIONS}/search",
        {"max_results": 200_001},
        (
            400,
            INVALID,
            f"Invalid value \"200001\" for parameter 'max_results' supplied:  Hint: Value was of type 'str'.{SEE}",
        ),
    ),
    (
        "GET",
        f"{VERSIONS}/search",
        {"max_results": -1},
        (400, INVALID, "Invalid value for max_results. It must be a positive integer, but got -1"),
    ),
]


def test_what_cannot_be_is_refused_with_mlflows_codes_and_words(platform: MotoPlatform) -> None:
    register()
    for method, path, asked, expected in REFUSALS:
        told = refused(method, path, **asked) if method == "GET" else refused(method, path, asked)
        assert told == expected, (method, path, asked)


def test_a_prompt_is_refused_before_anything_is_kept_of_it(platform: MotoPlatform) -> None:
    tags = [{"key": "mlflow.prompt.is_prompt", "value": "True"}]
    refusal = (404, "ENDPOINT_NOT_FOUND", "Prompts are not kept in this deployment.")
    assert refused("POST", f"{MODELS}/create", {"name": "p", "tags": tags}) == refusal
    body = {"name": "p", "source": "dummy-source", "tags": tags}
    assert refused("POST", f"{VERSIONS}/create", body) == refusal
    assert refused("GET", f"{MODELS}/get", name="p")[1] == MISSING


DEPLOYED = f"{MODEL} is deployed here"


def test_a_deployed_model_takes_versions_and_released_aliases_from_nobody_by_hand(
    platform: MotoPlatform,
) -> None:
    for method, path, asked, because in (
        (
            "POST",
            f"{VERSIONS}/create",
            {"source": "s3://b/x"},
            "its versions come from its pipeline",
        ),
        ("DELETE", f"{VERSIONS}/delete", {"version": "1"}, "its versions come from its pipeline"),
        (
            "POST",
            f"{MODELS}/alias",
            {"alias": "champion", "version": "1"},
            "moves only by releases",
        ),
        ("DELETE", f"{MODELS}/alias", {"alias": "previous"}, "moves only by releases"),
        ("DELETE", f"{MODELS}/delete", {}, "it cannot be deleted"),
        ("POST", f"{MODELS}/rename", {"new_name": "n"}, "it cannot be renamed"),
    ):
        status, code, message = refused(method, path, {"name": MODEL, **asked})
        assert (status, code) == (409, "INVALID_STATE")
        assert message.startswith(DEPLOYED)
        assert because in message


def test_a_version_that_another_writer_made_meanwhile_is_counted(platform: MotoPlatform) -> None:
    register()
    add()
    registry, hand = rival(platform)
    first = registry.versions.get("m", 1)

    def theirs(number: int) -> ModelVersion:
        return first.model_copy(update={"version": number, "source": "s3://b/rival"})

    platform.before_next_commit(lambda: registry.versions.add("m", theirs, hand, None))
    assert add(source="s3://b/mine")["version"] == "3"
    assert version(2)["source"] == "s3://b/rival"
    platform.before_next_commit(lambda: registry.pointing.point("m", "best", 1, hand))
    point("best", 2)
    history, _ = platform.runtime.registry.pointing.history("m", "best")
    assert [(move.before, move.version) for move in history] == [(1, 2), (None, 1)]


def test_a_version_made_of_a_logged_model_has_its_files_and_its_run(
    platform: MotoPlatform,
) -> None:
    register()
    asked = {"experiment_id": "0", "name": "net", "source_run_id": "a" * 32}
    info = ask("POST", "logged-models", asked)["model"]["info"]
    model_id, uri = info["model_id"], info["artifact_uri"]
    made = add(source=f"models:/{model_id}", model_id=model_id)
    assert (made["run_id"], made["model_id"]) == ("a" * 32, model_id)
    place = {"name": "m", "version": "1"}
    assert ask("GET", f"{VERSIONS}/get-download-uri", **place) == {"artifact_uri": uri}
    add(source=uri, model_id=model_id)
    place["version"] = "2"
    assert ask("GET", f"{VERSIONS}/get-download-uri", **place) == {"artifact_uri": uri}
    body = {"name": "m", "source": "s3://b/x", "model_id": "m-0"}
    assert refused("POST", f"{VERSIONS}/create", body)[1] == MISSING


def test_a_deployed_model_is_read_like_any_other_and_takes_tags_and_free_aliases(
    platform: MotoPlatform,
) -> None:
    assert model(MODEL) == {
        "name": MODEL,
        "creation_timestamp": MONDAY_MS,
        "last_updated_timestamp": MONDAY_MS,
    }
    registered(platform, 2)
    promote(platform, 1)
    assert version(1, MODEL)["aliases"] == ["champion"]
    ask("POST", f"{MODELS}/set-tag", {"name": MODEL, "key": "team", "value": "red"})
    point("best", 2, MODEL)
    told = model(MODEL)
    assert told["aliases"] == [
        {"alias": "best", "version": "2"},
        {"alias": "champion", "version": "1"},
    ]
    assert [one["version"] for one in told["latest_versions"]] == ["2"]
    assert told["tags"] == [{"key": "team", "value": "red"}]
    found = ask("GET", f"{MODELS}/alias", name=MODEL, alias="champion")["model_version"]
    assert (found["version"], found["source"]) == ("1", "s3://models/model.tar.gz")
    place = {"name": MODEL, "version": "1"}
    uri = ask("GET", f"{VERSIONS}/get-download-uri", **place)["artifact_uri"]
    assert uri == "s3://models/model.tar.gz"
    ask("POST", f"{VERSIONS}/set-tag", {**place, "key": "k", "value": "v"})
    search = ask("GET", f"{VERSIONS}/search", filter=f"name = '{MODEL}' AND tags.k = 'v'")
    assert [one["version"] for one in search["model_versions"]] == ["1"]
    body = {"name": MODEL, "alias": "best", "version": "9"}
    assert refused("POST", f"{MODELS}/alias", body)[1] == MISSING
    nothing = {"name": MODEL, "version": "0"}
    assert refused("GET", f"{VERSIONS}/get", **nothing)[1] == MISSING


def test_a_deployed_model_that_two_ask_for_at_once_is_registered_once(
    platform: MotoPlatform,
) -> None:
    platform.before_next_commit(lambda: ask("GET", f"{MODELS}/search"))
    ask("POST", f"{MODELS}/set-tag", {"name": MODEL, "key": "k", "value": "v"})
    assert model(MODEL)["tags"] == [{"key": "k", "value": "v"}]


def test_long_lists_of_models_and_versions_are_read_to_their_end(platform: MotoPlatform) -> None:
    register()
    add(run_id="r1")
    add_many(platform, 6)
    for number in range(1, 7):  # a page of DynamoDB is a megabyte
        record = platform.table.read(keys.model("m"), keys.version(number))
        noise = {f"k{n}": secrets.token_urlsafe(90_000)[:90_000] for n in range(3)}
        assert record is not None
        platform.table.commit(Replace(record, record.body | {"tags": noise}))
    assert len(platform.runtime.registry.versions.of_model("m")) == 6
    for n in range(6):
        tags = [{"key": f"k{i}", "value": secrets.token_urlsafe(90_000)[:90_000]} for i in range(3)]
        register(f"large-{n}", tags=tags)
    names = [one["name"] for one in ask("GET", f"{MODELS}/search")["registered_models"]]
    assert names == [MODEL, *(f"large-{n}" for n in range(6)), "m"]
