"""What may be written about webhooks."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.access.filter_input import FilterInput, PublicFilterInput
from app.kit.input_fields import Address, Input, Instant, ShortLine
from app.kit.networks import extract_host

Event = Literal[
    "*",
    "article.published",
    "article.updated",
    "article.corrected",
    "article.unpublished",
    "article.killed",
    "article.expired",
    "article.deleted",
    "article.left",
    "article.restored",
    "source.updated",
    "category.updated",
    "agreement.ending",
]


_FILTER = "The stories that are meant; all if it is left out."


def _receivable(value: str) -> str:
    if "@" in urlsplit(value).netloc or "#" in value:
        raise PydanticCustomError("address", "Leave user, password and fragment out")
    if urlsplit(value).port == 0 or extract_host(value) is None:
        raise PydanticCustomError("address", "Nothing can be sent there: see its host and port")
    return value


def _none_is_all(value: Any) -> Any:
    return {} if value is None else value


class AnyWebhookInput(Input):
    """What the webhooks of the newsroom and of partners have in common."""

    url: Annotated[Address, AfterValidator(_receivable)] = Field(
        description="Where events are sent.", examples=["https://partner.example/hook"]
    )
    events: Annotated[
        list[Annotated[Event, Field(title="WebhookEvent")]], Field(min_length=1, max_length=20)
    ] = Field(
        description="The events that are sent. `*` is every event, later ones included.",
        examples=[["article.published", "article.killed"]],
    )
    filter: Annotated[
        PublicFilterInput,
        BeforeValidator(_none_is_all, json_schema_input_type=PublicFilterInput | None),
    ] = Field(PublicFilterInput(), description=_FILTER)


class WebhookInput(AnyWebhookInput):
    """A webhook to be made, or as it is to be."""

    filter: Annotated[
        FilterInput, BeforeValidator(_none_is_all, json_schema_input_type=FilterInput | None)
    ] = Field(FilterInput(), description=_FILTER)


class PartnerWebhookInput(AnyWebhookInput):
    """A webhook of a partner to be made, or as it is to be.

    Its filter cannot name labels, which partners do not see.
    """

    document: Annotated[bool, Field(strict=True)] = Field(
        False,
        description="Whether events contain the story, in the form that the partner may have.",
        examples=[True],
    )


def has_document(given: AnyWebhookInput) -> bool:
    """Tell whether events contain the story; only webhooks of partners can have it."""
    return isinstance(given, PartnerWebhookInput) and given.document


class RotateInput(Input):
    """For how long the secret so far signs as well."""

    hours: Annotated[int, Field(ge=0, le=720, strict=True)] = Field(
        24, description="For how many hours the previous secret signs as well.", examples=[24]
    )


class ReplayInput(Input):
    """Which deliveries are to be made again: some, those of a time, or those in a state."""

    ids: Annotated[list[ShortLine], Field(min_length=1, max_length=1_000)] | None = Field(
        None,
        description="The ids of deliveries.",
        examples=[["msg_01a2027bd75f700095bd3689bb6559cc"]],
    )
    since: Instant | None = Field(
        None,
        description="Those that were created at or after this instant.",
        examples=["2026-11-22T00:00:00Z"],
    )
    until: Instant | None = Field(
        None,
        description="Those that were created before this instant.",
        examples=["2026-11-23T00:00:00Z"],
    )
    state: Annotated[Literal["failed", "delivered"], Field(title="ReplayState")] | None = Field(
        None, description="Those in this state.", examples=["failed"]
    )
