"""What may be written about webhooks."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

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
]
_Values = Annotated[list[ShortLine], Field(min_length=1, max_length=100)]


def _receivable(value: str) -> str:
    if "@" in urlsplit(value).netloc or "#" in value:
        raise PydanticCustomError("address", "Leave user, password and fragment out")
    if urlsplit(value).port == 0 or extract_host(value) is None:
        raise PydanticCustomError("address", "Nothing can be sent there: see its host and port")
    return value


def _none_is_all(value: Any) -> Any:
    return {} if value is None else value


class FilterInput(Input):
    """The stories that are meant: in each list any of them, a leading minus excludes."""

    category: _Values | None = None
    source: _Values | None = None
    language: _Values | None = None
    tag: _Values | None = None
    author: _Values | None = None
    kind: _Values | None = None


class WebhookInput(Input):
    """A webhook to be made, or as it is to be."""

    url: Annotated[Address, AfterValidator(_receivable)]
    events: Annotated[
        list[Event],
        Field(
            min_length=1, max_length=20, description="`*` is every event, and those to come later."
        ),
    ]
    filter: Annotated[FilterInput, BeforeValidator(_none_is_all)] = FilterInput()


class RotateInput(Input):
    """For how long the secret so far signs as well."""

    hours: Annotated[int, Field(ge=0, le=720)] = 24


class ReplayInput(Input):
    """Which deliveries are to be made again: some, those of a time, or those in a state."""

    ids: Annotated[list[ShortLine], Field(min_length=1, max_length=1_000)] | None = None
    since: Instant | None = None
    until: Instant | None = None
    state: Literal["failed", "delivered"] | None = None
