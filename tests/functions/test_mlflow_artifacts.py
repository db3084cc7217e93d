"""Files of clients without rights in S3: through the API if they are small, else by addresses that it signs."""

import json
import re
from base64 import b64encode
from itertools import product
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest

from functions.registry_api.handler import lambda_handler
from functions.registry_api.mlflow.server import VERSION
from functions.registry_api.mlflow.tokens import token_of
from tests.functions.mlflow_wire import ask, event, refused
from tests.moto_platform import ENVIRONMENT, Context

ROOT = "/api/2.0/mlflow-artifacts"
BUCKET = ENVIRONMENT["TRIMTAB_BUCKET"]
LOCK = Path(__file__).parents[2] / "requirements/mlflow.txt"


def send(method, path, body=b"", kind="application/octet-stream"):
    """Send bytes as API Gateway hands them on; return the answer."""
    made = event(method, f"{ROOT}/{path}", headers={"content-type": kind})
    if body:
        made["body"], made["isBase64Encoded"] = b64encode(body).decode(), True
    return lambda_handler(made, Context())


def put(path, body=b"x"):
    answer = send("PUT", f"artifacts/{path}", body)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {})


def listed(path=None):
    query = {} if path is None else {"path": path}
    return ask("GET", f"{ROOT}/artifacts", **query).get("files")


def kept(platform):
    """Return all keys under artifacts/."""
    answer = platform.runtime.s3.list_objects_v2(Bucket=BUCKET, Prefix="artifacts/")
    return [each["Key"] for each in answer.get("Contents", [])]


def test_a_file_is_kept_as_it_was_sent(platform):
    put("1/run/artifacts/plot.png", b"\x00\xff\x10")
    key = "artifacts/mlflow/1/run/artifacts/plot.png"
    found = platform.runtime.s3.get_object(Bucket=BUCKET, Key=key)
    assert found["Body"].read() == b"\x00\xff\x10"


def test_an_empty_file_is_a_file(platform):
    put("1/empty", b"")
    assert listed("1") == [{"path": "empty", "is_dir": False, "file_size": 0}]


def test_files_and_folders_are_listed_by_their_names(platform):
    for path in ("1/a/x.txt", "1/a/y/z.txt", "1/b.txt", "2/c.txt"):
        put(path)
    assert listed("1/a") == [
        {"path": "x.txt", "is_dir": False, "file_size": 1},
        {"path": "y", "is_dir": True},
    ]
    assert [each["path"] for each in listed("1")] == ["a", "b.txt"]
    assert [each["path"] for each in listed()] == ["1", "2"]
    assert listed("3") == []


def test_a_folder_of_more_files_than_s3_lists_at_once_is_listed_whole(platform):
    for number in range(1003):
        key = f"artifacts/mlflow/many/{number:04d}" + ("/deep" if number % 2 else "")
        platform.runtime.s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    found = listed("many")
    assert [each["path"] for each in found] == [f"{number:04d}" for number in range(1003)]
    assert [each["is_dir"] for each in found[:2]] == [False, True]


def test_a_download_is_sent_to_an_address_that_s3_answers(platform):
    put("1/über a.txt")
    answer = send("GET", "artifacts/1/über a.txt")
    assert answer["statusCode"] == 302
    address = urlparse(answer["headers"]["location"])
    assert address.path.endswith("/artifacts/mlflow/1/%C3%BCber%20a.txt")
    signed = parse_qs(address.query)
    assert signed["X-Amz-Expires"] == ["300"]
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    name = "attachment; filename*=UTF-8''%C3%BCber%20a.txt"
    assert signed["response-content-disposition"] == [name]


def test_the_address_and_size_of_a_file_are_told(platform):
    put("1/model.pkl", b"12345")
    told = ask("GET", f"{ROOT}/presigned/1/model.pkl")
    assert (told["file_size"], told["headers"]) == (5, {})
    assert urlparse(told["url"]).path.endswith("/artifacts/mlflow/1/model.pkl")


@pytest.mark.parametrize("path", ["artifacts/1/model", "presigned/1/model", "presigned/1"])
def test_what_is_not_there_is_not_found(platform, path):
    put("1/model.pkl")
    status, code, message = refused("GET", f"{ROOT}/{path}")
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert message == f"there is no artifact at {path.partition('/')[2]}"


