"""Products and partners."""

from typing import Annotated

from pydantic import Field

from app.access.entitlement import GrantForm
from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.documents import Headline
from app.api.schemas.reading import PageInfo

_VERSION = "The version, for `If-Match`. It rises with each change."


class ProductView(ResponseModel):
    """A product: a selection of stories, and how they are sent."""

    id: Id = Field(description="The id of the product.")
    slug: str = Field(description="The name in addresses.", examples=["africa-fr"])
    name: str = Field(description="The name to show.", examples=["Africa in French"])
    filter: dict[str, list[str]] | None = Field(
        description="The stories of the product, by the names of the filters of lists, with ids "
        "of categories and sources. In each list any of the values; a leading minus excludes. An "
        "empty object means all stories. Null if this version cannot read it; then the partners "
        "that have the product get nothing.",
        examples=[{"language": ["fr"]}],
    )
    form: Annotated[GrantForm, Field(title="ProductForm")] = Field(
        description="Whether whole stories are sent, or their short form.", examples=["full"]
    )
    images: bool = Field(
        description="Whether stories are sent with images, audio and video.", examples=[True]
    )
    embargoed: bool = Field(
        description="Whether stories under embargo are sent before their time.", examples=[False]
    )
    delay_minutes: int = Field(
        description="How many minutes after its publication a story is sent first.", examples=[30]
    )
    archive_days: int | None = Field(
        description="For how many days after its publication a story is sent; null if for ever.",
        examples=[90],
    )
    version: int = Field(description=_VERSION, examples=[1])
    created_at: Instant = Field(
        description="When the product was created.", examples=["2026-11-22T09:51:00Z"]
    )
    modified_at: Instant = Field(
        description="When the product last changed.", examples=["2026-11-22T09:51:00Z"]
    )


class ProductPage(ResponseModel):
    """A page of products."""

    data: list[ProductView] = Field(description="The products of this page, in order of slugs.")
    page: PageInfo = Field(description="The position of this page in the list.")


class ProductPreview(ResponseModel):
    """What a product would include."""

    count: int = Field(description="How many stories it would include now.", examples=[1204])
    enter: int = Field(
        description="How many of them the saved product does not include.", examples=[17]
    )
    leave: int = Field(
        description="How many stories the saved product includes, and this one would not.",
        examples=[3],
    )
    data: list[Headline] = Field(description="The newest twenty of its stories, in short form.")


class Contact(ResponseModel):
    """A person to talk to."""

    name: str = Field(description="The name.", examples=["Noor Haddad"])
    email: str = Field(description="The address for mail.", examples=["noor@north.example"])


class PartnerLimitsView(ResponseModel):
    """The limits of a partner, together for all its keys."""

    requests_per_minute: int | None = Field(
        description="How many requests its keys may send in a minute; null where the setting "
        "decides.",
        examples=[600],
    )
    stories_per_day: int | None = Field(
        description="How many whole stories it may receive in a day (UTC); null without a limit.",
        examples=[2000],
    )
    stories_per_month: int | None = Field(
        description="How many whole stories it may receive in a calendar month (UTC); null "
        "without a limit.",
        examples=[40_000],
    )


class PartnerView(ResponseModel):
    """A partner, with the products that its keys read."""

    id: Id = Field(description="The id of the partner.")
    slug: str = Field(description="The name in addresses.", examples=["north-wire"])
    name: str = Field(description="The name to show.", examples=["North Wire"])
    products: list[str] = Field(
        description="The slugs of its products, in order.", examples=[["africa-fr"]]
    )
    contacts: list[Contact] = Field(description="People to talk to.")
    starts_at: Instant | None = Field(
        description="When the agreement starts; null if it has no start.",
        examples=["2026-12-01T00:00:00Z"],
    )
    ends_at: Instant | None = Field(
        description="When the agreement ends; null if never.", examples=["2027-12-01T00:00:00Z"]
    )
    limits: PartnerLimitsView = Field(description="The limits of the partner.")
    version: int = Field(description=_VERSION, examples=[1])
    created_at: Instant = Field(
        description="When the partner was created.", examples=["2026-11-22T09:51:00Z"]
    )
    modified_at: Instant = Field(
        description="When the partner last changed.", examples=["2026-11-22T09:51:00Z"]
    )


class PartnerPage(ResponseModel):
    """A page of partners."""

    data: list[PartnerView] = Field(description="The partners of this page, in order of slugs.")
    page: PageInfo = Field(description="The position of this page in the list.")
