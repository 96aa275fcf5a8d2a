"""Keys, their callers, and the audit."""

from typing import Annotated, Any

from pydantic import Field

from app.access.audit import AuditType, AuditVerb
from app.access.inputs import ScopeName
from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.reading import PageInfo
from app.api.schemas.usage import LimitView, LimitWarning

_SCOPES = (
    "What the key may do. `admin` includes `publish`, that `write`, and that `read`. Only the key "
    "of a partner has `webhooks`."
)
_EMBARGOED = "Whether the key reads stories under embargo."
_KEY_EXAMPLE = "dl_VTKV5LhI_kZ0dTqQ3mTnDq5nXw8m2f6cP1s0Yb7uRj4E"


class CallerInfo(ResponseModel):
    """The caller of this request, and what it may do."""

    name: str = Field(description="The name of the key.", examples=["Desk"])
    prefix: str | None = Field(
        description="The first characters of the key, by which it is known; null without a key.",
        examples=["dl_VTKV5LhI"],
    )
    scopes: list[ScopeName] = Field(description=_SCOPES, examples=[["read"]])
    embargoed: bool = Field(description=_EMBARGOED, examples=[False])
    anonymous: bool = Field(description="Whether no key was sent.", examples=[False])
    expires_at: Instant | None = Field(
        description="When the key expires; null if never, or without a key.",
        examples=["2027-11-22T00:00:00Z"],
    )
    partner: str | None = Field(
        description="The slug of the partner that the key belongs to; null if to none.",
        examples=["north-wire"],
    )
    products: list[str] = Field(
        description="The slugs of the products of the partner, in order.",
        examples=[["africa-fr"]],
    )
    ends_at: Instant | None = Field(
        description="When the agreement with the partner ends; null if never.",
        examples=["2027-12-01T00:00:00Z"],
    )
    limits: list[LimitView] = Field(
        description="The quotas of the partner and the limit of requests, and what is left of them."
    )
    warnings: list[LimitWarning] = Field(
        description="The quotas of which 80 % or more is used.", examples=[[]]
    )


class AuditActor(ResponseModel):
    """Who did something: a key, a person, or the command line."""

    key: Id | None = Field(description="The id of the key; null if no key did it.")
    person: Id | None = Field(description="The id of the person; null if no person did it.")
    name: str = Field(description="The name of the key or person.", examples=["Desk"])


class AuditEntry(ResponseModel):
    """Something that was done in the newsroom."""

    id: Id = Field(description="The id of the entry.")
    at: Instant = Field(description="When it was done.", examples=["2026-11-22T09:47:00Z"])
    by: AuditActor = Field(description="Who did it.")
    address: str | None = Field(
        description="The network address of the client.", examples=["203.0.113.7"]
    )
    request_id: str | None = Field(
        description="The id of the request, as in `X-Request-Id`.",
        examples=["01a2027b-d74f-7000-a5a0-1daf8b8e33e2"],
    )
    verb: Annotated[AuditVerb, Field(title="AuditVerb")] = Field(
        description="What was done.", examples=["published"]
    )
    type: Annotated[AuditType, Field(title="AuditSubjectType")] = Field(
        description="What it was done to.", examples=["article"]
    )
    subject: str | None = Field(
        description="The id of what it was done to.",
        examples=["01a2027b-d71f-7000-bfcb-32dae908f4d5"],
    )
    before: dict[str, Any] | None = Field(
        description="The members that differ, as they were before. Bodies are in the revisions.",
        examples=[{"version": 13}],
    )
    after: dict[str, Any] | None = Field(
        description="The members that differ, as they were afterwards.",
        examples=[{"version": 14}],
    )


class AuditPage(ResponseModel):
    """A page of the audit."""

    data: list[AuditEntry] = Field(description="The entries of this page, the newest first.")
    page: PageInfo = Field(description="The position of this page in the list.")


class KeyView(ResponseModel):
    """A key, without its secret."""

    id: Id = Field(description="The id of the key.")
    name: str = Field(description="The name of the key.", examples=["Desk"])
    prefix: str = Field(
        description="The first characters of the key, by which it is known.",
        examples=["dl_VTKV5LhI"],
    )
    scopes: list[ScopeName] = Field(description=_SCOPES, examples=[["read"]])
    embargoed: bool = Field(description=_EMBARGOED, examples=[False])
    partner: Id | None = Field(
        description="The id of the partner that the key belongs to; null if to none."
    )
    created_at: Instant = Field(
        description="When the key was created.", examples=["2026-11-22T09:45:00Z"]
    )
    expires_at: Instant | None = Field(
        description="When the key expires; null if never.", examples=["2027-11-22T00:00:00Z"]
    )
    revoked_at: Instant | None = Field(
        description="When the key was revoked; null while it is valid.", examples=[None]
    )
    last_used_at: Instant | None = Field(
        description="When the key was last used, to the minute; null if never.",
        examples=["2026-11-22T09:46:00Z"],
    )
    last_used_from: str | None = Field(
        description="The network address of the client at that time.", examples=["203.0.113.7"]
    )
    networks: list[str] = Field(
        description="The networks that the key can be used from; any if there is none.",
        examples=[["203.0.113.0/24"]],
    )
    origins: list[str] = Field(
        description="The origins that a browser may send the key from; any client if there is "
        "none.",
        examples=[["https://www.example.com"]],
    )
    rotated_from: Id | None = Field(
        description="The id of the key that this key replaces; null if none."
    )


class NewKey(KeyView):
    """A new key, with its secret."""

    key: str | None = Field(
        description="The secret to send. It is shown once: null where an answer is repeated for "
        "the same Idempotency-Key.",
        examples=[_KEY_EXAMPLE],
    )


class KeyPage(ResponseModel):
    """A page of keys."""

    data: list[KeyView] = Field(description="The keys of this page, the oldest first.")
    page: PageInfo = Field(description="The position of this page in the list.")
