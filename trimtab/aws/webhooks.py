"""The webhooks of a deployment: a list in JSON in one parameter, which is encrypted since it holds secrets."""

from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from trimtab.domain.webhooks import Webhook
from trimtab.errors import OperatorError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

SHAPE = TypeAdapter(tuple[Webhook, ...])


class Webhooks:
    """Reads them."""

    def __init__(self, client: "SSMClient", parameter: str) -> None:
        self._client = client
        self._parameter = parameter

    def all(self) -> tuple[Webhook, ...]:
        """Return every webhook; none where there is no parameter. Raises OperatorError if it cannot be read."""
        try:
            answer = self._client.get_parameter(Name=self._parameter, WithDecryption=True)
        except self._client.exceptions.ParameterNotFound:
            return ()
        try:
            return SHAPE.validate_json(answer["Parameter"]["Value"], strict=False)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "the list"
            raise OperatorError(
                f"the parameter {self._parameter} cannot be read: {place}: {first['msg']}",
                hint="docs/notifications.md shows one",
            ) from None
