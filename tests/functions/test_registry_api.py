"""registry_api: tells all that is known of a model, page by page, and takes people's approvals."""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from functions.record_training.handler import lambda_handler as record_training
from functions.registry_api.handler import lambda_handler
from functions.request_training.handler import lambda_handler as request_training
from tests.moto_platform import GROUP, MODEL, Context, MotoPlatform
from trimtab.aws import keys
from trimtab.aws.aliases import Aliases, move_write
from trimtab.aws.audit import entry_write
from trimtab.aws.packages import Packages
from trimtab.aws.routes import route_write
from trimtab.aws.versions import Versions
from trimtab.domain.aliases import Alias, AliasMove
from trimtab.domain.audit import AuditEntry
from trimtab.domain.routing import Route

ROOT = Path(__file__).parents[2]
EVENT = ROOT / "tests/events/http_get_models.json"
BASE = f"/v1/models/{MODEL}"
PERSON = "arn:aws:iam::111122223333:user/example-user"
TOO_LONG = urlsafe_b64encode(b"VERSION#" + b"1" * 2000).decode()  # more than a sort key can be
LISTS = ("versions", "datasets", "quarantine", "training", "rollouts", "audit")


def call(method: str, path: str, body: Any = None, **query: str) -> tuple[int, dict[str, Any]]:
    """Call the API as API Gateway does; return status and parsed body."""
    event = json.loads(EVENT.read_text())
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["rawPath"] = path
    if query:
        event["queryStringParameters"] = query
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["headers"]["content-type"] = "application/json"
    answer = lambda_handler(event, Context())
    kind = "application/problem+json" if answer["statusCode"] >= 400 else "application/json"
    assert answer["headers"]["Content-Type"] == kind
    return answer["statusCode"], json.loads(answer["body"])


def get(path: str, **query: str) -> dict[str, Any]:
    """Return what a GET answers, which must be a success."""
    status, body = call("GET", path, **query)
    assert status == 200, body
    return body


def registered(platform: MotoPlatform, count: int = 1) -> list[str]:
    """Register packages that wait for approval, since no gate has passed them; return their ARNs."""
    arns = [platform.package(request_id="r", dataset_version="1") for _ in range(count)]
    for arn in arns:
        tell(arn)
    return arns


def tell(arn: str, approval: str = "PendingManualApproval") -> None:
    """Let SageMaker's event reach record_training."""
    detail = {
        "ModelPackageArn": arn,
        "ModelPackageGroupName": GROUP,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": approval,
    }
    event = {"detail-type": "SageMaker Model Package State Change", "detail": detail}
    record_training(event, Context())


def promote(platform: MotoPlatform, version: int) -> None:
    """Make a version the champion that all requests go to."""
    standing = Aliases(platform.table).standing(MODEL, Alias.champion)
    move = AliasMove(
        version=version, before=None, actor="start_rollout", reason="up", at=platform.clock.now()
    )
    route = Route.to(version, f"trimtab-dev-{MODEL}-v{version}")
    platform.table.commit(move_write(MODEL, standing, move), route_write(MODEL, None, route))


def test_a_model_of_which_nothing_is_known_yet_is_told_with_nothings(platform):
    assert get(BASE) == {
        "name": MODEL,
        "owner": "airport team",
        "problem": "binary",
        "champion": None,
        "challenger": None,
        "previous": None,
        "route": None,
        "training": None,
        "latest_version": None,
        "latest_dataset_version": None,
    }


def test_a_model_is_told_with_what_serves_what_trains_and_what_is_newest(platform):
    request_training(platform.dataset(1), Context())
    request_training(platform.dataset(2), Context())
    registered(platform, 2)
    promote(platform, 1)
    told = get(BASE)
    assert told["champion"]["version"] == 1
    assert told["champion"]["endpoint_name"] == "trimtab-dev-flight-delays-v1"
    assert told["champion"]["since"].startswith("2026-11-09T08:00:00")
    assert told["route"]["targets"] == [
        {"version": 1, "weight": 100, "endpoint_name": "trimtab-dev-flight-delays-v1"}
    ]
    assert (told["latest_version"], told["latest_dataset_version"]) == (2, 2)
    assert told["training"]["phase"] == "running"
    assert told["training"]["execution_arn"] == platform.pipelines.started[0]
    assert [one["cause"]["key"] for one in told["training"]["waiting"]] == ["dataset-2"]


