"""Who may do what: no back door into the emulator, roles for processes, rights for mounted services.

ministack takes "test", any account number and an absent key for the account's root and does not
check their signatures. Here root is one random key that only the server knows.
"""

import json
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_actions, iam_evaluator, responses, router
from ministack.services import iam, sts

from local.emulator.environment import ACCOUNT, REGION, RootKey

SESSION_SECONDS = 12 * 3600  # the longest that AWS grants

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """An HTTP request as it arrived."""

    method: str
    path: str
    raw_path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes


def close_back_doors(root: RootKey) -> None:
    """Leave `root` as the only key that is the account's root."""

    def is_root(access_key_id: str) -> bool:
        return access_key_id == root.access_key_id

    iam_evaluator.is_root_access_key = is_root
    sts.is_root_access_key = is_root


def admit(request: Request) -> None:
    """Bind the request to this task, so that `authorize` can check its signature."""
    access_key = router.extract_access_key_id(request.headers, request.query)
    responses.set_request_account_id("")
    if access_key:
        responses.set_request_account_id(
            iam_evaluator.find_iam_access_key_account(access_key) or ACCOUNT
        )
    responses.set_request_region(REGION)
    iam_evaluator.pin_request_origin("127.0.0.1", True)  # loopback counts as TLS
    iam_evaluator.pin_signed_request(
        request.method, request.raw_path, request.query, request.raw_headers
    )
    iam_evaluator.pin_signed_body(request.body)


def authorize(
    headers: Mapping[str, str],
    query: Mapping[str, Any],
    action: str,
    resource_arn: str,
    context: Mapping[str, Any] | None = None,
    asked: str | None = None,
) -> Answer | None:
    """Check signature and policies of the request admitted to this task.

    `asked` is the service that the request went to, where the action is another's (iam:PassRole): a refusal
    comes in its form.

    Returns:
        None if the caller may perform `action` on the resource, else the answer to send.
    """
    service = action.partition(":")[0]
    denied = iam_evaluator.enforce(
        router.extract_access_key_id(dict(headers), dict(query)),
        action,
        service,
        REGION,
        resource_arn=resource_arn,
        service_context=dict(context or {}),
    )
    if denied is None:
        return None
    request_id = str(uuid.uuid4())
    asked = asked or service
    if isinstance(denied, iam_evaluator.AuthError):
        return _answer(
            iam_actions.access_denied_response(
                asked,
                action,
                "",
                request_id,
                error_code=denied.code,
                message=denied.message,
                headers=dict(headers),
            )
        )
    message = iam_actions.identity_denial_message(
        action, denied.principal_arn, resource_arn, denied.decision == "Deny"
    )
    return _answer(
        iam_actions.access_denied_response(
            asked, action, denied.principal_arn, request_id, message=message
        )
    )


def caller(request: Request) -> str:
    """Return the ARN of the one who signed the admitted request."""
    key = router.extract_access_key_id(request.headers, request.query)
    identity = iam_evaluator.resolve_caller_identity(key) or {}
    return str(identity.get("userArn", ""))


def role_credentials(
    role_arn: str, session_name: str, service: str = "sagemaker.amazonaws.com"
) -> dict[str, str]:
    """Return the AWS variables of a new session of the role, as `service` would assume it.

    Raises LookupError if there is no such role or its trust policy does not name the service.
    """
    role_name = role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get_scoped(ACCOUNT, None, role_name)
    if role is None or role["Arn"] != role_arn:
        raise LookupError(f"there is no role {role_arn}")
    if not _trusts(role["AssumeRolePolicyDocument"], service):
        raise LookupError(f"the trust policy of role {role_arn} does not allow {service}")
    access_key = "ASIA" + secrets.token_hex(8).upper()
    secret, token = secrets.token_hex(20), secrets.token_hex(64)
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/{session_name}",
            "UserId": f"{role['RoleId']}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + SESSION_SECONDS,
            "AccountId": ACCOUNT,
            "PrincipalType": "AssumedRole",
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }


def _trusts(document: str | dict[str, Any], service: str) -> bool:
    """Tell whether a trust policy lets the service assume the role."""
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and service in _listed(named):
            return True
    return False


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _answer(response: tuple[Any, ...]) -> Answer:
    status, headers, body = response
    return status, headers, body
