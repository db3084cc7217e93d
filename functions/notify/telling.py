"""Tells the topic and the webhooks, and remembers who knows."""

from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from trimtab import names
from trimtab.aws.notified import Notified
from trimtab.aws.webhooks import Webhooks
from trimtab.domain.notifications import Notification, as_text, last_words
from trimtab.domain.webhooks import Webhook
from trimtab.errors import Fault
from trimtab.observability import logger
from trimtab.runtime import Runtime

TOPIC = "topic"
SUBJECT = 100  # characters that SNS takes, ASCII only
PATIENCE = 5  # seconds for a receiver: there may be several, and the function has 30

Send = Callable[[], None]


class _NoRedirects(HTTPRedirectHandler):
    """What is signed for one address is sent to no other."""

    def redirect_request(self, *_: object) -> None:
        return None


class Telling:
    """Sends one message to everybody who is to have it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._notified = Notified(runtime.table)
        self._opener = build_opener(_NoRedirects)

    def tell(self, told: Notification) -> list[str]:
        """Return who was told now. Raises Fault, when all others are told, if somebody could not be."""
        record = self._notified.claim(told)
        note = last_words(record.body["place"])
        if note is None:
            logger.warning("held back", model=told.model, place=record.body["place"])
            return []
        receivers, failures = list[str](), list[str]()
        for name, send in self._receivers(told, note):
            if name in record.body["told"]:
                continue
            try:
                send()
            except (OSError, self._runtime.sns.exceptions.ClientError) as error:
                failures.append(f"{name}: {_said(error)}")
                continue
            record = self._notified.tell(record, name)
            receivers.append(name)
        if failures:
            raise Fault(f"of {told.event} {told.id} these could not be told: {'; '.join(failures)}")
        return receivers

    def _receivers(self, told: Notification, note: str) -> Iterator[tuple[str, Send]]:
        yield TOPIC, partial(self._publish, told, note)
        stage = self._runtime.settings.stage
        for webhook in Webhooks(self._runtime.ssm, names.webhooks_parameter(stage)).all():
            if webhook.wants(told):
                yield webhook.name, partial(self._post, webhook, told, note)

    def _publish(self, told: Notification, note: str) -> None:
        title = told.title.encode("ascii", "replace").decode()
        self._runtime.sns.publish(
            TopicArn=self._runtime.settings.topic_arn,
            Subject=title if len(title) <= SUBJECT else f"{title[: SUBJECT - 3]}...",
            Message=as_text(told, note),
        )

    def _post(self, webhook: Webhook, told: Notification, note: str) -> None:
        body = webhook.body(told, note)
        headers = webhook.headers(told, body, int(self._runtime.clock.now().timestamp()))
        request = Request(webhook.url, body, headers, method="POST")  # noqa: S310 (the model takes http and https only)
        with self._opener.open(request, timeout=PATIENCE) as answer:
            answer.read(1)


def _said(error: Exception) -> str:
    """What went wrong, without the address."""
    if isinstance(error, HTTPError):
        return f"it answered {error.code} {HTTPStatus(error.code).phrase}"
    return type(error).__name__