def test_a_file_or_a_folder_is_removed_and_nothing_beside_it(platform):
    for path in ("1/a", "1/a/b", "1/a/c/d", "1/ab", "1/a-b"):
        put(path)
    assert ask("DELETE", f"{ROOT}/artifacts/1/a") == {}
    assert kept(platform) == ["artifacts/mlflow/1/a-b", "artifacts/mlflow/1/ab"]
    assert ask("DELETE", f"{ROOT}/artifacts/1/a") == {}


def test_a_removal_takes_more_files_than_s3_lists_at_once(platform):
    for number in range(1002):
        platform.runtime.s3.put_object(Bucket=BUCKET, Key=f"artifacts/mlflow/1/{number}", Body=b"")
    ask("DELETE", f"{ROOT}/artifacts/1")
    assert kept(platform) == []


def test_a_large_file_is_put_together_from_parts(platform):
    told = ask("POST", f"{ROOT}/mpu/create/1/run", {"path": "/home/me/big.bin", "num_parts": 2})
    assert [each["part_number"] for each in told["credentials"]] == [1, 2]
    address = urlparse(told["credentials"][1]["url"])
    assert address.path.endswith("/artifacts/mlflow/1/run/big.bin")
    assert parse_qs(address.query)["partNumber"] == ["2"]
    where = {"Bucket": BUCKET, "Key": "artifacts/mlflow/1/run/big.bin"}
    upload = {**where, "UploadId": told["upload_id"]}
    bodies = [b"a" * 5 * 1024 * 1024, b"b"]
    etags = [
        platform.runtime.s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]
        for number, body in enumerate(bodies, 1)
    ]
    parts = [{"part_number": number, "etag": etag} for number, etag in enumerate(etags, 1)]
    body = {"path": "/home/me/big.bin", "upload_id": told["upload_id"], "parts": parts}
    assert ask("POST", f"{ROOT}/mpu/complete/1/run", body) == {}
    assert platform.runtime.s3.get_object(**where)["Body"].read() == b"".join(bodies)


def test_an_empty_file_in_parts_is_an_empty_file(platform):
    """MLflow's client has no part for a file of no bytes, and S3 makes no file of no parts."""
    told = ask("POST", f"{ROOT}/mpu/create/1", {"path": "empty", "num_parts": 0})
    assert told["credentials"] == []
    body = {"path": "empty", "upload_id": told["upload_id"], "parts": []}
    assert ask("POST", f"{ROOT}/mpu/complete/1", body) == {}
    assert listed("1") == [{"path": "empty", "is_dir": False, "file_size": 0}]


def test_an_upload_that_was_given_up_leaves_nothing(platform):
    told = ask("POST", f"{ROOT}/mpu/create/1", {"path": "f", "num_parts": 1})
    body = {"path": "f", "upload_id": told["upload_id"]}
    assert ask("POST", f"{ROOT}/mpu/abort/1", body) == {}
    assert "Uploads" not in platform.runtime.s3.list_multipart_uploads(Bucket=BUCKET)
    status, code, message = refused("POST", f"{ROOT}/mpu/abort/1", body)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "NoSuchUpload" in message


UPLOADS = {
    "no name": ("create", {}, "Missing value for required parameter 'path'."),
    "a name that is a way up": ("create", {"path": "a/.."}, 'Invalid value ".." for parameter'),
    "a name that is a folder": ("create", {"path": "a/"}, 'Invalid value "" for parameter'),
    "too many parts": ("create", {"path": "f", "num_parts": 10_001}, "num_parts must be from 1 to"),
    "parts that are no number": ("create", {"path": "f", "num_parts": "x"}, "Invalid value"),
    "no parts": ("complete", {"path": "f", "upload_id": "u"}, "Missing value for required"),
    "a part without a tag": (
        "complete",
        {"path": "f", "upload_id": "u", "parts": [{"part_number": 1}]},
        "Missing value for required parameter 'etag'",
    ),
}


def test_an_upload_in_parts_is_refused_in_words(platform):
    for case, (verb, body, begins) in UPLOADS.items():
        status, code, message = refused("POST", f"{ROOT}/mpu/{verb}/1", body)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE"), case
        assert message.startswith(begins), case


