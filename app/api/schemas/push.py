"""Webhooks, and their deliveries."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.reading import PageInfo
from app.syndication.push.inputs import Event


class WebhookView(ResponseModel):
    """A webhook, without its secret."""

    id: Id = Field(description="The id of the webhook.")
    url: str = Field(
        description="Where events are sent.", examples=["https://partner.example/hook"]
    )
    events: list[Annotated[Event, Field(title="WebhookEvent")]] = Field(
        description="The events that are sent. `*` is every event, later ones included.",
        examples=[["article.killed", "article.published"]],
    )
    filter: dict[str, list[str]] = Field(
        description="The stories that are meant, by the names of the filters of lists. In each "
        "list any of the values; a leading minus excludes. An empty object means all stories.",
        examples=[{"language": ["en"]}],
    )
    partner: Id | None = Field(
        description="The id of the partner that it belongs to; null if it is one of the newsroom.",
        examples=[None],
    )
    document: bool = Field(
        description="Whether events contain the story, in the form that the partner may have.",
        examples=[False],
    )
    state: Annotated[Literal["active", "paused", "disabled"], Field(title="WebhookState")] = Field(
        description="Whether events are sent.", examples=["active"]
    )
    reason: str | None = Field(
        description="Why nothing is sent; null while it is active.",
        examples=["An administrator paused it."],
    )
    failing_since: Instant | None = Field(
        description="Since when every delivery has failed; null if the last one did not.",
        examples=[None],
    )
    failures: int = Field(description="How many deliveries have failed since then.", examples=[0])
    old_secret_until: Instant | None = Field(
        description="Until when the previous secret signs as well; null if it does not.",
        examples=[None],
    )
    version: int = Field(
        description="The version, for `If-Match`. It rises with each change.", examples=[1]
    )
    created_at: Instant = Field(
        description="When the webhook was created.", examples=["2026-11-22T09:51:00Z"]
    )
    modified_at: Instant = Field(
        description="When the webhook last changed.", examples=["2026-11-22T09:51:00Z"]
    )


class NewWebhook(WebhookView):
    """A webhook, with its secret."""

    secret: str | None = Field(
        description="The secret that signs deliveries. It is shown once: null where an answer is "
        "repeated for the same Idempotency-Key.",
        examples=["whsec_wDqLj7l5lkkgmUhOSfHr5MtvEM0so3rnCSDnDBoUwNM="],
    )


class WebhookPage(ResponseModel):
    """A page of webhooks."""

    data: list[WebhookView] = Field(description="The webhooks of this page, the oldest first.")
    page: PageInfo = Field(description="The position of this page in the list.")


class DeliveryView(ResponseModel):
    """A delivery: an event for a webhook, and what became of it."""

    id: str = Field(
        description="The id of the delivery, as in the header `webhook-id`.",
        examples=["msg_01a2027bd75f700095bd3689bb6559cc"],
    )
    event: str = Field(
        description="The event: one of those that webhooks name, or `webhook.test`.",
        examples=["article.published"],
    )
    subject: Id = Field(description="The id of what the event is about.")
    state: Annotated[
        Literal["pending", "delivered", "failed", "dropped"], Field(title="DeliveryState")
    ] = Field(description="What became of it.", examples=["delivered"])
    attempts: int = Field(description="How often it was sent.", examples=[1])
    created_at: Instant = Field(
        description="When it was created.", examples=["2026-11-22T09:55:00Z"]
    )
    due_at: Instant | None = Field(
        description="When it is sent next; null if it is not sent again.", examples=[None]
    )
    tried_at: Instant | None = Field(
        description="When it was last sent; null if never.", examples=["2026-11-22T09:55:01Z"]
    )
    status: int | None = Field(
        description="The HTTP status of the last answer; null where there was none.",
        examples=[200],
    )
    answer: str | None = Field(
        description="The beginning of the last answer, or why there was none.", examples=["ok"]
    )
    body: dict[str, Any] | None = Field(
        description="What is sent. Null after it is over.",
        examples=[{"type": "article.published", "timestamp": "2026-11-22T09:55:00Z", "data": {}}],
    )


class DeliveryPage(ResponseModel):
    """A page of deliveries."""

    data: list[DeliveryView] = Field(description="The deliveries of this page, the newest first.")
    page: PageInfo = Field(description="The position of this page in the list.")


class ReplayResult(ResponseModel):
    """How many deliveries are sent again."""

    deliveries: int = Field(description="The number of deliveries.", examples=[3])
