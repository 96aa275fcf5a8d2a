"""Inputs for keys."""

from typing import Annotated, Literal

from pydantic import Field

from app.kit.input_fields import Input, Instant, Ref, ShortLine

ScopeName = Annotated[
    Literal["read", "write", "publish", "admin", "webhooks"], Field(title="KeyScope")
]


class KeyInput(Input):
    """A key to be made."""

    name: ShortLine = Field(description="The name of the key.", examples=["Desk"])
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=5)] = Field(
        description="What the key may do. `admin` includes `publish`, that `write`, and that "
        "`read`. The key of a partner has `read`, `webhooks` or both; only such a key has "
        "`webhooks`, which lets the partner manage its webhooks.",
        examples=[["read"]],
    )
    partner: Ref | None = Field(
        None,
        description="The id or slug of the partner that the key belongs to. Such a key reads what "
        "the products of the partner include.",
        examples=["north-wire"],
    )
    expires_at: Instant | None = Field(
        None,
        description="When the key expires; never where it is left out.",
        examples=["2027-11-22T00:00:00Z"],
    )
    embargoed: Annotated[bool, Field(strict=True)] = Field(
        False,
        description="Whether the key reads stories under embargo. For a partner, its products "
        "decide.",
        examples=[False],
    )
