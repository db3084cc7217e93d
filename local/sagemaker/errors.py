"""Errors as AWS answers them: a type, a message, an HTTP status."""

from typing import Any


class ServiceError(Exception):
    """The request is answered with an error of AWS's shape."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        """Keep the type (`code`), its message and, for the runtime, further fields of the body."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def invalid(message: str) -> ServiceError:
    """The request cannot be served as it stands."""
    return ServiceError("ValidationException", message)


def not_found(message: str) -> ServiceError:
    """There is no such resource (newer operations; the older ones answer ValidationException)."""
    return ServiceError("ResourceNotFound", message)


def in_use(message: str) -> ServiceError:
    """The name is taken, or the resource is used by another one."""
    return ServiceError("ResourceInUse", message)


def limit_exceeded(message: str) -> ServiceError:
    """An account limit is reached."""
    return ServiceError("ResourceLimitExceeded", message)


def conflict(message: str) -> ServiceError:
    """The state of the resource does not allow this."""
    return ServiceError("ConflictException", message)


def fault(message: str) -> ServiceError:
    """The service itself went wrong."""
    return ServiceError("InternalFailure", message, 500)


def unsupported(operation: str, what: str) -> ServiceError:
    """AWS has this, the local cloud does not: said by name, never passed over."""
    return invalid(f"{operation}: {what} is not supported by the local cloud")


def refuse_unknown(operation: str, given: dict[str, Any], supported: frozenset[str]) -> None:
    """Raise for the first parameter that is set and not among the supported ones."""
    for name, value in given.items():
        if name not in supported and value not in (None, False, [], {}):
            raise unsupported(operation, name)
