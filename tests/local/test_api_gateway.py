"""HTTP APIs: who gets in, what the function is told, and where AWS's limits are."""

# ruff: noqa: F811 (the fixture is imported and is an argument)

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local.bare_cloud import bare_cloud  # noqa: F401 (a fixture)
from tests.local.builders import ACCOUNT, REGION, allow, function, permit, policy

ECHO = """
import time
def handler(event, context):
    path = event["rawPath"]
    if path.endswith("/slow"):
        time.sleep(4)
    if path.endswith("/fails"):
        raise ValueError("a secret of the function")
    if path.endswith("/huge"):
        return {"statusCode": 200, "body": "x" * 7_000_000}
    if path.endswith("/bytes"):
        return {"statusCode": 200, "body": "AP8=", "isBase64Encoded": True, "headers": {"content-type": "image/png"}}
    if path.endswith("/elsewhere"):
        return {"statusCode": 302, "headers": {"location": "https://bucket.example/key?a=1&b=2"}}
    if path.endswith("/refused"):
        return {"statusCode": 422, "headers": {"content-type": "application/problem+json"}, "body": "{}"}
    return event
"""

Api = tuple[str, Any]


@pytest.fixture(scope="module")
def api(bare_cloud) -> str:
    """Return the address of an API whose every route wants a signature."""
    client = bare_cloud.client("apigatewayv2")
    made = client.create_api(Name="tried", ProtocolType="HTTP")["ApiId"]
    arn = function(bare_cloud, "behind", ECHO)
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{made}/*/*/*"
    permit(bare_cloud, "behind", "apigateway.amazonaws.com", source)
    integration = client.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    for route in (
        "GET /v1/models/{model}",
        "POST /v1/models/{model}/{verb}",
        "ANY /files/{proxy+}",
        "GET /files/one",
    ):
        client.create_route(
            ApiId=made,
            RouteKey=route,
            AuthorizationType="AWS_IAM",
            Target=f"integrations/{integration}",
        )
    client.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    return f"{bare_cloud.endpoint_url}/_aws/execute-api/{made}"


