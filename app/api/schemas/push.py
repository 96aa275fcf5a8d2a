"""Webhooks, and what was delivered to them."""

from typing import Any

from app.api.schemas.base import Answer, Id, Instant
from app.api.schemas.reading import PageInfo


class WebhookView(Answer):
    """A webhook, without its secret."""

    id: Id
    url: str
    events: list[str]
    filter: dict[str, list[str]]
    state: str
    reason: str | None
    failing_since: Instant | None
    failures: int
    old_secret_until: Instant | None
    version: int
    created_at: Instant
    modified_at: Instant


class NewWebhook(WebhookView):
    """A webhook with its secret, shown this once, and null when the answer is repeated."""

    secret: str | None


class WebhookPage(Answer):
    """A page of webhooks."""

    data: list[WebhookView]
    page: PageInfo


class DeliveryView(Answer):
    """A delivery: what is sent, how often it was tried, and how it was answered last."""

    id: str
    event: str
    subject: Id
    state: str
    attempts: int
    created_at: Instant
    due_at: Instant | None
    tried_at: Instant | None
    status: int | None
    answer: str | None
    body: dict[str, Any] | None


class DeliveryPage(Answer):
    """A page of deliveries."""

    data: list[DeliveryView]
    page: PageInfo


class Replayed(Answer):
    """How many deliveries are made again."""

    deliveries: int