def test_parts_that_were_not_uploaded_make_no_file(platform):
    told = ask("POST", f"{ROOT}/mpu/create/1", {"path": "f", "num_parts": 1})
    parts = [{"part_number": 1, "etag": "e"}]
    body = {"path": "f", "upload_id": told["upload_id"], "parts": parts}
    status, code, message = refused("POST", f"{ROOT}/mpu/complete/1", body)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message.startswith("S3 refuses the upload: InvalidPart")


AWAY = ["../x", "a/../../x", "/etc/passwd", "%2e%2e/x", "%252e%252e/x", "C:/x", "file:///x", "a#b"]


def test_no_path_leads_out_of_the_root(platform):
    platform.put_json("x", {})
    for path, method in product(AWAY, ("GET", "PUT", "DELETE")):
        answer = send(method, f"artifacts/{path}", b"mine" if method == "PUT" else b"")
        assert answer["statusCode"] == 400, (method, path)
        told = json.loads(answer["body"])
        assert told["error_code"] == "INVALID_PARAMETER_VALUE"
        assert told["message"].startswith("Invalid path")
    for path in AWAY:
        assert refused("GET", f"{ROOT}/artifacts", path=path)[1] == "INVALID_PARAMETER_VALUE"
    assert kept(platform) == []


def test_odd_names_are_kept_as_they_are_meant(platform):
    for name in ("a b+c&d=e?.txt", "日本.txt", "'quoted'", "100%.txt", "\U0001f6f0.bin"):
        put(f"odd/{name.replace('%', '%25')}")
    assert sorted(each["path"] for each in listed("odd")) == sorted(
        ["a b+c&d=e?.txt", "日本.txt", "'quoted'", "100%.txt", "\U0001f6f0.bin"]
    )


def test_a_name_that_s3_could_not_keep_is_refused_in_words(platform):
    answer = send("PUT", f"artifacts/{'x' * 1100}", b"y")
    assert answer["statusCode"] == 400
    assert "S3 takes 1,024 at most" in json.loads(answer["body"])["message"]


def run_in(experiment_id="0"):
    """Begin a run; return its id and where its files are."""
    info = ask("POST", "runs/create", {"experiment_id": experiment_id})["run"]["info"]
    return info["run_id"], info["artifact_uri"]


