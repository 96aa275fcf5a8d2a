"""The schema of the recipients of a story."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.reading import PageInfo


class Recipient(ResponseModel):
    """A partner that received a story."""

    partner_id: Id = Field(description="The id of the partner.")
    partner: str | None = Field(
        description="The slug of the partner; null if it was deleted.", examples=["harbour-daily"]
    )
    name: str | None = Field(
        description="The name of the partner; null if it was deleted.", examples=["Harbour Daily"]
    )
    first_at: Instant = Field(
        description="When the partner received the story first.",
        examples=["2026-11-22T09:20:00Z"],
    )
    last_at: Instant = Field(
        description="When the partner received the story last.",
        examples=["2026-11-22T10:05:00Z"],
    )
    version: int = Field(description="The version that it received last.", examples=[3])
    form: Annotated[Literal["full", "headline"], Field(title="RecipientForm")] = Field(
        description="Whether it then received the body.", examples=["full"]
    )
    route: str = Field(
        description="The route by which it then received the story.", examples=["/v1/changes"]
    )
    removal: Annotated[Literal["none", "pending", "received"], Field(title="RemovalStatus")] = (
        Field(
            description="Whether the removal of the story has reached the partner: `none` where "
            "the story is public, `pending` where it is not and the partner does not know.",
            examples=["none"],
        )
    )
    removal_at: Instant | None = Field(
        description="When the removal reached the partner.", examples=[None]
    )
    removal_route: str | None = Field(
        description="The route by which the removal reached it.", examples=[None]
    )


class RecipientPage(ResponseModel):
    """A page of the recipients of a story."""

    data: list[Recipient] = Field(description="The recipients of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")
