"""Requests are signed as botocore signs them."""

from datetime import UTC, datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from trimtab.aws.dynamodb.signature import Credentials, signed

HOST = "dynamodb.eu-north-1.amazonaws.com"
TEXT = st.text("abcXYZ019/+=", min_size=1, max_size=40)


@given(
    body=st.binary(max_size=200),
    secret=TEXT,
    token=TEXT | st.just(""),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
)
def test_a_signature_is_the_one_that_botocore_makes(body, secret, token, at):
    headers = {"host": HOST, "x-amz-target": "DynamoDB_20120810.GetItem"}
    request = AWSRequest("POST", f"https://{HOST}/", data=body, headers=headers)
    signer: Any = SigV4Auth(
        BotoCredentials("AKID", secret, token or None), "dynamodb", "eu-north-1"
    )
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)
    canonical = signer.canonical_request(request)
    theirs = signer.signature(signer.string_to_sign(request, canonical), request)
    ours = signed(
        headers,
        body,
        Credentials("AKID", secret, token),
        region="eu-north-1",
        service="dynamodb",
        at=at.replace(tzinfo=UTC),
    )
    assert ours["authorization"].endswith(f"Signature={theirs}")
    assert ours.get("x-amz-security-token", "") == token