def test_a_runs_files_are_listed_page_by_page(platform):
    run_id, uri = run_in()
    root = uri.removeprefix(f"s3://{BUCKET}/")
    for number in range(1002):
        key = f"{root}/model/{number:04d}" + ("/deep" if number == 999 else "")
        platform.runtime.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert ask("GET", "artifacts/list", run_id=run_id) == {
        "root_uri": uri,
        "files": [{"path": "model", "is_dir": True}],
    }
    first = ask("GET", "artifacts/list", run_id=run_id, path="model")
    assert [each["path"] for each in first["files"]][998:] == ["model/0998", "model/0999"]
    token = first["next_page_token"]
    rest = ask("GET", "artifacts/list", run_id=run_id, path="model", page_token=token)
    assert [each["path"] for each in rest["files"]] == ["model/1000", "model/1001"]
    assert "next_page_token" not in rest
    other = refused("GET", "artifacts/list", run_id=run_id, path="", page_token=token)
    assert other[:2] == (400, "INVALID_PARAMETER_VALUE")
    for place in (1, "", "x" * 2000, ["a"]):
        made_up = token_of(place, uri, "model")
        told = refused("GET", "artifacts/list", run_id=run_id, path="model", page_token=made_up)
        assert told[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_proxied_files_of_a_run_are_listed_below_it(platform):
    made = ask(
        "POST", "experiments/create", {"name": "p", "artifact_location": "mlflow-artifacts:/p"}
    )
    run_id, uri = run_in(made["experiment_id"])
    put(uri.removeprefix("mlflow-artifacts:/") + "/plots/a.png")
    told = ask("GET", "artifacts/list", run_id=run_id, path="plots")
    assert told["files"] == [{"path": "plots/a.png", "is_dir": False, "file_size": 1}]


def test_a_client_without_rights_in_s3_gets_addresses_for_the_files_of_runs_and_models(platform):
    run_id, uri = run_in()
    model = ask("POST", "logged-models", {"experiment_id": "0"})["model"]["info"]
    for owner, root in (
        ({"run_id": run_id}, uri),
        ({"model_id": model["model_id"]}, model["artifact_uri"]),
    ):
        body = {**owner, "path": "a/plot.png", "expiration": 60}
        told = ask("POST", "artifacts/presigned-upload-url", body)
        assert told["headers"] == {"Content-Type": "image/png"}
        address = urlparse(told["presigned_url"])
        assert address.path.endswith(root.removeprefix(f"s3://{BUCKET}/") + "/a/plot.png")
        assert parse_qs(address.query)["X-Amz-Expires"] == ["60"]
    key = uri.removeprefix(f"s3://{BUCKET}/") + "/a/plot.png"
    platform.runtime.s3.put_object(Bucket=BUCKET, Key=key, Body=b"123")
    told = ask("POST", "artifacts/presigned-download-url", {"run_id": run_id, "path": "a/plot.png"})
    assert (told["file_size"], told["headers"]) == (3, {})
    assert urlparse(told["presigned_url"]).path.endswith(key)


def test_what_is_asked_wrongly_of_a_runs_files_is_refused_in_words(platform):
    run_id, _ = run_in()
    elsewhere = {"name": "e", "artifact_location": "s3://another/place"}
    far, _ = run_in(ask("POST", "experiments/create", elsewhere)["experiment_id"])
    proxied = {"name": "p", "artifact_location": "mlflow-artifacts:/p"}
    by_proxy, _ = run_in(ask("POST", "experiments/create", proxied)["experiment_id"])
    up, down = "artifacts/presigned-upload-url", "artifacts/presigned-download-url"
    for path, body, begins in (
        (up, {"run_id": run_id}, "Missing value for required parameter 'path'"),
        (up, {"path": "x"}, "Exactly one of run_id and model_id must be provided."),
        (up, {"path": "x", "run_id": "a", "model_id": "b"}, "Exactly one of run_id and model_id"),
        (up, {"path": "../x", "run_id": run_id}, "Invalid path"),
        (up, {"path": "x", "run_id": run_id, "expiration": 0}, "expiration must be between 1"),
        (up, {"path": "x", "run_id": far}, "the artifacts are at s3://another/place"),
        (up, {"path": "x", "run_id": by_proxy}, "Presigned upload is not supported for proxied"),
        (down, {"path": "x"}, "Missing value for required parameter 'run_id'"),
        (down, {"path": "x", "run_id": by_proxy}, "Presigned download is not supported"),
        (down, {"path": "x", "run_id": run_id, "expiration": 604_801}, "expiration must be"),
    ):
        status, code, message = refused("POST", path, body)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE"), (path, body, message)
        assert message.startswith(begins), (path, body, message)
    for query, begins in (
        ({}, "Missing value for required parameter 'run_id'"),
        ({"run_id": run_id, "path": "/etc"}, "Invalid path"),
        ({"run_id": far}, "the artifacts are at s3://another/place"),
    ):
        assert refused("GET", "artifacts/list", **query)[2].startswith(begins)
    gone = {"run_id": "0" * 32}
    assert refused("GET", "artifacts/list", **gone)[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert refused("POST", down, {"run_id": run_id, "path": "none"})[0] == 404


def test_the_server_tells_its_health_and_the_version_it_speaks(platform):
    for path, told in (("/health", "OK"), ("/version", VERSION)):
        answer = lambda_handler(event("GET", path), Context())
        assert (answer["statusCode"], answer["body"]) == (200, told)
        assert answer["headers"]["content-type"] == "text/plain; charset=utf-8"


def test_the_version_is_that_of_the_client_which_the_tests_drive():
    assert re.search(rf"^mlflow=={re.escape(VERSION)} ", LOCK.read_text(), re.MULTILINE)


def test_clients_are_told_to_send_and_fetch_large_files_by_signed_addresses(platform):
    told = ask("GET", "/api/3.0/mlflow/server-info")
    assert told["multipart_uploads_enabled"]
    assert told["multipart_downloads_enabled"]
    assert not told["workspaces_enabled"]
