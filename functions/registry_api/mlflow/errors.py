"""How a refusal is told to an MLflow client: its error codes, each with the HTTP status it goes with."""

import json
from typing import Any

from trimtab.errors import TrimtabError

BAD_REQUEST = "BAD_REQUEST"
ENDPOINT_NOT_FOUND = "ENDPOINT_NOT_FOUND"
INTERNAL_ERROR = "INTERNAL_ERROR"
INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE"
INVALID_STATE = "INVALID_STATE"
PERMISSION_DENIED = "PERMISSION_DENIED"
RESOURCE_ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
RESOURCE_CONFLICT = "RESOURCE_CONFLICT"
RESOURCE_DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST"
TEMPORARILY_UNAVAILABLE = "TEMPORARILY_UNAVAILABLE"

STATUS = {
    BAD_REQUEST: 400,
    ENDPOINT_NOT_FOUND: 404,
    INTERNAL_ERROR: 500,
    INVALID_PARAMETER_VALUE: 400,
    INVALID_STATE: 409,  # MLflow's server says 500, which its client repeats for minutes; the code is what it reads
    PERMISSION_DENIED: 403,
    RESOURCE_ALREADY_EXISTS: 400,
    RESOURCE_CONFLICT: 409,
    RESOURCE_DOES_NOT_EXIST: 404,
    TEMPORARILY_UNAVAILABLE: 503,
}

CODES = {  # of trimtab/errors.py
    "INVALID_INPUT": INVALID_PARAMETER_VALUE,
    "TOO_LARGE": INVALID_PARAMETER_VALUE,
    "UNSUPPORTED_MEDIA_TYPE": BAD_REQUEST,
    "NOT_ALLOWED": PERMISSION_DENIED,
    "NOT_FOUND": RESOURCE_DOES_NOT_EXIST,
    "ALREADY_EXISTS": RESOURCE_ALREADY_EXISTS,
    "INVALID_STATE": INVALID_STATE,
    "CONFLICT": RESOURCE_CONFLICT,
    "CONTENDED": TEMPORARILY_UNAVAILABLE,
    "MISCONFIGURED": TEMPORARILY_UNAVAILABLE,
}


class WireError(Exception):
    """A refusal with a code of MLflow's, for what only its clients can do wrong."""

    def __init__(self, message: str, code: str = INVALID_PARAMETER_VALUE) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


def refusal(error: WireError | TrimtabError) -> tuple[str, str]:
    """Return the code and the sentence that tell the error; a hint, which the client has no field for, follows."""
    if isinstance(error, WireError):
        return error.code, error.message
    message = f"{error.message}; {error.hint}" if error.hint else error.message
    return CODES.get(error.code, INTERNAL_ERROR), message


def error_answer(code: str, message: str) -> dict[str, Any]:
    """Return API Gateway's answer that an MLflow client reads as this error."""
    return {
        "statusCode": STATUS[code],
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"error_code": code, "message": message}, ensure_ascii=False),
    }
