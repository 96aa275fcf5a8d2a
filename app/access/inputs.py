"""Inputs for keys."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from app.kit.input_fields import Input, Instant, ShortLine

ScopeName = Annotated[Literal["read", "write", "publish", "admin"], Field(title="KeyScope")]


class KeyInput(Input):
    """A key to be made."""

    name: ShortLine = Field(description="The name of the key.", examples=["Desk"])
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=4)] = Field(
        description="What the key may do. `admin` includes `publish`, that `write`, and that "
        "`read`.",
        examples=[["read"]],
    )
    # Reserved until there are partners. Generators fail on a member that can only be null.
    partner: SkipJsonSchema[None] = None
    expires_at: Instant | None = Field(
        None,
        description="When the key expires; never where it is left out.",
        examples=["2027-11-22T00:00:00Z"],
    )
    embargoed: Annotated[bool, Field(strict=True)] = Field(
        False, description="Whether the key reads stories under embargo.", examples=[False]
    )
