"""What can go wrong, by who can act on it: the caller, the operator, or nobody but us.

Every error carries a stable `code`, a sentence with the facts, and a `hint` that says what to do. One table, the
class attributes below, makes HTTP statuses (API) and exit codes (command line).

    TrimtabError
    ├── CallerError            the caller can mend it
    │   ├── InvalidInput       400, exit 2
    │   ├── NotAllowed         403, exit 7
    │   ├── NotFound           404, exit 5
    │   ├── Conflict           409, exit 6
    │   │   ├── AlreadyExists  409, exit 6
    │   │   ├── Irreproducible 409, exit 6
    │   │   └── InvalidState   409, exit 6
    │   ├── TooLarge           413, exit 2
    │   └── UnsupportedMedia   415, exit 2
    ├── EndpointError          the model's endpoint did not answer as it should; the request was right
    │   ├── ModelFailed        502, exit 1
    │   ├── NotReady           503, exit 1: repeat the request
    │   └── TimedOut           504, exit 1
    ├── Contended              503, exit 1: too many write the same thing at once; repeat the request
    ├── OperatorError          503, exit 1: configuration, rights or quotas of the deployment
    └── Fault                  500, exit 1: ours
"""

from typing import Any


class TrimtabError(Exception):
    """Base of all errors that Trimtab raises on purpose."""

    code = "FAULT"
    status = 500
    exit_code = 1

    def __init__(
        self, message: str, *, hint: str = "", problems: list[dict[str, Any]] | None = None
    ) -> None:
        """Say what happened (`message`), what to do (`hint`) and, per field, what was expected (`problems`)."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.problems = problems or []


class CallerError(TrimtabError):
    """The request cannot be served as it stands; the caller can change it."""

    code = "INVALID_INPUT"
    status = 400
    exit_code = 2


class InvalidInput(CallerError):
    """A value is missing, of the wrong type or out of range."""


class NotAllowed(CallerError):
    """The caller may not do this, or not to this subject."""

    code = "NOT_ALLOWED"
    status = 403
    exit_code = 7


class NotFound(CallerError):
    """There is no such thing."""

    code = "NOT_FOUND"
    status = 404
    exit_code = 5


class Conflict(CallerError):
    """The state is not what the caller believed."""

    code = "CONFLICT"
    status = 409
    exit_code = 6


class AlreadyExists(Conflict):
    """There is such a thing already, by the same name."""

    code = "ALREADY_EXISTS"


class InvalidState(Conflict):
    """The thing is in a state in which this cannot be done to it."""

    code = "INVALID_STATE"


class Irreproducible(Conflict):
    """What a run was made of is not there any more, or cannot be given to the pipeline as it is deployed."""

    code = "IRREPRODUCIBLE"


class TooLarge(CallerError):
    """The body is over the limit."""

    code = "TOO_LARGE"
    status = 413


class UnsupportedMedia(CallerError):
    """The body is not of a media type that this route reads."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = 415


class EndpointError(TrimtabError):
    """The endpoint of a model did not answer as it should."""

    code = "ENDPOINT_FAILED"
    status = 502


class ModelFailed(EndpointError):
    """The model itself failed on rows that keep its contract."""

    code = "MODEL_FAILED"


class NotReady(EndpointError):
    """The endpoint takes no requests just now; the same request may succeed later."""

    code = "NOT_READY"
    status = 503


class TimedOut(EndpointError):
    """The endpoint did not answer in time."""

    code = "TIMED_OUT"
    status = 504


class Contended(TrimtabError):
    """So many write the same thing at once that this request found no gap; repeated, it will."""

    code = "CONTENDED"
    status = 503


class OperatorError(TrimtabError):
    """The deployment is not set up for this: configuration, rights or quotas."""

    code = "MISCONFIGURED"
    status = 503


class Fault(TrimtabError):
    """Something that should not happen; the log has the trace."""
