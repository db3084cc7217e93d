"""Webhooks: who is told, in which form, and how a receiver knows that it was us.

Requests are signed as standardwebhooks.com describes: HMAC-SHA256 over id, time and body, which a receiver checks
before it believes them, and by whose id it knows what it has seen already.
"""

import base64
import hashlib
import hmac
import json
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator

from trimtab.domain.base import Frozen
from trimtab.domain.notifications import TELLS, Notification

ENCODED = "whsec_"  # what begins so is base64
Text = Annotated[str, StringConstraints(min_length=1)]


class Webhook(Frozen):
    """One receiver."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)]
    form: Literal["json", "slack", "teams"] = "json"
    secret: Annotated[str, Field(min_length=24)] | None = None
    models: tuple[Text, ...] = ()  # none: all
    events: tuple[Text, ...] = ()  # none: all

    @field_validator("url")
    @classmethod
    def _is_encrypted(cls, url: str) -> str:
        told = urlsplit(url)
        if told.scheme != "https" and told.hostname not in ("localhost", "127.0.0.1"):
            raise ValueError("only https is taken: what is told is nobody else's business")
        return url

    @field_validator("events")
    @classmethod
    def _are_known(cls, events: tuple[str, ...]) -> tuple[str, ...]:
        known = {each.__name__ for each in TELLS}
        if strange := sorted(set(events) - known):
            raise ValueError(f"{strange[0]} is not told; these are: {', '.join(sorted(known))}")
        return events

    @property
    def name(self) -> str:
        """What it is known by where its address, which is a secret with most receivers, must not stand."""
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        return f"{urlsplit(self.url).hostname} {digest}"

    def wants(self, told: Notification) -> bool:
        """Say whether the receiver is told of this."""
        of_model = not self.models or told.model in self.models
        return of_model and (not self.events or told.event in self.events)

    def body(self, told: Notification, note: str) -> bytes:
        """Return what is sent, as JSON in UTF-8."""
        forms = {"json": _plain, "slack": _slack, "teams": _teams}
        return json.dumps(forms[self.form](told, note), separators=(",", ":")).encode()

    def headers(self, told: Notification, body: bytes, at: int) -> dict[str, str]:
        """Return the headers of a request that is sent `at` this second of the epoch."""
        headers = {
            "content-type": "application/json",
            "webhook-id": told.id,
            "webhook-timestamp": str(at),
        }
        if self.secret:
            signed = f"{told.id}.{at}.".encode() + body
            digest = hmac.new(_key(self.secret), signed, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers


def _key(secret: str) -> bytes:
    if secret.startswith(ENCODED):
        return base64.b64decode(secret.removeprefix(ENCODED))
    return secret.encode()


def _plain(told: Notification, note: str) -> dict[str, Any]:
    return {"type": told.event, **told.model_dump(mode="json", exclude={"event"}), "note": note}


def _slack(told: Notification, note: str) -> dict[str, Any]:
    lines = [f"*{_escaped(told.title)}*", _escaped(told.reason), _escaped(told.done)]
    lines.append(f"`{_escaped(told.look)}`")
    return {"text": "\n".join([*lines, note] if note else lines)}


def _teams(told: Notification, note: str) -> dict[str, Any]:
    texts = [told.reason, told.done, f"`{told.look}`", *([note] if note else [])]
    title = {"type": "TextBlock", "text": told.title, "weight": "Bolder", "wrap": True}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [title, *({"type": "TextBlock", "text": text, "wrap": True} for text in texts)],
    }
    content = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content, "content": card}]}


def _escaped(text: str) -> str:
    """As Slack asks for it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