def test_the_list_of_models_tells_each_as_its_own_page_does(platform):
    assert get("/v1/models") == {"items": [get(BASE)], "next_page_token": None}


def test_the_list_of_models_has_pages(platform):
    specs = {name: {**platform.spec, "name": name} for name in ("a-model", "b-model", "c-model")}
    platform.put_json("models.json", specs)
    names, token = [], ""
    while token is not None:
        told = get("/v1/models", limit="1", page_token=token)
        names += [model["name"] for model in told["items"]]
        token = told["next_page_token"]
    assert names == ["a-model", "b-model", "c-model"]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_nothing_is_empty_and_has_no_next_page(platform, name):
    assert get(f"{BASE}/{name}") == {"items": [], "next_page_token": None}


def test_a_list_is_told_newest_first_in_pages_without_gap_or_repetition(platform):
    for version in range(1, 6):
        platform.dataset(version)
    seen, token, pages = [], "", 0
    while token is not None:
        told = get(f"{BASE}/datasets", limit="2", page_token=token)
        assert len(told["items"]) <= 2
        seen += [dataset["version"] for dataset in told["items"]]
        token, pages = told["next_page_token"], pages + 1
    assert seen == [5, 4, 3, 2, 1]
    assert pages == 3


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "", "٣", "9" * 5000])
def test_a_limit_that_is_none_is_refused(platform, limit):
    status, told = call("GET", f"{BASE}/versions", limit=limit)
    assert (status, told["errors"][0]["field"]) == (400, "limit")
    assert told["errors"][0]["expected"] == "a whole number from 1 to 100"


@pytest.mark.parametrize(
    "token", ["x", "!!!!", "ü", "REFUQVNFVCMx", "/////w==", "QUFB" * 1000, "VkVSU0lPTg==", TOO_LONG]
)
def test_a_page_token_of_nothing_or_of_another_list_is_refused(platform, token):
    status, told = call("GET", f"{BASE}/versions", page_token=token)
    assert (status, told["code"]) == (400, "INVALID_INPUT")
    assert told["hint"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/churn",
        *(f"/v1/models/churn/{name}" for name in LISTS),
        "/v1/models/churn/versions/1",
        "/v1/models/churn/datasets/1",
        "/v1/models/Flight%20Delays",
    ],
)
def test_an_unknown_model_is_refused_with_the_models_there_are(platform, path):
    status, told = call("GET", path)
    assert (status, told["code"]) == (404, "NOT_FOUND")
    assert told["hint"] == "this deployment knows: flight-delays"


@pytest.mark.parametrize("name", ["_none", "flight-delay", "Flüge und + mehr"])
def test_what_was_kept_under_the_name_of_no_model_can_be_looked_up(platform, name):
    """A file for a misspelt model is quarantined under that name; its trail must be readable."""
    at = platform.clock.now()
    entry = AuditEntry(
        id="1", model=name, at=at, actor="ann", action="DatasetQuarantined", subject="x", reason="y"
    )
    platform.table.commit(entry_write(entry))
    [told] = get(f"/v1/models/{name}/audit")["items"]
    assert told["reason"] == "y"
    assert call("GET", f"/v1/models/{name}/quarantine")[0] == 404


@pytest.mark.parametrize("thing", ["versions", "datasets"])
@pytest.mark.parametrize("number", ["1", "0", "-1", "one", "1e3", "9" * 30])
def test_an_unknown_version_is_refused_with_a_way_on(platform, thing, number):
    status, told = call("GET", f"{BASE}/{thing}/{number}")
    assert (status, told["code"]) == (404, "NOT_FOUND")
    assert told["hint"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", BASE), ("PUT", f"{BASE}/versions"), ("GET", f"{BASE}/nothing"), ("GET", "/")],
)
def test_an_unknown_route_or_method_is_a_problem_too(platform, method, path):
    assert call(method, path)[0] == 404