def call(
    method: str, url: str, *, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    request = urllib.request.Request(url, data=body or None, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def signed(
    cloud: Any,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    keys: tuple[str, str] | None = None,
    token: str | None = None,
    age: timedelta = timedelta(0),
) -> dict[str, str]:
    """Return the headers of a signed request, signed `age` ago."""
    access, secret = keys or (
        cloud.connection["access_key_id"],
        cloud.connection["secret_access_key"],
    )
    request = AWSRequest(
        method, url, data=body, headers={"content-type": "application/json"} if body else {}
    )
    signer = SigV4Auth(Credentials(access, secret, token), "execute-api", REGION)
    if age:
        at = datetime.now(UTC) - age
        request.context["timestamp"] = stamp = at.strftime("%Y%m%dT%H%M%SZ")
        request.headers["X-Amz-Date"] = stamp
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        signed_headers = signer.signed_headers(signer.headers_to_sign(request))
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, "
            f"SignedHeaders={signed_headers}, Signature={signature}"
        )
    else:
        signer.add_auth(request)
    return dict(request.headers.items())


def ask(cloud: Any, method: str, url: str, *, body: bytes = b"", **signing: Any) -> tuple[int, Any]:
    return call(method, url, body=body, headers=signed(cloud, method, url, body=body, **signing))


def test_a_signed_request_reaches_the_function_as_payload_2_0(bare_cloud, api) -> None:
    status, event = ask(bare_cloud, "GET", f"{api}/v1/models/flight-delays?limit=5")
    assert status == 200
    assert event["version"] == "2.0"
    assert event["routeKey"] == "GET /v1/models/{model}"
    assert event["rawPath"] == "/v1/models/flight-delays"
    assert event["rawQueryString"] == "limit=5"
    assert event["queryStringParameters"] == {"limit": "5"}
    assert event["pathParameters"] == {"model": "flight-delays"}
    context = event["requestContext"]
    assert context["http"]["method"] == "GET"
    assert context["stage"] == "$default"
    assert context["authorizer"]["iam"]["userArn"].startswith(f"arn:aws:iam::{ACCOUNT}:")


def test_a_body_arrives_as_text(bare_cloud, api) -> None:
    status, event = ask(
        bare_cloud, "POST", f"{api}/v1/models/m/invocations", body='{"é": 1}'.encode()
    )
    assert (status, event["body"], event["isBase64Encoded"]) == (200, '{"é": 1}', False)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_a_route_for_any_method_and_any_path_takes_them_all(bare_cloud, api, method) -> None:
    url = f"{api}/files/a/b/c"
    body = b"{}" if method in {"PUT", "PATCH"} else b""
    headers = signed(bare_cloud, method, url, body=body)
    request = urllib.request.Request(url, data=body or None, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = answer.read()
    if method == "HEAD":
        assert (answer.status, told) == (200, b"")
        return
    event = json.loads(told)
    assert event["routeKey"] == "ANY /files/{proxy+}"
    assert event["requestContext"]["http"]["method"] == method
    assert (event["rawPath"], event["pathParameters"]) == ("/files/a/b/c", {"proxy": "a/b/c"})


def test_a_route_that_names_method_and_path_goes_before_a_greedy_one(bare_cloud, api) -> None:
    assert ask(bare_cloud, "GET", f"{api}/files/one")[1]["routeKey"] == "GET /files/one"
    assert ask(bare_cloud, "DELETE", f"{api}/files/one")[1]["routeKey"] == "ANY /files/{proxy+}"


def test_a_path_arrives_decoded(bare_cloud, api) -> None:
    _, event = ask(bare_cloud, "GET", f"{api}/files/a%20b/%C3%A9+c?path=x%2Fy%20z")
    assert event["rawPath"] == "/files/a b/é+c"
    assert event["rawQueryString"] == "path=x%2Fy%20z"
    assert event["queryStringParameters"] == {"path": "x/y z"}


def test_a_body_that_is_no_text_arrives_in_base64(bare_cloud, api) -> None:
    url = f"{api}/files/a.bin"
    request = AWSRequest("PUT", url, data=b"\x00\xff", headers={"content-type": "image/png"})
    credentials = Credentials(
        bare_cloud.connection["access_key_id"], bare_cloud.connection["secret_access_key"]
    )
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    _, event = call("PUT", url, body=b"\x00\xff", headers=dict(request.headers.items()))
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)


def test_an_answer_in_base64_leaves_as_bytes(bare_cloud, api) -> None:
    url = f"{api}/files/bytes"
    request = urllib.request.Request(url, headers=signed(bare_cloud, "GET", url))
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert (answer.read(), answer.headers["content-type"]) == (b"\x00\xff", "image/png")


def test_a_redirect_leaves_as_the_function_gave_it(bare_cloud, api) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    url = f"{api}/files/elsewhere"
    request = urllib.request.Request(url, headers=signed(bare_cloud, "GET", url))
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.build_opener(Stay).open(request, timeout=60)
    with told.value as answer:
        assert answer.code == 302
        assert answer.headers["location"] == "https://bucket.example/key?a=1&b=2"


def test_the_functions_own_status_and_type_are_kept(bare_cloud, api) -> None:
    assert ask(bare_cloud, "POST", f"{api}/v1/models/m/refused", body=b"{}") == (422, {})


FORBIDDEN = (403, {"message": "Forbidden"})


def test_an_unsigned_request_is_forbidden(api) -> None:
    assert call("GET", f"{api}/v1/models/m") == FORBIDDEN


def test_a_wrong_signature_is_forbidden(bare_cloud, api) -> None:
    keys = (bare_cloud.connection["access_key_id"], "not-the-secret")
    assert ask(bare_cloud, "GET", f"{api}/v1/models/m", keys=keys) == FORBIDDEN


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIAIOSFODNN7EXAMPLE"])
def test_an_unknown_key_is_forbidden(bare_cloud, api, key) -> None:
    assert ask(bare_cloud, "GET", f"{api}/v1/models/m", keys=(key, "test")) == FORBIDDEN


def test_an_expired_signature_is_forbidden(bare_cloud, api) -> None:
    url = f"{api}/v1/models/m"
    assert ask(bare_cloud, "GET", url, age=timedelta(minutes=4))[0] == 200
    assert ask(bare_cloud, "GET", url, age=timedelta(minutes=16)) == FORBIDDEN


def test_a_signature_for_another_path_or_body_is_forbidden(bare_cloud, api) -> None:
    headers = signed(bare_cloud, "GET", f"{api}/v1/models/a")
    assert call("GET", f"{api}/v1/models/b", headers=headers) == FORBIDDEN
    url = f"{api}/v1/models/m/invocations"
    headers = signed(bare_cloud, "POST", url, body=b'{"a": 1}')
    assert call("POST", url, body=b'{"a": 2}', headers=headers) == FORBIDDEN


def test_an_advanced_clock_expires_no_signature(bare_cloud, api) -> None:
    bare_cloud.advance(timedelta(days=3))
    assert ask(bare_cloud, "GET", f"{api}/v1/models/m")[0] == 200


def test_a_user_needs_the_right_to_invoke_the_route(bare_cloud, api) -> None:
    iam = bare_cloud.client("iam")
    iam.create_user(UserName="caller")
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    assert ask(bare_cloud, "GET", f"{api}/v1/models/a", keys=keys) == FORBIDDEN
    api_id = api.rsplit("/", 1)[-1]
    resource = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/GET/v1/models/a"
    document = policy(allow("execute-api:Invoke", resource))
    iam.put_user_policy(UserName="caller", PolicyName="own", PolicyDocument=document)
    assert ask(bare_cloud, "GET", f"{api}/v1/models/a", keys=keys)[0] == 200
    assert ask(bare_cloud, "GET", f"{api}/v1/models/b", keys=keys) == FORBIDDEN


def test_an_unknown_route_is_not_found(bare_cloud, api) -> None:
    assert ask(bare_cloud, "DELETE", f"{api}/v1/models/m") == (404, {"message": "Not Found"})


def test_a_failing_function_tells_its_caller_nothing(bare_cloud, api) -> None:
    told = ask(bare_cloud, "POST", f"{api}/v1/models/m/fails", body=b"{}")
    assert told == (500, {"message": "Internal Server Error"})


def test_an_answer_over_lambdas_limit_is_an_error(bare_cloud, api) -> None:
    assert ask(bare_cloud, "POST", f"{api}/v1/models/m/huge", body=b"{}")[0] == 500


def test_an_integration_that_takes_too_long_is_given_up(bare_cloud, api) -> None:
    """The bare cloud waits 2 s instead of AWS's 30."""
    told = ask(bare_cloud, "POST", f"{api}/v1/models/m/slow", body=b"{}")
    assert told == (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize("megabytes", [11, 7])
def test_a_body_over_the_limits_is_refused(bare_cloud, api, megabytes) -> None:
    body = b'"' + b"x" * (megabytes * 1024 * 1024) + b'"'
    status, told = ask(bare_cloud, "POST", f"{api}/v1/models/m/invocations", body=body)
    assert (status, told) == (413, {"message": "Request Entity Too Large"})


def test_a_body_that_is_no_text_takes_a_third_more_of_the_limit(bare_cloud, api) -> None:
    def put(size: int) -> int:
        url, body = f"{api}/files/bytes", b"\x00" * size
        request = AWSRequest("PUT", url, data=body, headers={"content-type": "image/png"})
        credentials = Credentials(
            bare_cloud.connection["access_key_id"], bare_cloud.connection["secret_access_key"]
        )
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        sent = urllib.request.Request(url, body, dict(request.headers.items()), method="PUT")
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert (put(4_400_000), put(5_000_000)) == (200, 413)


def test_an_api_that_the_functions_policy_does_not_name_may_not_invoke_it(bare_cloud) -> None:
    client = bare_cloud.client("apigatewayv2")
    made = client.create_api(Name="stranger", ProtocolType="HTTP")["ApiId"]
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:behind"
    integration = client.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    client.create_route(ApiId=made, RouteKey="GET /x", Target=f"integrations/{integration}")
    client.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    url = f"{bare_cloud.endpoint_url}/_aws/execute-api/{made}/$default/x"
    assert call("GET", url) == (500, {"message": "Internal Server Error"})
