"""Request bodies of products and partners."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.access.entitlement import GrantForm
from app.access.filter_input import FilterInput
from app.kit.input_fields import Input, Instant, Ref, ShortLine, Slug, text_type

_MOST_DELAY = 366 * 24 * 60
_MOST_ARCHIVE = 36_500
_MOST_LIMIT = 1_000_000_000
_Limit = Annotated[int, Field(ge=1, le=_MOST_LIMIT, strict=True)]
_Flag = Annotated[bool, Field(strict=True)]


def _validate_email(value: str) -> str:
    if re.fullmatch(r"[^@\s]+@[^@\s]+", value) is None:
        raise PydanticCustomError("email", "Not an address such as noor@north.example")
    return value


_Email = Annotated[str, text_type(320, 3), AfterValidator(_validate_email)]
_SLUG = (
    "The name in addresses: letters of any script, digits and single hyphens. It is made from the "
    "name if it is left out."
)


class Terms(Input):
    """What a product grants."""

    filter: FilterInput = Field(
        description="The stories of the product; `{}` means all.",
        examples=[{"category": ["africa"], "language": ["fr"]}],
    )
    form: Annotated[GrantForm, Field(title="ProductForm")] = Field(
        "full",
        description="Whether whole stories are sent, or their short form.",
        examples=["full"],
    )
    images: _Flag = Field(
        True, description="Whether stories are sent with images, audio and video.", examples=[True]
    )
    embargoed: _Flag = Field(
        False,
        description="Whether stories under embargo are sent before their time. Such a product has "
        "no delay.",
        examples=[False],
    )
    delay_minutes: Annotated[int, Field(ge=0, le=_MOST_DELAY, strict=True)] = Field(
        0,
        description="How many minutes after its publication a story is sent first.",
        examples=[30],
    )
    archive_days: Annotated[int, Field(ge=1, le=_MOST_ARCHIVE, strict=True)] | None = Field(
        None,
        description="For how many days after its publication a story is sent; for ever where it "
        "is left out.",
        examples=[90],
    )


class ProductInput(Terms):
    """A product as it is written."""

    name: ShortLine = Field(description="The name to show.", examples=["Africa in French"])
    slug: Slug | None = Field(
        None,
        description=f"{_SLUG} `all`, `headlines` and `none` are reserved.",
        examples=["africa-fr"],
    )


class ProductDraft(Terms):
    """A product to try out; nothing is stored."""

    name: ShortLine | None = Field(
        None, description="The name to show.", examples=["Africa in French"]
    )
    slug: Slug | None = Field(None, description=_SLUG, examples=["africa-fr"])
    saved: Ref | None = Field(
        None,
        description="The id or slug of the product to compare with. Without it, the product is "
        "compared with one that has no stories.",
        examples=["africa-fr"],
    )


class ContactInput(Input):
    """A person to talk to."""

    name: ShortLine = Field(description="The name.", examples=["Noor Haddad"])
    email: _Email = Field(description="The address for mail.", examples=["noor@north.example"])


class LimitsInput(Input):
    """The limits of a partner, together for all its keys."""

    requests_per_minute: _Limit | None = Field(
        None,
        description="How many requests its keys may send in a minute; "
        "the keys alone are limited if it is left out.",
        examples=[600],
    )
    stories_per_day: _Limit | None = Field(
        None,
        description="How many whole stories it may receive in a day (UTC); no limit where it is "
        "left out.",
        examples=[2000],
    )
    stories_per_month: _Limit | None = Field(
        None,
        description="How many whole stories it may receive in a calendar month (UTC); no limit "
        "if it is left out.",
        examples=[40_000],
    )


class PartnerInput(Input):
    """A partner as it is written."""

    name: ShortLine = Field(description="The name to show.", examples=["North Wire"])
    slug: Slug | None = Field(None, description=_SLUG, examples=["north-wire"])
    products: Annotated[list[Ref], Field(max_length=50)] = Field(
        [],
        description="The ids or slugs of its products. A story is sent in the form of the first "
        "product that includes it: whole stories before short forms, with images before without, "
        "then in this order. Without products, the partner gets nothing.",
        examples=[["africa-fr"]],
    )
    contacts: Annotated[list[ContactInput], Field(max_length=50)] = Field(
        [],
        description="People to talk to.",
        examples=[[{"name": "Noor Haddad", "email": "noor@north.example"}]],
    )
    starts_at: Instant | None = Field(
        None,
        description="When the agreement starts; it has started if this is left out.",
        examples=["2026-12-01T00:00:00Z"],
    )
    ends_at: Instant | None = Field(
        None,
        description="When the agreement ends: at this instant, the partner can read nothing more. "
        "Never if it is left out.",
        examples=["2027-12-01T00:00:00Z"],
    )
    limits: LimitsInput = Field(
        LimitsInput(), description="The limits of the partner, together for all its keys."
    )


class FeedTokenInput(Input):
    """A feed token as it is written."""

    product: Ref = Field(
        description="The id or slug of the product to read, which the partner has to have.",
        examples=["africa-fr"],
    )
    expires_at: Instant | None = Field(
        None,
        description="When the token expires; never if it is left out.",
        examples=["2027-12-01T00:00:00Z"],
    )
