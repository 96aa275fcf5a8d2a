"""Inputs for keys."""

from typing import Annotated, Literal

from pydantic import Field

from app.kit.input_fields import Input, Instant, ShortLine


class KeyInput(Input):
    """A key to be made."""

    name: ShortLine
    scopes: Annotated[
        list[Literal["read", "write", "publish", "admin"]], Field(min_length=1, max_length=4)
    ]
    partner: None = Field(default=None, description="Reserved; null until there are partners.")
    expires_at: Instant | None = None
    embargoed: Annotated[
        bool, Field(strict=True, description="Whether it reads what is under embargo.")
    ] = False