def test_a_models_contract_is_told_in_three_forms(platform):
    told = get(f"{BASE}/contract")
    assert told["contract"]["columns"]
    assert len(told["digest"]) == 12
    features = [one["name"] for one in json.loads(told["mlflow"]["inputs"])]
    assert features == list(told["json_schema"]["properties"]) == told["json_schema"]["required"]
    assert call("GET", "/v1/models/none/contract")[0] == 404


def test_one_version_and_one_dataset_are_told_in_full(platform):
    platform.dataset(1)
    registered(platform)
    assert get(f"{BASE}/versions/1")["status"] == "pending_approval"
    assert get(f"{BASE}/datasets/1")["batch"]["rows"] == 1000
    assert get(f"{BASE}/versions")["items"] == [get(f"{BASE}/versions/1")]


def test_training_and_audit_tell_why(platform):
    request_training(platform.dataset(1), Context())
    [request] = get(f"{BASE}/training")["items"]
    assert request["cause"] == "new_data"
    assert request["reason"] == "the first training, on all 1,000 rows of dataset 1"
    [entry] = get(f"{BASE}/audit")["items"]
    assert (entry["action"], entry["reason"]) == ("TrainingRequested", request["reason"])


def test_the_trail_of_all_models_is_searched_by_who_what_and_when(platform):
    request_training(platform.dataset(1), Context())
    registered(platform)
    platform.clock.advance(days=1)
    request_training(platform.dataset(2), Context())
    whole = get("/v1/audit")["items"]
    assert [entry["at"] for entry in whole] == sorted((e["at"] for e in whole), reverse=True)
    assert get("/v1/audit", model=MODEL)["items"] == get(f"{BASE}/audit")["items"] == whole
    by = get("/v1/audit", actor="record_training", fields="action,subject")["items"]
    assert by == [{"action": "VersionRegistered", "subject": "version 1"}]
    of_day = get("/v1/audit", **{"from": "2026-11-09", "to": "2026-11-10T07:59:59Z"})["items"]
    assert whole[-len(of_day) :] == of_day
    assert len(of_day) == len(whole) - 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "0001-01-01T00:00:00+14:00"}, "to"),
        ({"from": "12345678901234567890"}, "from"),
        ({"actor": ""}, "actor"),
        ({"subject": "x" * 501}, "subject"),
        ({"model": "x" * 10_000}, "model"),
        ({"since": "2026-11-09"}, "since"),
        ({"fields": "at,colour"}, "fields"),
        ({"fields": ""}, "fields"),
    ],
)
def test_a_search_for_nothing_there_could_be_is_refused_by_name(platform, query, field):
    status, told = call("GET", "/v1/audit", **query)
    assert (status, told["errors"][0]["field"]) == (400, field)
    assert told["errors"][0]["expected"]


def test_an_answer_is_cut_down_to_the_fields_that_are_asked_for(platform):
    platform.dataset(1)
    assert get(BASE, fields="name, owner") == {"name": MODEL, "owner": "airport team"}
    assert get(f"{BASE}/datasets", fields="version")["items"] == [{"version": 1}]
    assert get(f"{BASE}/datasets/1", fields="rows,version") == {"version": 1, "rows": 1000}
    status, told = call("GET", f"{BASE}/versions", fields="version,color")
    assert (status, told["errors"][0]["message"]) == (400, "'color' is not a field of this answer")
    assert told["errors"][0]["expected"].startswith("only version, model_package_arn")


def test_the_api_describes_itself(platform):
    told = get("/v1/openapi.json")
    assert told["openapi"] == "3.1.0"
    assert "/v1/models/{model}/invocations" in told["paths"]


def test_a_name_longer_than_any_key_is_no_model(platform):
    for name in LISTS:
        assert call("GET", f"/v1/models/{'x' * 3000}/{name}")[0] == 404


