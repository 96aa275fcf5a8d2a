"""People and sessions."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.reading import PageInfo

_SCOPE = Annotated[Literal["read", "write", "publish", "admin"], Field(title="PersonScope")]
_SCOPES = "What the roles of the person allow. `admin` includes `publish`, and so on."


class SessionInfo(ResponseModel):
    """The session of this browser."""

    person: Id | None = Field(description="The id of the person; null if the session is of a key.")
    key: Id | None = Field(description="The id of the key; null if the session is of a person.")
    name: str = Field(description="The name of the person or key.", examples=["Amina Berrada"])
    scopes: list[_SCOPE] = Field(description=_SCOPES, examples=[["publish"]])
    csrf_token: str = Field(
        description="The value of `X-CSRF-Token`, which changes with this session need.",
        examples=["9a1c0f3be7d2480f5c6b7a8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b"],
    )
    expires_at: Instant = Field(
        description="When the session ends. It ends earlier after an hour without a request.",
        examples=["2026-11-22T21:45:00Z"],
    )


class PersonView(ResponseModel):
    """Somebody who has signed in."""

    id: Id = Field(description="The id of the person.")
    issuer: str = Field(
        description="The address of the provider.", examples=["https://login.example"]
    )
    subject: str = Field(
        description="The id of the person at the provider. An e-mail address is none.",
        examples=["248289761001"],
    )
    name: str = Field(
        description="The name that the provider sent last.", examples=["Amina Berrada"]
    )
    scopes: list[_SCOPE] = Field(
        description=f"{_SCOPES} Empty if the person had no role at the last sign-in.",
        examples=[["publish"]],
    )
    created_at: Instant = Field(
        description="When the person first signed in.", examples=["2026-11-22T09:45:00Z"]
    )
    signed_in_at: Instant = Field(
        description="When the person last signed in.", examples=["2026-11-22T09:45:00Z"]
    )


class PersonPage(ResponseModel):
    """A page of people."""

    data: list[PersonView] = Field(description="The people of this page, the oldest first.")
    page: PageInfo = Field(description="The position of this page in the list.")


class SessionView(ResponseModel):
    """A session of a person."""

    id: Id = Field(description="The id of the session.")
    address: str | None = Field(
        description="The network address from which it was started.", examples=["203.0.113.7"]
    )
    created_at: Instant = Field(
        description="When the person signed in.", examples=["2026-11-22T09:45:00Z"]
    )
    expires_at: Instant = Field(
        description="When the session ends at the latest.", examples=["2026-11-22T21:45:00Z"]
    )
    last_used_at: Instant = Field(
        description="When the session was last used, to the minute.",
        examples=["2026-11-22T09:46:00Z"],
    )
    ended_at: Instant | None = Field(
        description="When the session was ended, by logout or an administrator; null if it was "
        "not.",
        examples=[None],
    )


class SessionPage(ResponseModel):
    """A page of sessions."""

    data: list[SessionView] = Field(description="The sessions of this page, the oldest first.")
    page: PageInfo = Field(description="The position of this page in the list.")