def test_an_approval_goes_to_sagemakers_registry_and_comes_back_as_its_event(platform):
    [arn] = registered(platform)
    status, told = call("POST", f"{BASE}/versions/1/approve", {"reason": "looks\n good"})
    assert status == 202
    assert told == {
        "model": MODEL,
        "version": 1,
        "status": "pending_approval",
        "asked": "approved",
        "actor": PERSON,
        "reason": "looks\n good",
        "expires_at": None,
    }
    assert get(f"{BASE}/versions/1")["status"] == "pending_approval"
    described = platform.runtime.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == f"looks good (by {PERSON})"
    tell(arn, "Approved")
    kept = get(f"{BASE}/versions/1")
    assert (kept["status"], kept["approved_by"]) == ("approved", PERSON)
    [entry] = platform.audited("VersionApproved")
    assert (entry["actor"], entry["reason"]) == (PERSON, "looks good")


def test_a_rejection_goes_the_same_way(platform):
    [arn] = registered(platform)
    assert call("POST", f"{BASE}/versions/1/reject", {"reason": "slice"})[0] == 202
    tell(arn, "Rejected")
    kept = get(f"{BASE}/versions/1")
    assert (kept["status"], kept["decided_by"], kept["reason"]) == ("rejected", PERSON, "slice")


def test_a_rejected_version_is_never_approved(platform):
    [arn] = registered(platform)
    call("POST", f"{BASE}/versions/1/reject", {"reason": "wrong slice"})
    status, told = call("POST", f"{BASE}/versions/1/approve", {"reason": "after all"})
    assert (status, told["code"]) == (409, "CONFLICT")
    tell(arn, "Rejected")
    status, told = call("POST", f"{BASE}/versions/1/approve", {"reason": "after all"})
    assert status == 409
    assert told["detail"] == f"version 1 is rejected by {PERSON}: wrong slice"


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_blocked_version_stays_as_it_is(platform, verb):
    [arn] = registered(platform)
    record = Versions(platform.table).read(MODEL, 1)
    assert record is not None
    platform.table.commit(
        Versions.block_write(record, "ann", "wrong answers", platform.clock.now())
    )
    status, told = call("POST", f"{BASE}/versions/1/{verb}", {"reason": "why not"})
    assert (status, told["detail"]) == (409, "version 1 is blocked by ann: wrong answers")
    assert Packages(platform.runtime.sagemaker).get(arn).approval == "PendingManualApproval"


def test_the_champion_is_not_rejected_but_rolled_back(platform):
    registered(platform)
    promote(platform, 1)
    status, told = call("POST", f"{BASE}/versions/1/reject", {"reason": "bad"})
    assert (status, told["detail"]) == (409, "version 1 is the champion")
    assert f"POST {BASE}/rollback" in told["hint"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "reason"), ({"reason": ""}, "reason"), ({"reason": "x", "force": True}, "force")],
)
def test_an_approval_without_a_reason_is_refused(platform, body, field):
    registered(platform)
    status, told = call("POST", f"{BASE}/versions/1/approve", body)
    assert (status, told["errors"][0]["field"]) == (400, field)


def test_an_approval_of_an_unknown_version_is_refused(platform):
    assert call("POST", f"{BASE}/versions/7/approve", {"reason": "x"})[0] == 404


def test_every_sort_key_of_a_list_is_its_own(platform):
    prefixes = [keys.VERSION, keys.DATASET, keys.REQUEST, keys.ROLLOUT, keys.AUDIT]
    assert not [a for a in prefixes for b in prefixes if a != b and a.startswith(b)]


@pytest.mark.parametrize("name", ["registry_api", "request_training", "record_training"])
def test_a_cold_start_imports_no_data_engine_and_no_tracer_and_makes_no_client(name):
    code = (
        f"import sys, functions.{name}.handler\n"
        "heavy = {'numpy', 'arro3', 'pandas', 'pyarrow', 'aws_xray_sdk', 'boto3', 'yaml', 'click'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
